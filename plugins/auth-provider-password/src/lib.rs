//! Login and password. The plugin decides which logins are welcome here; the host checks the password, which no plugin ever
//! sees, and accepts the subject because it is the one that its own check returned.

use mnemosyne_sdk::Error;
use mnemosyne_sdk::capability::{auth, config};
use mnemosyne_sdk::plugin::auth_provider::{Assertion, AuthProvider, Field, Input, Method, Progress, Step};

/// See the crate.
pub struct Password;

mnemosyne_sdk::export_auth_provider!(Password);

impl AuthProvider for Password {
    fn describe(_locale: &str) -> Method {
        Method::credentials("Password", vec![Field::text("login", "E-mail or user name"), Field::secret("password", "Password")])
    }

    fn finish(input: &Input, _pending: Option<&Step>) -> Result<Progress, Error> {
        let login = input.field("login").ok_or_else(|| Error::invalid("no-login", "field `login` is empty"))?;
        let password = input.secret("password").ok_or_else(|| Error::invalid("no-password", "field `password` is missing"))?;
        // Checked before the domain, so that a refused domain takes as long as a wrong password.
        let subject = auth::verify_password(login, password)?;
        match subject {
            Some(subject) if welcome(login) => Ok(Progress::Done(Assertion::of(subject, &["pwd"]))),
            // One answer for every reason: nobody learns which accounts exist.
            _ => Err(Error::denied("bad-credentials", "login and password do not fit")),
        }
    }
}

/// Whether the operator's `domains` let this login in.
fn welcome(login: &str) -> bool {
    let domains = config::texts("domains").unwrap_or_default();
    let own = login.rsplit_once('@').map(|(_, domain)| domain);
    domains.is_empty() || domains.iter().any(|domain| own.is_some_and(|own| own.eq_ignore_ascii_case(domain)))
}

#[cfg(test)]
mod tests {
    use mnemosyne_sdk::ErrorKind;
    use mnemosyne_sdk::capability::{auth::double, config::Value};
    use mnemosyne_sdk::sample;

    use super::*;

    fn login(filled: &[(&str, &str)]) -> Result<Assertion, ErrorKind> {
        double::account("ada@example.org", "engine", "account-7");
        match Password::finish(&sample::input(filled), None) {
            Ok(Progress::Done(assertion)) => Ok(assertion),
            Ok(Progress::More(_)) => unreachable!("one step is all there is"),
            Err(error) => Err(error.kind),
        }
    }

    #[test]
    fn the_subject_is_the_one_the_host_returned() {
        let assertion = login(&[("login", " ada@example.org "), ("password", "engine")]).unwrap();
        assert_eq!((assertion.subject.as_str(), assertion.methods.as_slice()), ("account-7", &["pwd".to_owned()][..]));
        assert!(assertion.groups.is_empty() && assertion.email.is_none());
    }

    #[test]
    fn wrong_password_unknown_login_and_unwelcome_domain_look_the_same() {
        assert_eq!(login(&[("login", "ada@example.org"), ("password", "x")]), Err(ErrorKind::Denied));
        assert_eq!(login(&[("login", "bob@example.org"), ("password", "engine")]), Err(ErrorKind::Denied));
        config::double::set("domains", Value::Texts(vec!["elsewhere.org".to_owned()]));
        assert_eq!(login(&[("login", "ada@example.org"), ("password", "engine")]), Err(ErrorKind::Denied));
        config::double::set("domains", Value::Texts(vec!["EXAMPLE.org".to_owned()]));
        assert!(login(&[("login", "ada@example.org"), ("password", "engine")]).is_ok());
    }

    #[test]
    fn missing_fields_are_invalid_and_a_host_in_trouble_is_not_a_wrong_password() {
        assert_eq!(login(&[("login", "  "), ("password", "engine")]), Err(ErrorKind::Invalid));
        assert_eq!(login(&[("login", "ada@example.org")]), Err(ErrorKind::Invalid));
        double::fail_with(Error::unavailable("slowed-down", "too many tries"));
        assert_eq!(login(&[("login", "ada@example.org"), ("password", "engine")]), Err(ErrorKind::Unavailable));
    }
}
