//! What a plugin of any kind may give besides its own: a check of itself, and views of what it keeps about its caller.
//! Reference: `wit/deps/lifecycle.wit`. A plugin that exports neither is complete.

use std::marker::PhantomData;

use crate::Error;
use crate::bindings::self_test::exports::mnemosyne::lifecycle::self_test as wit_self_test;
use crate::bindings::views::exports::mnemosyne::lifecycle::views as wit_views;
pub use crate::bindings::views::exports::mnemosyne::lifecycle::views::View;

/// What a plugin shows of what it keeps about the caller: `GET /api/v1/plugins/{name}/views/{view}`, and part of every
/// account export. Who keeps something about people shows it.
pub trait Views {
    /// What there is, at most 16; the same for every user.
    fn list() -> Vec<View>;

    /// JSON of the caller's data, at most 256 KiB; `Error` of kind `not-found` for a name that is not listed.
    fn show(name: &str) -> Result<String, Error>;

    /// Forgets the caller's data behind this view.
    fn reset(_name: &str) -> Result<(), Error> {
        Err(Error::denied("view-not-resettable", "this view cannot be reset"))
    }
}

/// A plugin's own check of itself, at load: with the slot's grant and no user.
pub trait SelfTest {
    /// The error (at most 1 KiB) refuses the load and is shown to the operator.
    fn run() -> Result<(), String>;
}

impl View {
    /// A view. `name`: last part of the path, `[a-z0-9-]`; `title` for people.
    ///
    /// ```
    /// assert!(mnemosyne_sdk::lifecycle::View::new("notes", "What I noted", true).resettable);
    /// ```
    pub fn new(name: &str, title: &str, resettable: bool) -> Self {
        Self { name: name.to_owned(), title: title.to_owned(), resettable }
    }
}

/// Exports a type that implements [`Views`], beside the plugin's kind. On other targets than `wasm32`: nothing.
///
/// ```
/// use mnemosyne_sdk::Error;
/// use mnemosyne_sdk::lifecycle::{View, Views};
///
/// struct Plugin;
/// impl Views for Plugin {
///     fn list() -> Vec<View> {
///         vec![View::new("notes", "What I noted", false)]
///     }
///     fn show(_name: &str) -> Result<String, Error> {
///         Ok("{}".to_owned())
///     }
/// }
/// mnemosyne_sdk::export_views!(Plugin);
/// assert!(Plugin::reset("notes").is_err());
/// ```
#[macro_export]
macro_rules! export_views {
    ($plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        type MnemosyneViews = $crate::lifecycle::ExportViews<$plugin>;
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::views::export!(MnemosyneViews with_types_in $crate::bindings::views);
    };
}

/// Exports a type that implements [`SelfTest`], beside the plugin's kind. On other targets than `wasm32`: nothing.
///
/// ```
/// struct Plugin;
/// impl mnemosyne_sdk::lifecycle::SelfTest for Plugin {
///     fn run() -> Result<(), String> {
///         Ok(())
///     }
/// }
/// mnemosyne_sdk::export_self_test!(Plugin);
/// ```
#[macro_export]
macro_rules! export_self_test {
    ($plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        type MnemosyneSelfTest = $crate::lifecycle::ExportSelfTest<$plugin>;
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::self_test::export!(MnemosyneSelfTest with_types_in $crate::bindings::self_test);
    };
}

#[doc(hidden)]
pub struct ExportViews<T>(PhantomData<T>);

impl<T: Views> wit_views::Guest for ExportViews<T> {
    fn list() -> Vec<View> {
        T::list()
    }

    fn show(name: String) -> Result<String, Error> {
        T::show(&name)
    }

    fn reset(name: String) -> Result<(), Error> {
        T::reset(&name)
    }
}

#[doc(hidden)]
pub struct ExportSelfTest<T>(PhantomData<T>);

impl<T: SelfTest> wit_self_test::Guest for ExportSelfTest<T> {
    fn run() -> Result<(), String> {
        T::run()
    }
}
