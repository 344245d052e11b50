//! Kind `auth-provider`: one way to prove who one is. Reference: `wit/deps/auth-provider.wit`.

use std::marker::PhantomData;

use crate::bindings::auth_provider::exports::mnemosyne::auth_provider::provider as wit;
pub use crate::bindings::auth_provider::exports::mnemosyne::auth_provider::provider::{Assertion, Field, Method, Progress, Step};
use crate::capability::auth::Secret;
use crate::{Error, Instant};

/// What a client sent, and what the host knows.
///
/// ```
/// let input = mnemosyne_sdk::sample::input(&[("login", "ada"), ("password", "engine")]);
/// assert_eq!(input.field("login"), Some("ada"));
/// ```
pub struct Input {
    /// The readable fields, by name.
    pub fields: Vec<(String, String)>,
    /// The others, as handles.
    pub secrets: Vec<(String, Secret)>,
    /// When, in milliseconds since 1970.
    pub now: Instant,
    /// Made by the host for this login: single use.
    pub nonce: String,
    /// The host's public origin.
    pub origin: String,
    /// BCP 47 tag.
    pub locale: String,
}

impl Input {
    /// A readable field, trimmed; `None` when it is missing or blank.
    ///
    /// ```
    /// assert_eq!(mnemosyne_sdk::sample::input(&[("login", "  ")]).field("login"), None);
    /// ```
    pub fn field(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(field, _)| field == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// A field that only the host can read.
    ///
    /// ```
    /// assert!(mnemosyne_sdk::sample::input(&[]).secret("password").is_none());
    /// ```
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        self.secrets.iter().find(|(field, _)| field == name).map(|(_, secret)| secret)
    }
}

/// A way to prove who one is. It proposes an identity; the host accepts it only with evidence from the same call.
pub trait AuthProvider {
    /// How to log in, in a language near `locale` (BCP 47).
    fn describe(locale: &str) -> Method;

    /// Starts a `redirect` or `challenge`; never called for `credentials`, so the default refuses.
    fn begin(_input: &Input) -> Result<Step, Error> {
        Err(Error::invalid("no-begin", "a credentials flow begins with its fields"))
    }

    /// Judges what came back. `Error::denied` = not proved; any other error = this provider is broken or away.
    fn finish(input: &Input, pending: Option<&Step>) -> Result<Progress, Error>;
}

/// Exports a type that implements [`AuthProvider`] as the plugin of this crate. On other targets than `wasm32`: nothing.
///
/// ```
/// use mnemosyne_sdk::Error;
/// use mnemosyne_sdk::plugin::auth_provider::{AuthProvider, Input, Method, Progress, Step};
///
/// struct Closed;
/// impl AuthProvider for Closed {
///     fn describe(_locale: &str) -> Method {
///         Method::credentials("Nobody", vec![])
///     }
///     fn finish(_input: &Input, _pending: Option<&Step>) -> Result<Progress, Error> {
///         Err(Error::denied("closed", "nobody gets in"))
///     }
/// }
/// mnemosyne_sdk::export_auth_provider!(Closed);
/// ```
#[macro_export]
macro_rules! export_auth_provider {
    ($plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        type MnemosyneExport = $crate::plugin::auth_provider::Export<$plugin>;
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::auth_provider::export!(MnemosyneExport with_types_in $crate::bindings::auth_provider);
    };
}

#[doc(hidden)]
pub struct Export<T>(PhantomData<T>);

impl<T: AuthProvider> wit::Guest for Export<T> {
    fn describe(locale: String) -> Method {
        T::describe(&locale)
    }

    fn begin(input: wit::Input) -> Result<Step, Error> {
        T::begin(&input.into())
    }

    fn finish(input: wit::Input, pending: Option<Step>) -> Result<Progress, Error> {
        T::finish(&input.into(), pending.as_ref())
    }
}

impl From<wit::Input> for Input {
    fn from(input: wit::Input) -> Self {
        let wit::Input { fields, secrets, now, nonce, origin, locale } = input;
        let secrets = secrets.into_iter().map(|(name, secret)| (name, secret.into())).collect();
        Self { fields, secrets, now, nonce, origin, locale }
    }
}

impl Method {
    /// A form whose fields `finish` judges.
    ///
    /// ```
    /// use mnemosyne_sdk::plugin::auth_provider::{Field, Method};
    /// let method = Method::credentials("Password", vec![Field::text("login", "Name"), Field::secret("password", "Password")]);
    /// assert_eq!(method.flow, "credentials");
    /// ```
    pub fn credentials(label: &str, fields: Vec<Field>) -> Self {
        Self { label: label.to_owned(), flow: "credentials".to_owned(), fields, extra: Vec::new() }
    }
}

impl Field {
    /// A required field that the provider may read.
    ///
    /// ```
    /// assert!(mnemosyne_sdk::plugin::auth_provider::Field::text("login", "Name").required);
    /// ```
    pub fn text(name: &str, label: &str) -> Self {
        Self { name: name.to_owned(), label: label.to_owned(), kind: "text".to_owned(), required: true }
    }

    /// A required field that arrives as a handle.
    ///
    /// ```
    /// assert_eq!(mnemosyne_sdk::plugin::auth_provider::Field::secret("password", "Password").kind, "secret");
    /// ```
    pub fn secret(name: &str, label: &str) -> Self {
        Self { kind: "secret".to_owned(), ..Self::text(name, label) }
    }
}

impl Assertion {
    /// An assertion of nothing but who, proved by `methods` (RFC 8176: `pwd`, `otp`).
    ///
    /// ```
    /// use mnemosyne_sdk::plugin::auth_provider::Assertion;
    /// assert_eq!(Assertion::of("account-7".to_owned(), &["pwd"]).email, None);
    /// ```
    pub fn of(subject: String, methods: &[&str]) -> Self {
        Self {
            subject,
            display_name: None,
            email: None,
            email_verified: false,
            methods: methods.iter().map(|&method| method.to_owned()).collect(),
            groups: Vec::new(),
            extra: Vec::new(),
        }
    }
}
