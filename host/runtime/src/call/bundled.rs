//! The bundled plugins on the real runtime, when `make plugins` has built them. Without them these tests say so and pass:
//! the whole journey with them is the host's suite.

use std::sync::Arc;

use crate::capability::auth::{Evidence, Secret};
use crate::kit::{House, completion, nobody};
use crate::wit::auth_provider::Progress;
use crate::{Caller, LoginInput};

fn bundled(name: &str) -> Option<Arc<[u8]>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins").join(format!("{name}.wasm"));
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        eprintln!("{name} is not built: run `make plugins`");
    }
    bytes.map(Into::into)
}

#[tokio::test]
async fn the_bundled_rules_award_and_level_within_their_limits() {
    for name in ["xp-rules-classic", "xp-rules-momentum"] {
        let Some(component) = bundled(name) else { continue };
        let house = House::new();
        let revision = house.revision(component).await;
        let rules = || house.runtime.xp_rules(&revision, nobody());
        let first = rules().award(completion()).await.unwrap();
        let second = rules().award(completion()).await.unwrap();
        assert!(first.value.base > 0, "{name}: {:?}", first.value);
        assert_eq!(format!("{:?}", first.value), format!("{:?}", second.value), "{name} is pure");
        assert_eq!(rules().level_at(0).await.unwrap().value.number, 1);
        assert!(!rules().describe("en".to_owned()).await.unwrap().value.title.is_empty());
        assert!(!rules().classify(completion().task, completion().facts).await.unwrap().value.is_empty());
        println!("{name}: {:?} of CPU, {} KiB", second.record.guest_cpu, second.record.peak_memory >> 10);
    }
}

#[tokio::test]
async fn the_bundled_password_provider_proves_with_evidence() {
    let Some(component) = bundled("auth-provider-password") else { return };
    let house = House::new();
    house.credentials.add_password("ada", "correct horse", "account-1");
    let revision = house.revision(component).await;
    let login = |password: &str| LoginInput {
        fields: vec![("login".to_owned(), "ada".to_owned())],
        secrets: vec![("password".to_owned(), Secret::new(password.to_owned()))],
        locale: "en".to_owned(),
        ..LoginInput::default()
    };
    let caller = || Caller::nobody("auth-provider/password", "req-1");
    let right = house.runtime.auth_provider(&revision, caller()).finish(login("correct horse"), None).await.unwrap();
    assert!(matches!(&right.value, Progress::Done(assertion) if assertion.subject == "account-1"), "{:?}", right.value);
    assert_eq!(right.evidence, [Evidence::Password { subject: "account-1".to_owned() }]);
    let wrong = house.runtime.auth_provider(&revision, caller()).finish(login("wrong"), None).await.unwrap_err();
    assert_eq!(wrong.failure.code(), "guest-error", "{}", wrong.failure);
}
