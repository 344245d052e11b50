//! One pass over the sections with bounds on everything that could be multiplied: before validation, so that a bomb is
//! refused by counting and not by being opened.

use wasmparser::{
    CanonicalFunction, ComponentExternalKind, ComponentInstance, ComponentType, ComponentTypeRef, Instance, Parser, Payload, TableType,
};

use super::Finding;
use crate::manifest::SECTION;

/// Nested components and modules; generated components have two.
const MAX_NESTING: usize = 5;
const MAX_MODULES: usize = 64;
const MAX_COMPONENTS: usize = 32;
/// Component and core instantiations of all levels together.
const MAX_INSTANCES: usize = 256;
const MAX_FUNCTIONS: u64 = 200_000;
const MAX_TYPES: u64 = 100_000;
const MAX_FUNCTION_BYTES: usize = 1 << 20;
const MAX_CUSTOM_SECTIONS: usize = 512;
/// Debug information and names of all levels together.
const MAX_CUSTOM_BYTES: usize = 2 << 20;
/// Imports and exports of the component itself.
const MAX_EXTERNS: usize = 256;

/// What the sections hold.
#[derive(Debug, Default)]
pub(super) struct Walk<'b> {
    /// Contents of every `mnemosyne:manifest` at the outermost level.
    pub(super) manifests: Vec<&'b [u8]>,
    /// Names that the component itself imports.
    pub(super) imports: Vec<(&'b str, bool)>,
    /// Names that the component itself exports; true for instances.
    pub(super) exports: Vec<(&'b str, bool)>,
    /// Smallest linear memory that its modules declare, together, in bytes.
    pub(super) memory_bytes: u64,
    /// Tables that its modules declare, and the largest of them.
    pub(super) tables: u64,
    /// Elements of the largest table.
    pub(super) table_elements: u64,
    /// Core modules that it instantiates.
    pub(super) core_instances: u64,
    modules: usize,
    components: usize,
    instances: usize,
    functions: u64,
    types: u64,
    custom_sections: usize,
    custom_bytes: usize,
}

/// Walks all sections of all levels.
///
/// # Errors
/// The first finding that makes going on pointless: malformed, or one of the bounds.
pub(super) fn walk(bytes: &[u8]) -> Result<Walk<'_>, Box<Finding>> {
    let mut walk = Walk::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| Box::new(malformed(&error, bytes.len())))?;
        match &payload {
            Payload::Version { .. } => {
                depth += 1;
                bound(depth, MAX_NESTING, "levels of nesting")?;
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        walk.section(depth == 1, &payload).map_err(|problem| match problem {
            Problem::Malformed(error) => Box::new(malformed(&error, bytes.len())),
            Problem::Finding(finding) => finding,
        })?;
    }
    Ok(walk)
}

enum Problem {
    Malformed(wasmparser::Error),
    Finding(Box<Finding>),
}

impl From<wasmparser::Error> for Problem {
    fn from(error: wasmparser::Error) -> Self {
        Self::Malformed(error)
    }
}

impl From<Box<Finding>> for Problem {
    fn from(finding: Box<Finding>) -> Self {
        Self::Finding(finding)
    }
}

impl<'b> Walk<'b> {
    fn section(&mut self, outermost: bool, payload: &Payload<'b>) -> Result<(), Problem> {
        match payload {
            Payload::CustomSection(section) => self.custom(outermost, section.name(), section.data())?,
            Payload::ModuleSection { .. } => count(&mut self.modules, 1, MAX_MODULES, "core modules")?,
            Payload::ComponentSection { .. } => count(&mut self.components, 1, MAX_COMPONENTS, "nested components")?,
            Payload::TypeSection(section) => count(&mut self.types, section.count().into(), MAX_TYPES, "types")?,
            Payload::FunctionSection(section) => count(&mut self.functions, section.count().into(), MAX_FUNCTIONS, "functions")?,
            Payload::CodeSectionEntry(body) => {
                bound(body.range().len(), MAX_FUNCTION_BYTES, "bytes in one function")?;
            }
            Payload::MemorySection(section) => {
                for memory in section.clone() {
                    let memory = memory?;
                    let page = 1_u64 << memory.page_size_log2.unwrap_or(16).min(16);
                    self.memory_bytes = self.memory_bytes.saturating_add(memory.initial.saturating_mul(page));
                }
            }
            Payload::TableSection(section) => {
                for table in section.clone() {
                    self.table(&table?.ty);
                }
            }
            Payload::InstanceSection(section) => {
                count(&mut self.instances, section.count() as usize, MAX_INSTANCES, "instances")?;
                for instance in section.clone() {
                    self.core_instances += u64::from(matches!(instance?, Instance::Instantiate { .. }));
                }
            }
            Payload::ComponentInstanceSection(section) => {
                count(&mut self.instances, section.count() as usize, MAX_INSTANCES, "instances")?;
                for instance in section.clone() {
                    drop::<ComponentInstance<'_>>(instance?);
                }
            }
            Payload::ComponentTypeSection(section) => {
                count(&mut self.types, section.count().into(), MAX_TYPES, "types")?;
                for ty in section.clone() {
                    if matches!(ty?, ComponentType::Resource { .. }) {
                        return Err(Box::new(own_resource()).into());
                    }
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section.clone() {
                    if matches!(function?, CanonicalFunction::ResourceNew { .. } | CanonicalFunction::ResourceRep { .. }) {
                        return Err(Box::new(own_resource()).into());
                    }
                }
            }
            Payload::ComponentImportSection(section) if outermost => {
                for import in section.clone() {
                    let import = import?;
                    self.imports.push((import.name.name, matches!(import.ty, ComponentTypeRef::Instance(_))));
                    bound(self.imports.len(), MAX_EXTERNS, "imports")?;
                }
            }
            Payload::ComponentExportSection(section) if outermost => {
                for export in section.clone() {
                    let export = export?;
                    self.exports.push((export.name.name, export.kind == ComponentExternalKind::Instance));
                    bound(self.exports.len(), MAX_EXTERNS, "exports")?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn table(&mut self, ty: &TableType) {
        self.tables += 1;
        self.table_elements = self.table_elements.max(ty.initial);
    }

    fn custom(&mut self, outermost: bool, name: &str, data: &'b [u8]) -> Result<(), Box<Finding>> {
        count(&mut self.custom_sections, 1, MAX_CUSTOM_SECTIONS, "custom sections")?;
        if outermost && name == SECTION {
            self.manifests.push(data);
        }
        count(&mut self.custom_bytes, data.len(), MAX_CUSTOM_BYTES, "bytes of custom sections").map_err(|mut finding| {
            "build without debug information: `plug build` strips it".clone_into(&mut finding.fix);
            finding
        })
    }
}

fn own_resource() -> Finding {
    Finding::new(
        "resource",
        "the component defines a resource of its own, and resources are the host's",
        "export no `resource` in WIT; keep state in memory during a call, or in storage/kv",
    )
}

fn bound(count: usize, most: usize, what: &str) -> Result<(), Box<Finding>> {
    if count <= most {
        return Ok(());
    }
    Err(Box::new(Finding::new("bounds", format!("the component has more than {most} {what}"), "make it smaller or split it")))
}

/// Adds to a running count and holds it against its bound.
fn count<N>(total: &mut N, more: N, most: N, what: &str) -> Result<(), Box<Finding>>
where
    N: Copy + PartialOrd + std::fmt::Display + std::ops::AddAssign,
{
    // No overflow: a section's count is 32 bits, the total is at most the bound before each step.
    *total += more;
    if *total <= most {
        return Ok(());
    }
    Err(Box::new(Finding::new("bounds", format!("the component has more than {most} {what}"), "make it smaller or split it")))
}

/// A parser's complaint as a finding; a file that ends too early gets its own code.
pub(super) fn malformed(error: &wasmparser::Error, size: usize) -> Finding {
    let early = error.offset() >= size || error.message().contains("unexpected end") || error.message().contains("unexpected EOF");
    let fix = "build it again with `plug build`, and check that the whole file arrived";
    if early {
        Finding::new("truncated", format!("the component ends too early, at byte {}: {}", error.offset(), error.message()), fix)
    } else {
        Finding::new("malformed", format!("the component is malformed at byte {}: {}", error.offset(), error.message()), fix)
    }
}
