//! What a provider can learn, claim and use up.

use std::sync::Arc;

use super::*;
use crate::capability::grant::Policy;
use crate::error::{Failure, GuestErrorKind};
use crate::kit::login::{FIRST_SECRET, Provider, done, honest};
use crate::kit::{House, ada};
use crate::wit::auth_provider::Progress;
use crate::{CallError, Called, Caller, LoginInput, Revision};

fn house() -> House {
    let house = House::new();
    house.credentials.add_password("ada", "correct horse", "account-1");
    let owner = KeyMatch { subject: "account-2".to_owned(), key_id: "k1".to_owned(), scopes: vec!["task:read".to_owned()] };
    house.credentials.add_key("mk_secret", owner);
    house.credentials.add_code("account-1", "123456");
    house
}

fn login(secret: &str) -> LoginInput {
    LoginInput { secrets: vec![("password".to_owned(), Secret::new(secret.to_owned()))], ..LoginInput::default() }
}

async fn finish(house: &House, revision: &Arc<Revision>, input: LoginInput) -> Result<Called<Progress>, CallError> {
    let caller = Caller::nobody("auth-provider/test", "req-1");
    house.runtime.auth_provider(revision, caller).finish(input, None).await
}

async fn finish_with(finish_text: String, input: LoginInput) -> Result<Called<Progress>, CallError> {
    let house = house();
    let revision = house.revision(Provider::checking(finish_text).build()).await;
    finish(&house, &revision, input).await
}

fn subject(progress: &Progress) -> &str {
    match progress {
        Progress::Done(assertion) => &assertion.subject,
        Progress::More(_) => "",
    }
}

#[tokio::test]
async fn a_right_password_is_asserted_with_evidence() {
    let called = finish_with(honest(), login("correct horse")).await.unwrap();
    assert_eq!(subject(&called.value), "account-1");
    assert_eq!(called.evidence, [Evidence::Password { subject: "account-1".to_owned() }]);
    assert!(called.evidence.iter().any(|evidence| evidence.proves("account-1")));
    assert_eq!((called.record.host_calls, called.record.events[0].function), (4, "auth/credentials.verify-password"));
}

#[tokio::test]
async fn a_wrong_password_is_denied_and_leaves_no_evidence() {
    let failed = finish_with(honest(), login("wrong")).await.unwrap_err();
    assert!(matches!(failed.failure, Failure::GuestError { kind: GuestErrorKind::Denied, .. }), "{failed:?}");
}

#[tokio::test]
async fn a_forged_subject_has_no_evidence() {
    let forged = finish_with(done("(i32.const 528)", "(i32.const 9)"), login("correct horse")).await.unwrap();
    assert_eq!(subject(&forged.value), "account-2");
    assert!(!forged.evidence.iter().any(|evidence| evidence.proves("account-2")));
    let other = format!(
        "(call $verify_password (i32.const 512) (i32.const 3) {FIRST_SECRET} (i32.const 768)) {}",
        done("(i32.const 528)", "(i32.const 9)")
    );
    let checked_ada_claims_other = finish_with(other, login("correct horse")).await.unwrap();
    assert!(!checked_ada_claims_other.evidence.iter().any(|evidence| evidence.proves("account-2")));
}

#[tokio::test]
async fn a_fourth_check_in_a_call_is_over_the_quota() {
    let check = format!("(call $verify_password (i32.const 512) (i32.const 3) {FIRST_SECRET} (i32.const 768))");
    // Answers the error of the last check as its own: tag, kind, then empty texts.
    let repeat = |times: usize| {
        format!(
            "{} (i32.store8 (i32.const 1024) (i32.load8_u (i32.const 768)))
            (i32.store8 (i32.const 1032) (i32.load8_u (i32.const 772))) (i32.store (i32.const 1040) (i32.const 544))
            (i32.store (i32.const 1044) (i32.const 9)) (i32.const 1024)",
            check.repeat(times)
        )
    };
    let failed = finish_with(repeat(4), login("correct horse")).await.unwrap_err();
    assert!(matches!(failed.failure, Failure::GuestError { kind: GuestErrorKind::Quota, .. }), "{:?}", failed.failure);
    assert_eq!(failed.record.events[3].outcome, "quota");
    let third = finish_with(repeat(3), login("correct horse")).await.unwrap();
    assert_eq!(third.record.events[2].outcome, "ok");
}

#[tokio::test]
async fn an_api_key_tells_its_account_and_scopes() {
    let text = format!(
        "(call $verify_api_key {FIRST_SECRET} (i32.const 768)) {}",
        done("(i32.load (i32.const 776))", "(i32.load (i32.const 780))")
    );
    let called = finish_with(text, login("mk_secret")).await.unwrap();
    assert_eq!(subject(&called.value), "account-2");
    assert!(matches!(&called.evidence[0], Evidence::ApiKey(key) if key.key_id == "k1"));
}

#[tokio::test]
async fn a_code_needs_an_account_that_this_login_has_proved() {
    let code = |finish: &str| {
        format!(
            "(call $verify_code (i32.const 544) (i32.const 9) {FIRST_SECRET} (i32.const 768))
            (if (i32.load8_u (i32.const 768)) (then (i32.store8 (i32.const 1024) (i32.const 1)) (return (i32.const 1024)))) {finish}"
        )
    };
    let text = code(&done("(i32.const 544)", "(i32.const 9)"));
    let unproved = finish_with(text.clone(), login("123456")).await.unwrap_err();
    assert!(matches!(unproved.failure, Failure::GuestError { kind: GuestErrorKind::Denied, .. }));
    let proved = LoginInput { proved: Some("account-1".to_owned()), ..login("123456") };
    let called = finish_with(text, proved).await.unwrap();
    assert_eq!(called.evidence, [Evidence::Code { subject: "account-1".to_owned() }]);
    assert!(!called.evidence[0].proves("account-1"), "a code alone proves nobody");
}

#[tokio::test]
async fn a_check_that_is_not_granted_refuses_the_component_with_the_line_that_grants_it() {
    let house = house();
    let component = Provider { manifest: "[needs.auth]\ncredentials = ['verify-password']", ..Provider::checking(honest()) };
    // The component imports only what it calls; this one calls all three.
    let all = format!(
        "(call $verify_api_key (i32.const 0) (i32.const 0)) (call $verify_code (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) {}",
        honest()
    );
    let refused = house.try_revision(Provider { finish: all, ..component }.build(), &Policy::default()).await.unwrap_err();
    let sentences: Vec<_> = refused.reasons.iter().map(|reason| reason.sentence.as_str()).collect();
    assert!(sentences.iter().all(|sentence| sentence.contains("not granted")), "{sentences:?}");
    assert!(refused.reasons.iter().any(|reason| reason.fix.contains("verify-api-key")), "{refused:?}");
    let denied = Policy { deny: ["auth.credentials".to_owned()].into(), ..Policy::default() };
    assert!(house.try_revision(Provider::checking(honest()).build(), &denied).await.is_err());
}

#[tokio::test]
async fn a_handle_that_was_never_given_is_a_trap() {
    let text = "(call $verify_password (i32.const 512) (i32.const 3) (i32.const 77) (i32.const 768)) (unreachable)".to_owned();
    let failed = finish_with(text, login("correct horse")).await.unwrap_err();
    assert!(matches!(failed.failure, Failure::Trapped(_)), "{:?}", failed.failure);
}

#[tokio::test]
async fn a_secret_never_enters_the_guest() {
    // Searches its whole memory for `horse`; finding it would be a trap.
    let search = "(local $at i32)
        (loop $next
          (if (i64.eq (i64.and (i64.load (local.get $at)) (i64.const 0xff_ffff_ffff)) (i64.const 0x65_7372_6f68)) (then (unreachable)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $at) (i32.const 131064))))";
    let text = format!("{search} {}", honest());
    assert!(finish_with(text.clone(), login("correct horse")).await.is_ok());
    let readable = LoginInput { fields: vec![("login".to_owned(), "a horse".to_owned())], ..login("correct horse") };
    assert!(matches!(finish_with(text, readable).await.unwrap_err().failure, Failure::Trapped(_)), "the search works");
    assert_eq!(format!("{:?}", Secret::new("correct horse".to_owned())), "Secret(…)");
}

/// A backend that panics, and one that never answers.
struct Broken;

#[async_trait::async_trait]
impl CredentialsBackend for Broken {
    async fn verify_password(&self, _: Presented<'_>, _: &str, password: &Secret) -> Result<Option<String>, crate::BackendError> {
        assert_ne!(password.expose(), "panic", "the backend panics");
        std::future::pending().await
    }
    async fn verify_api_key(&self, _: Presented<'_>, _: &Secret) -> Result<Option<KeyMatch>, crate::BackendError> {
        Ok(None)
    }
    async fn verify_code(&self, _: Presented<'_>, _: &str, _: &Secret) -> Result<bool, crate::BackendError> {
        Ok(false)
    }
}

fn broken() -> House {
    House::on(crate::kit::settings(), |backends| crate::Backends { credentials: Arc::new(Broken), ..backends })
}

#[tokio::test]
async fn a_panic_in_host_code_is_caught_recorded_and_harms_nobody_else() {
    let house = broken();
    let revision = house.revision(Provider::checking(honest()).build()).await;
    for _ in 0..20 {
        let failed = finish(&house, &revision, login("panic")).await.unwrap_err();
        assert!(matches!(failed.failure, Failure::Internal(_)));
    }
    assert_eq!(house.records.all().len(), 20);
    assert!(house.records.all().iter().all(|record| record.outcome.code() == "internal"));
    house.all_places_free(crate::manifest::Kind::AuthProvider).await;
    assert!(house.award(&crate::kit::Rules::default()).await.is_ok());
}

#[tokio::test]
async fn waiting_in_the_host_is_no_cpu_time_of_the_guest() {
    let house = broken();
    let provider = Provider {
        manifest: "[needs.auth]\ncredentials = ['verify-password', 'verify-api-key', 'verify-code']\n[limits]\ndeadline-ms = 120\n",
        ..Provider::checking(honest())
    };
    let revision = house.revision(provider.build()).await;
    let failed = finish(&house, &revision, login("wait")).await.unwrap_err();
    assert!(matches!(failed.failure, Failure::DeadlineExceeded(_)), "50 ms of CPU time are not used up: {:?}", failed.failure);
    assert!(failed.record.guest_cpu < std::time::Duration::from_millis(50), "{:?}", failed.record);
    assert!(failed.record.wall >= std::time::Duration::from_millis(120));
}

#[test]
fn the_subject_differs_by_plugin_and_user_and_hides_the_account() {
    let ada = ada().user.unwrap();
    let bob = crate::User { id: uuid::Uuid::from_u128(2), ..(*ada).clone() };
    let one = core::subject("persona-a", &ada);
    assert_eq!(one, core::subject("persona-a", &ada));
    assert_ne!(one, core::subject("persona-b", &ada));
    assert_ne!(one, core::subject("persona-a", &bob));
    assert!(!one.contains(&ada.id.simple().to_string()));
}
