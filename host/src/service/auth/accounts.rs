//! What people do to their own account, and which values an account may have.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use uuid::Uuid;

use super::login::no_session;
use super::password_policy;

use super::{Auth, Client};
use crate::backend::auth::passwords::Verdict;
use crate::clock::Millis;
use crate::error::{Code, Fault, FieldError, Outcome};
use crate::model::user::{Password, User, UserChange};
use crate::service::audit::Actor;
use crate::service::principal::{Principal, Role};
use crate::store::{self, Db, Tx};

/// Characters of a display name at most.
const LONGEST_DISPLAY_NAME: usize = 100;

/// What a new account is made of.
pub struct Details {
    /// One address.
    pub email: String,
    /// 3…50 of `[A-Za-z0-9_.-]`.
    pub username: String,
    /// 1…100 characters; default: the user name.
    pub display_name: Option<String>,
    /// IANA zone; default UTC.
    pub timezone: Option<String>,
}

impl Details {
    /// Every bad field.
    pub fn check(&self) -> Vec<FieldError> {
        let checks = [
            ("/email", email(&self.email)),
            ("/username", username(&self.username)),
            ("/display_name", self.display_name.as_deref().and_then(display_name)),
            ("/timezone", self.timezone.as_deref().and_then(timezone)),
        ];
        checks.into_iter().filter_map(|(pointer, problem)| Some(FieldError::new(pointer, problem?))).collect()
    }

    /// The account.
    pub fn user(self, id: Uuid, now: Millis, roles: &[Role]) -> User {
        let mut roles: Vec<String> = roles.iter().map(|role| role.text().to_owned()).collect();
        roles.sort_unstable();
        roles.dedup();
        User {
            id,
            email: Some(self.email),
            display_name: self.display_name.map_or_else(|| self.username.clone(), |name| name.trim().to_owned()),
            username: self.username,
            roles,
            active: true,
            timezone: self.timezone.unwrap_or_else(|| "UTC".into()),
            locale: "en".into(),
            day_start: 0,
            created_at: now,
            updated_at: now,
            last_login_at: None,
            version: 1,
        }
    }
}

/// Inserts an account with its roles and password.
///
/// # Errors
/// Conflict that names the taken field, from the constraint's name.
pub(super) async fn insert(tx: &mut Tx, user: &User, hash: &str, granted_by: &str) -> Outcome<()> {
    let password = Password { hash: hash.to_owned(), changed_at: user.created_at };
    store::users::insert(tx, user, Some(&password), granted_by).await.map_err(|error| match error.constraint() {
        Some("users_email_folded_key") => conflict("/email", "this e-mail address is taken"),
        Some("users_username_folded_key") => conflict("/username", "this username is taken"),
        _ => error.into(),
    })
}

/// A conflict that can be told before the work is done; the constraint still has the last word.
pub(super) async fn taken(db: &Db, details: &Details) -> Outcome<Option<Fault>> {
    if store::users::find_by_login(db, &details.email).await?.is_some() {
        return Ok(Some(conflict("/email", "this e-mail address is taken")));
    }
    let taken = store::users::find_by_login(db, &details.username).await?.is_some();
    Ok(taken.then(|| conflict("/username", "this username is taken")))
}

fn conflict(pointer: &'static str, message: &'static str) -> Fault {
    let mut fault = Fault::conflict(message);
    fault.param = Some(pointer.into());
    fault.fields = vec![FieldError::new(pointer, "is taken")];
    fault.hint("choose another one, or log in if it is yours")
}

/// Why a password is not taken, as a field.
pub(super) fn check_password(pointer: &str, password: &SecretString, about: &[&str]) -> Option<FieldError> {
    password_policy::objection(password.expose_secret(), about).map(|why| FieldError::new(pointer, why))
}

fn email(text: &str) -> Option<&'static str> {
    let problem = Some("must be an e-mail address such as `ada@example.org`");
    let Some((local, domain)) = text.rsplit_once('@') else { return problem };
    let odd = |char: char| char.is_whitespace() || char.is_control() || "()<>[]:;,\\\"@".contains(char);
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|char| char.is_alphanumeric() || char == '-')
    };
    let good_local = !local.is_empty()
        && local.len() <= 64
        && !local.contains(odd)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    let good_domain = domain.contains('.') && domain.split('.').all(label);
    if text.len() <= 254 && good_local && good_domain { None } else { problem }
}

fn username(text: &str) -> Option<&'static str> {
    let good = (3..=50).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    (!good).then_some("must be 3 to 50 characters of `A-Z a-z 0-9 _ . -`")
}

fn display_name(text: &str) -> Option<&'static str> {
    let good = !text.trim().is_empty() && text.chars().count() <= LONGEST_DISPLAY_NAME && !text.contains(char::is_control);
    (!good).then_some("must be 1 to 100 printable characters")
}

fn timezone(text: &str) -> Option<&'static str> {
    // The database knows more spellings than IANA (any case); what is stored must be one that every host and guest reads.
    let known = text.is_ascii() && jiff::tz::TimeZone::get(text).is_ok_and(|zone| zone.iana_name() == Some(text));
    (!known).then_some("must be an IANA time zone such as `Europe/Berlin` or `UTC`")
}

fn locale(text: &str) -> Option<&'static str> {
    let subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let language =
        text.split('-').next().is_some_and(|part| (2..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let good = text.len() <= 35 && language && text.split('-').all(subtag);
    (!good).then_some("must be a language tag (BCP 47) such as `en` or `de-CH`")
}

/// What people may change of their own account; `None` leaves as it is, `Some(None)` goes back to the default.
#[derive(Default)]
pub struct ProfileChange {
    /// Default: the user name.
    pub display_name: Option<Option<String>>,
    /// Default UTC.
    pub timezone: Option<Option<String>>,
    /// Default `en`.
    pub locale: Option<Option<String>>,
    /// Only if the account is still at this version.
    pub if_version: Option<i64>,
}

impl Auth {
    /// The caller's account.
    ///
    /// # Errors
    /// Not permitted for an operator's key, which belongs to no account.
    pub async fn me(&self, caller: &Principal) -> Outcome<User> {
        let user = store::users::find(&self.common.db, caller.user).await?;
        user.ok_or_else(|| {
            Fault::new(Code::NotPermitted).message("this key belongs to no account").hint("log in, or use a key of an account")
        })
    }

    /// Changes the caller's account.
    ///
    /// # Errors
    /// Not permitted for an API key, whose scopes say nothing of the account; validation with every bad field; stale when
    /// `if_version` is.
    pub async fn change_me(&self, caller: &Principal, change: ProfileChange) -> Outcome<User> {
        caller.session.ok_or_else(no_session)?;
        let user = self.me(caller).await?;
        let given = |value: &Option<Option<String>>, check: fn(&str) -> Option<&'static str>| {
            value.as_ref().and_then(Option::as_deref).and_then(check)
        };
        let checks = [
            ("/display_name", given(&change.display_name, display_name)),
            ("/timezone", given(&change.timezone, timezone)),
            ("/locale", given(&change.locale, locale)),
        ];
        let fields: Vec<FieldError> =
            checks.into_iter().filter_map(|(pointer, problem)| Some(FieldError::new(pointer, problem?))).collect();
        if !fields.is_empty() {
            return Err(Fault::invalid(fields));
        }
        let change = UserChange {
            display_name: change.display_name.map(|name| name.map_or_else(|| user.username.clone(), |name| name.trim().to_owned())),
            timezone: change.timezone.map(|zone| zone.unwrap_or_else(|| "UTC".into())),
            locale: change.locale.map(|locale| locale.unwrap_or_else(|| "en".into())),
            if_version: change.if_version,
            ..UserChange::default()
        };
        let mut tx = self.common.db.begin().await?;
        let changed = store::users::update(&mut tx, caller.user, &change, self.common.clock.now()).await?;
        tx.commit().await?;
        if let Some(session) = caller.session {
            self.common.forget(&[session]).await;
        }
        Ok(changed)
    }

    /// Changes the caller's password; their other sessions end.
    ///
    /// # Errors
    /// `AUTH_001` for a wrong current password (counted like a failed login), validation for a new one that is not taken.
    pub async fn change_password(&self, caller: &Principal, current: &SecretString, new: &SecretString, client: &Client) -> Outcome<()> {
        let session = caller.session.ok_or_else(no_session)?;
        let user = self.me(caller).await?;
        let about = [user.username.as_str(), user.email.as_deref().unwrap_or_default()];
        let same = current.expose_secret() == new.expose_secret();
        let problem =
            check_password("/new", new, &about).or_else(|| same.then(|| FieldError::new("/new", "must differ from the current password")));
        if let Some(field) = problem {
            return Err(Fault::invalid(vec![field]));
        }
        let place = self.limit.reserve(client.address, &user.id.to_string()).await?;
        let stored = store::users::password(&self.common.db, user.id).await?;
        match self.common.passwords.check(current.expose_secret().as_bytes(), stored.map(|password| password.hash)).await {
            Ok(Verdict::Right { .. }) => place.release(),
            Ok(Verdict::Wrong) => {
                place.fail().await;
                return Err(Fault::new(Code::BadCredentials).message("the current password is wrong"));
            }
            Err(error) => {
                place.release();
                return Err(error.into());
            }
        }
        let hash = self.common.passwords.hash(new.expose_secret(), self.common.salt()).await?;
        let now = self.common.clock.now();
        let mut tx = self.common.db.begin().await?;
        store::users::set_password(&mut tx, user.id, &Password { hash, changed_at: now }).await?;
        let ended = store::sessions::revoke_all(&mut tx, user.id, Some(session), "password changed", now).await?;
        let actor = Actor::of(caller, client.request_id.as_deref().unwrap_or_default());
        self.common.audit(&mut tx, &actor, "user.password", format!("user:{}", user.id), json!({"sessions_ended": ended.len()})).await?;
        tx.commit().await?;
        self.common.forget(&ended).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_mail_could_reach() {
        for good in ["ada@example.org", "a.b+c@sub.example.co.uk", "ünï@exämple.org", "o'neil@example.org"] {
            assert_eq!(email(good), None, "{good}");
        }
        for bad in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@localhost",
            "a b@example.org",
            "a@b@example.org",
            "a..b@example.org",
            ".a@example.org",
            "a@-x.org",
            "a@x..org",
            "a\u{0}@example.org",
            &format!("{}@example.org", "a".repeat(65)),
        ] {
            assert!(email(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn names_zones_and_languages() {
        for (check, good, bad) in [
            (username as fn(&str) -> Option<&'static str>, &["ada", "Ada_L.1815-x"][..], &["ad", "ada@x", "a b c", "äda", ""][..]),
            (
                timezone,
                &["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"],
                &["", "Mars/Base", "europe/berlin", "../etc/passwd", "+02:00", "Europe/Berlin\u{0}"],
            ),
            (locale, &["en", "de-CH", "zh-Hant-TW"], &["", "e", "english language", "de_CH", "1x"]),
            (display_name, &["Ada", "Ada Lovelace ✨"], &["", "   ", "a\nb"]),
        ] {
            for text in good {
                assert_eq!(check(text), None, "{text}");
            }
            for text in bad {
                assert!(check(text).is_some(), "{text}");
            }
        }
    }
}
