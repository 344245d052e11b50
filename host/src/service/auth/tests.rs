//! The rules of sign-in over a real database and real password hashing, with a clock that is moved by hand.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use secrecy::SecretString;

use super::login::{Login, Registrant};
use super::*;
use crate::backend::auth::Credentials;
use crate::clock::{FixedClock, SystemIds};
use crate::plugin::auth_provider::{Answer, Attempt, CallFailure, Finished, Guests, Method, Proof};
use crate::service::principal::Principal;
use crate::store::ConnectOptions;

const NOW: Millis = 1_790_000_000_000;
const GOOD: &str = "correct horse battery";

/// A provider that does what the bundled one does; `trust` is one that trusts everybody, `broken` one that traps.
struct Native(Credentials);

#[async_trait]
impl Guests for Native {
    fn bound(&self) -> Vec<(String, String)> {
        ["password", "trust", "broken"].map(|id| (id.to_owned(), "1".to_owned())).to_vec()
    }
    async fn describe(&self, id: &str, _: &str) -> Result<Method, CallFailure> {
        Ok(Method { id: id.into(), label: id.into(), flow: "credentials".into(), fields: Vec::new() })
    }
    async fn finish(&self, attempt: Attempt<'_>) -> Result<Finished, CallFailure> {
        if attempt.provider == "broken" {
            return Err(CallFailure { reason: "trapped".into(), busy: false });
        }
        let subject = self
            .0
            .verify_password(attempt.login, &attempt.password)
            .await
            .map_err(|fault| CallFailure { reason: fault.to_string(), busy: false })?;
        let subject = subject.map(|id| id.to_string());
        let answer = match (&subject, attempt.provider) {
            (_, "trust") => Answer::Subject(attempt.login.to_owned()),
            (Some(subject), _) => Answer::Subject(subject.clone()),
            (None, _) => Answer::Denied,
        };
        let proved = subject.map(|subject| Proof { subject, key: None }).into_iter().collect();
        Ok(Finished { answer, proved, reject: Box::new(|_| {}) })
    }
}

struct House {
    clock: Arc<FixedClock>,
    auth: Arc<Auth>,
    people: People,
    keys: ApiKeys,
    db: Db,
    vault: Arc<Vault>,
    _folder: tempfile::TempDir,
}

impl House {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::connect(&format!("sqlite://{}/t.db", folder.path().display()), &ConnectOptions::default()).await.unwrap();
        db.migrate(NOW).await.unwrap();
        let (clock, vault) = (Arc::new(FixedClock::at(NOW)), Arc::new(Vault::open(None, folder.path()).unwrap()));
        let (auth, common) = Self::replica_of(&db, &clock, &vault).await;
        Self { clock, auth, people: People::new(Arc::clone(&common)), keys: ApiKeys::new(common), db, vault, _folder: folder }
    }

    async fn replica_of(db: &Db, clock: &Arc<FixedClock>, vault: &Arc<Vault>) -> (Arc<Auth>, Arc<Common>) {
        let ids: Arc<dyn IdSource> = Arc::new(SystemIds);
        let passwords = Arc::new(Passwords::start(2).unwrap());
        let native = Native(Credentials::new(db.clone(), Arc::<FixedClock>::clone(clock), Arc::clone(&ids), Arc::clone(&passwords)));
        let common = Common::new(db.clone(), Arc::<FixedClock>::clone(clock), ids, passwords);
        let auth = Auth::open(&Config::default(), Arc::clone(&common), Arc::clone(vault), Arc::new(AuthProviders::new(Arc::new(native))))
            .await
            .unwrap();
        (auth, common)
    }

    async fn replica(&self) -> Arc<Auth> {
        Self::replica_of(&self.db, &self.clock, &self.vault).await.0
    }

    async fn register(&self, name: &str) -> Outcome<SignedIn> {
        let new = Registrant {
            email: format!("{name}@example.org"),
            username: name.into(),
            password: GOOD.into(),
            display_name: None,
            timezone: None,
        };
        self.auth.register(new, &client()).await
    }

    async fn login(&self, login: &str, password: &str, provider: &str) -> Outcome<SignedIn> {
        self.auth.login(Login { login: login.into(), password: password.into(), provider: provider.into() }, &client()).await
    }

    async fn refresh(&self, token: &str) -> Outcome<SignedIn> {
        self.auth.refresh(&token.into()).await
    }

    async fn code(&self, signed_in: &SignedIn) -> Option<Code> {
        code(self.auth.access_token(&secret(&signed_in.access_token)).await)
    }

    async fn caller(&self, signed_in: &SignedIn) -> Principal {
        self.auth.access_token(&secret(&signed_in.access_token)).await.unwrap()
    }
}

fn secret(text: &str) -> SecretString {
    text.into()
}

fn code<T>(outcome: Outcome<T>) -> Option<Code> {
    outcome.err().map(|fault| fault.code)
}

fn client() -> Client {
    Client { address: [127, 0, 0, 1].into(), user_agent: Some("test".into()), request_id: None, locale: "en".into() }
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_for_thirty_seconds_leads_to_the_same_successor() {
    let house = House::open().await;
    let first = house.register("ada").await.unwrap();
    let second = house.refresh(&first.refresh_token).await.unwrap();
    assert_ne!(first.refresh_token, second.refresh_token);
    house.clock.advance(30_000);
    assert_eq!(house.refresh(&first.refresh_token).await.unwrap().refresh_token, second.refresh_token);
    assert_eq!(house.code(&second).await, None);
    house.clock.advance(1);
    assert_eq!(code(house.refresh(&first.refresh_token).await), Some(Code::RefreshReused));
    assert_eq!(code(house.refresh(&second.refresh_token).await), Some(Code::TokenInvalid));
    assert_eq!(house.code(&second).await, Some(Code::TokenInvalid), "the session ended with its family");
}

#[tokio::test]
async fn a_grandparent_is_reuse_even_within_thirty_seconds() {
    let house = House::open().await;
    let first = house.register("ada").await.unwrap();
    let second = house.refresh(&first.refresh_token).await.unwrap();
    let third = house.refresh(&second.refresh_token).await.unwrap();
    assert_eq!(code(house.refresh(&first.refresh_token).await), Some(Code::RefreshReused));
    assert_eq!(code(house.refresh(&third.refresh_token).await), Some(Code::TokenInvalid));
}

#[tokio::test]
async fn many_refreshes_at_once_get_one_successor() {
    let house = House::open().await;
    let first = house.register("ada").await.unwrap();
    let other = house.replica().await;
    let token = secret(&first.refresh_token);
    let all =
        futures::future::join_all((0..32).map(|number| if number % 2 == 0 { house.auth.refresh(&token) } else { other.refresh(&token) }))
            .await;
    let mut successors: Vec<String> = all.into_iter().map(|signed_in| signed_in.unwrap().refresh_token).collect();
    successors.dedup();
    assert_eq!(successors.len(), 1);
    house.refresh(&successors[0]).await.unwrap();
}

#[tokio::test]
async fn what_is_no_refresh_token_or_has_expired_means_log_in_again() {
    let house = House::open().await;
    let signed_in = house.register("ada").await.unwrap();
    for text in ["", "nonsense", &"A".repeat(43), &signed_in.access_token] {
        assert_eq!(code(house.refresh(text).await), Some(Code::TokenInvalid));
    }
    house.clock.advance(30 * 86_400_000);
    assert_eq!(code(house.refresh(&signed_in.refresh_token).await), Some(Code::TokenInvalid));
}

#[tokio::test]
async fn only_an_expired_token_of_a_live_session_means_refresh_and_retry() {
    let house = House::open().await;
    let signed_in = house.register("ada").await.unwrap();
    let caller = house.caller(&signed_in).await;
    house.clock.advance(900_000);
    assert_eq!(house.code(&signed_in).await, Some(Code::TokenExpired));
    house.auth.logout(&caller).await.unwrap();
    assert_eq!(house.code(&signed_in).await, Some(Code::TokenInvalid));
}

#[tokio::test]
async fn logout_bites_here_at_once_and_within_a_second_on_another_replica() {
    let house = House::open().await;
    let other = house.replica().await;
    let signed_in = house.register("ada").await.unwrap();
    let token = secret(&signed_in.access_token);
    let caller = other.access_token(&token).await.unwrap();
    house.auth.logout(&caller).await.unwrap();
    house.auth.logout(&caller).await.unwrap();
    let ended = Instant::now();
    assert_eq!(house.code(&signed_in).await, Some(Code::TokenInvalid));
    while other.access_token(&token).await.is_ok() {
        assert!(ended.elapsed() < Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(code(house.refresh(&signed_in.refresh_token).await), Some(Code::TokenInvalid));
}

#[tokio::test]
async fn a_lock_ends_sessions_and_unlocking_does_not_bring_them_back() {
    let house = House::open().await;
    let signed_in = house.register("ada").await.unwrap();
    house.people.set_active("ada", false).await.unwrap();
    assert_eq!(house.code(&signed_in).await, Some(Code::AccountLocked));
    assert_eq!(code(house.refresh(&signed_in.refresh_token).await), Some(Code::TokenInvalid));
    assert_eq!(code(house.login("ada", GOOD, "password").await), Some(Code::AccountLocked));
    assert_eq!(
        code(house.login("ada", "another horse battery", "password").await),
        Some(Code::BadCredentials),
        "a stranger does not learn of the lock"
    );
    house.people.set_active("ada", true).await.unwrap();
    let fresh = house.replica().await;
    assert_eq!(code(fresh.access_token(&secret(&signed_in.access_token)).await), Some(Code::TokenInvalid));
    house.login("ADA@example.org", GOOD, "password").await.unwrap();
}

#[tokio::test]
async fn a_change_of_roles_and_a_deletion_bite_at_once() {
    let house = House::open().await;
    let signed_in = house.register("ada").await.unwrap();
    assert!(!house.caller(&signed_in).await.permissions.contains(Permission::SlotWrite));
    assert_eq!(house.people.set_roles("ada", &[Role::Operator]).await.unwrap(), [Role::User]);
    let permissions = house.caller(&signed_in).await.permissions;
    assert!(permissions.contains(Permission::SlotWrite) && !permissions.contains(Permission::TaskRead));
    house.people.delete("ada").await.unwrap();
    assert_eq!(house.code(&signed_in).await, Some(Code::TokenInvalid));
    assert_eq!(code(house.people.delete("ada").await), Some(Code::NotFound));
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let house = House::open().await;
    let (here, there) = (house.register("ada").await.unwrap(), house.login("ada", GOOD, "password").await.unwrap());
    let caller = house.caller(&here).await;
    let change =
        async |current: &str, new: &str| code(house.auth.change_password(&caller, &secret(current), &secret(new), &client()).await);
    assert_eq!(change("wrong horse battery", "kitchen violin raft").await, Some(Code::BadCredentials));
    assert_eq!(change(GOOD, "short").await, Some(Code::Validation));
    assert_eq!(change(GOOD, GOOD).await, Some(Code::Validation));
    assert_eq!(change(GOOD, "kitchen violin raft").await, None);
    assert_eq!((house.code(&here).await, house.code(&there).await), (None, Some(Code::TokenInvalid)));
    assert_eq!(code(house.login("ada", GOOD, "password").await), Some(Code::BadCredentials));
    house.login("ada", "kitchen violin raft", "password").await.unwrap();
}

#[tokio::test]
async fn registration_names_every_bad_field_and_the_taken_one() {
    let house = House::open().await;
    let bad = Registrant {
        email: "ada".into(),
        username: "a".into(),
        password: "password".into(),
        display_name: Some(" ".into()),
        timezone: Some("Mars".into()),
    };
    let fields: Vec<String> =
        house.auth.register(bad, &client()).await.err().unwrap().fields.into_iter().map(|field| field.pointer).collect();
    assert_eq!(fields, ["/email", "/username", "/display_name", "/timezone", "/password"]);
    house.register("ada").await.unwrap();
    for (email, username, param) in [("ADA@Example.org", "grace", "/email"), ("grace@example.org", "Ada", "/username")] {
        let again =
            Registrant { email: email.into(), username: username.into(), password: GOOD.into(), display_name: None, timezone: None };
        let fault = house.auth.register(again, &client()).await.err().unwrap();
        assert_eq!((fault.code, fault.param.as_deref()), (Code::Conflict, Some(param)));
    }
}

#[tokio::test]
async fn a_provider_that_lies_or_breaks_is_unavailable_and_others_go_on() {
    let house = House::open().await;
    let signed_in = house.register("ada").await.unwrap();
    let ada = signed_in.user.id.to_string();
    assert_eq!(code(house.login(&ada, "anything at all", "trust").await), Some(Code::ProviderUnavailable));
    assert_eq!(code(house.login("ada", GOOD, "broken").await), Some(Code::ProviderUnavailable));
    assert_eq!(code(house.login("ada", GOOD, "unknown").await), Some(Code::Validation));
    house.login("ada", GOOD, "password").await.unwrap();
    assert_eq!(house.code(&signed_in).await, None);
}

#[tokio::test]
async fn the_eleventh_failure_in_a_minute_waits_and_both_names_of_an_account_share_a_counter() {
    let house = House::open().await;
    house.register("ada").await.unwrap();
    for number in 0..10 {
        let name = if number % 2 == 0 { "ada" } else { "Ada@example.org" };
        assert_eq!(code(house.login(name, "wrong horse battery", "password").await), Some(Code::BadCredentials));
    }
    let fault = house.login("ada", GOOD, "password").await.err().unwrap();
    assert_eq!((fault.code, fault.retry_after.is_some()), (Code::TooMany, true));
    house.clock.advance(60_000);
    house.login("ada", GOOD, "password").await.unwrap();
}

#[tokio::test]
async fn keys_work_until_they_are_removed_expire_or_their_owner_is_locked() {
    let house = House::open().await;
    let first = house.auth.operator_key_for_first_start().await.unwrap().unwrap();
    assert_eq!(house.auth.operator_key_for_first_start().await.unwrap(), None);
    let operator = house.auth.api_key(&secret(&first)).await.unwrap();
    assert!(operator.permissions.contains(Permission::PluginWrite) && !operator.permissions.contains(Permission::TaskRead));
    assert_eq!(code(house.auth.me(&operator).await), Some(Code::NotPermitted));
    let other = first.replace(&first[first.len() - 4..], "0000");
    assert_eq!(code(house.auth.api_key(&secret(&other)).await), Some(Code::TokenInvalid));

    house.register("ada").await.unwrap();
    let key = house.keys.create("phone", Some("ada"), &[Permission::TaskRead, Permission::SlotWrite], Some(1)).await.unwrap();
    let caller = house.auth.api_key(&secret(&key.key)).await.unwrap();
    assert_eq!(caller.permissions.texts(), ["task:read"]);
    house.clock.advance(86_400_000);
    assert_eq!(code(house.auth.api_key(&secret(&key.key)).await), Some(Code::TokenInvalid));
    assert_eq!(house.keys.list().await.unwrap().len(), 2);
    house.keys.remove(operator.user).await.unwrap();
    assert_eq!(code(house.keys.remove(operator.user).await), Some(Code::NotFound));
    let fresh = house.replica().await;
    assert_eq!(code(fresh.api_key(&secret(&first)).await), Some(Code::TokenInvalid));
}

#[tokio::test]
async fn a_rotated_key_is_known_to_a_replica_before_it_signs_and_old_tokens_live_on() {
    let house = House::open().await;
    let other = house.replica().await;
    let old = house.register("ada").await.unwrap();
    let kids = async |auth: &Arc<Auth>| auth.jwks().await.unwrap()["keys"].as_array().unwrap().len();
    let kid = house.auth.rotate_signing_key().await.unwrap();
    assert_eq!((kids(&house.auth).await, kids(&other).await), (2, 1));
    house.clock.advance(120_000);
    assert_eq!(kids(&other).await, 2);
    let new = house.login("ada", GOOD, "password").await.unwrap();
    let header = jsonwebtoken::decode_header(&new.access_token).unwrap();
    assert_eq!(header.kid.as_deref(), Some(kid.as_str()));
    for token in [&old.access_token, &new.access_token] {
        other.access_token(&secret(token)).await.unwrap();
    }
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_owner_only() {
    let house = House::open().await;
    let (ada, eve) = (house.register("ada").await.unwrap(), house.register("eve").await.unwrap());
    let (ada_caller, eve_caller) = (house.caller(&ada).await, house.caller(&eve).await);
    let sessions = house.auth.sessions(&ada_caller).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(code(house.auth.end_session(&eve_caller, sessions[0].id).await), Some(Code::NotFound));
    house.auth.end_session(&ada_caller, sessions[0].id).await.unwrap();
    assert_eq!(code(house.auth.end_session(&ada_caller, sessions[0].id).await), Some(Code::NotFound));
    assert_eq!((house.code(&ada).await, house.code(&eve).await), (Some(Code::TokenInvalid), None));
}

#[tokio::test]
async fn sweeping_removes_what_is_long_over_and_nothing_else() {
    let house = House::open().await;
    let (ada, eve) = (house.register("ada").await.unwrap(), house.register("eve").await.unwrap());
    house.auth.logout(&house.caller(&ada).await).await.unwrap();
    house.auth.rotate_signing_key().await.unwrap();
    assert_eq!(house.auth.sweep().await.unwrap(), 0);
    house.clock.advance(29 * 86_400_000);
    let fresh = house.refresh(&eve.refresh_token).await.unwrap();
    assert_eq!(house.auth.sweep().await.unwrap(), 1, "the retired key");
    house.clock.advance(2 * 86_400_000);
    assert_eq!(house.auth.sweep().await.unwrap(), 1, "the session that was logged out");
    assert_eq!(house.auth.sweep().await.unwrap(), 0);
    house.refresh(&fresh.refresh_token).await.unwrap();
}

#[tokio::test]
async fn failed_logins_are_counted_by_all_hosts_on_a_database_and_outlive_a_restart() {
    let house = House::open().await;
    house.register("ada").await.unwrap();
    for _ in 0..10 {
        assert_eq!(code(house.login("ada", "wrong wrong wrong", "password").await), Some(Code::BadCredentials));
    }
    let login = || Login { login: "ada".into(), password: GOOD.into(), provider: "password".into() };
    let other = house.replica().await;
    let refused = other.login(login(), &client()).await.err().unwrap();
    assert_eq!((refused.code, refused.retry_after), (Code::TooMany, Some(Duration::from_mins(1))));
    house.clock.advance(60_000);
    assert!(other.login(login(), &client()).await.is_ok());
}

#[tokio::test]
async fn an_api_key_proves_its_account_until_it_expires_is_revoked_or_its_owner_is_locked() {
    use crate::service::principal::Permission;
    let house = House::open().await;
    let ada = house.register("ada").await.unwrap().user.id;
    let ids: Arc<dyn IdSource> = Arc::new(SystemIds);
    let passwords = Arc::new(Passwords::start(1).unwrap());
    let credentials = Credentials::new(house.db.clone(), Arc::<FixedClock>::clone(&house.clock), ids, passwords);
    let scopes = [Permission::TaskRead, Permission::TaskWrite];
    let made = house.keys.create("robot", Some("ada"), &scopes, Some(1)).await.unwrap();
    let check = async |key: &str| credentials.verify_api_key(&key.into()).await.unwrap().map(|(owner, key)| (owner, key.id, key.scopes));

    assert_eq!(check(&made.key).await, Some((ada, made.id, vec!["task:read".into(), "task:write".into()])));
    let last = if made.key.ends_with('0') { "1" } else { "0" };
    let wrong = format!("{}{last}", &made.key[..made.key.len() - 1]);
    let operators = house.keys.create("operator", None, &[], None).await.unwrap();
    for nobody in [wrong.as_str(), "", "mn_x_y", GOOD, &operators.key] {
        assert_eq!(check(nobody).await, None, "{nobody}");
    }
    house.people.set_active("ada", false).await.unwrap();
    assert_eq!(check(&made.key).await, None, "its owner is locked");
    house.people.set_active("ada", true).await.unwrap();
    house.clock.advance(86_400_000);
    assert_eq!(check(&made.key).await, None, "it has expired");
    let revoked = house.keys.create("robot", Some("ada"), &[], None).await.unwrap();
    assert!(check(&revoked.key).await.is_some());
    house.keys.remove(revoked.id).await.unwrap();
    assert_eq!(check(&revoked.key).await, None, "it is revoked");
}
