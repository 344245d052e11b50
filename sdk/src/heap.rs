//! The heap of a guest: an arena inside its initial memory.
//!
//! Every call gets a fresh instance, so a call's allocations die together and freeing them one by one is waste. And growing
//! linear memory costs the host two `mprotect` calls and an `ioctl` for each call, which contend on the process's memory map
//! when several run at once. So the first [`ARENA`] bytes come from a zeroed static that is part of the initial memory and
//! adds nothing to the component's size; only a call that needs more goes to the standard allocator, which grows.
//! The rejected alternative, a standard allocator alone, grows on the very first allocation.
#![expect(unsafe_code, reason = "an allocator cannot be written without; the only hand-written unsafe of the SDK")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};

/// Bytes of the arena: an `award` uses about two thousand, a login less.
const ARENA: usize = 256 << 10;

#[repr(align(16))]
struct Bytes(UnsafeCell<[u8; ARENA]>);

struct Heap {
    bytes: Bytes,
    /// Offset of the first free byte.
    next: Cell<usize>,
}

#[global_allocator]
static HEAP: Heap = Heap { bytes: Bytes(UnsafeCell::new([0; ARENA])), next: Cell::new(0) };

// SAFETY: a guest has one thread; the engine has threads and shared memory switched off.
unsafe impl Sync for Heap {}

impl Heap {
    /// Offset of `ptr` in the arena, if it lies there.
    fn offset(&self, ptr: *mut u8) -> Option<usize> {
        (ptr as usize).checked_sub(self.bytes.0.get() as usize).filter(|offset| *offset < ARENA)
    }

    /// Where `layout` would begin and end in the arena, if it fits.
    fn place(&self, layout: Layout) -> Option<(usize, usize)> {
        let mask = layout.align() - 1;
        let base = self.bytes.0.get() as usize;
        let start = ((base + self.next.get() + mask) & !mask) - base;
        let end = start.checked_add(layout.size())?;
        (end <= ARENA).then_some((start, end))
    }
}

// SAFETY: `place` hands out aligned, disjoint ranges of the arena; a range is given back only when it is the last one.
// Everything else is the system allocator's, told apart by address.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.place(layout) {
            Some((start, end)) => {
                self.next.set(end);
                // SAFETY: `start` ≤ ARENA.
                unsafe { self.bytes.0.get().cast::<u8>().add(start) }
            }
            // SAFETY: the caller's layout, handed on.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        match self.offset(ptr) {
            Some(start) if start + layout.size() == self.next.get() => self.next.set(start),
            Some(_) => {} // it dies with the instance
            // SAFETY: not from the arena, so from the system allocator.
            None => unsafe { System.dealloc(ptr, layout) },
        }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Some(start) = self.offset(ptr) else {
            // SAFETY: not from the arena, so from the system allocator.
            return unsafe { System.realloc(ptr, layout, new_size) };
        };
        let is_last = start + layout.size() == self.next.get();
        if is_last && start + new_size <= ARENA {
            self.next.set(start + new_size);
            return ptr;
        }
        if new_size <= layout.size() {
            return ptr;
        }
        // SAFETY: the caller promises that `new_size` fits this alignment; the old range holds `layout.size()` bytes.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if !new.is_null() {
                std::ptr::copy_nonoverlapping(ptr, new, layout.size());
            }
            new
        }
    }
}
