//! Every operation × every kind of principal: what it declares decides, and nothing else.

use mnemosyne_host::model::user::ApiKey;
use mnemosyne_host::service::auth::NewAccount;
use mnemosyne_host::service::principal::{Permission, Permissions, Role};
use mnemosyne_host::store;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::cases::Case;
use super::document::{Filled, Operation};
use super::world::{Person, World};
use crate::kit::TestHost;

/// A principal and what it may; `None` is nobody, whatever was presented.
struct Walker {
    person: Person,
    may: Option<Permissions>,
}

/// What the operation declares; panics when it declares nothing.
fn needs(operation: &Operation) -> Option<Permissions> {
    match operation.permission.as_str() {
        "public" => None,
        "authenticated" => Some(Permissions::NONE),
        text => Some(Permissions::of(&[text.parse::<Permission>().unwrap_or_else(|()| {
            panic!("{} declares `{text}`, which is no permission; `x-permission` must say who may", operation.name())
        })])),
    }
}

/// The walk.
pub(super) async fn everywhere(host: &TestHost) {
    let world = World::of(host).await;
    let mut wrong = Vec::new();
    for walker in walkers(host, &world).await {
        for operation in world.document.operations() {
            let needed = needs(operation);
            // An unknown parameter is refused after all questions of who may, so that nothing happens to those who may.
            let path = Filled { path: format!("{}?no_such_parameter=1", Filled::unknown(operation).path), real: false };
            let answer = world.send(&Case::plain(operation, &path), &walker.person).await;
            let expected = match (needed, walker.may) {
                (None, _) => None,
                (Some(_), None) => Some((401, "AUTH_003")),
                (Some(needed), Some(may)) if may.intersection(needed) == needed => None,
                (Some(_), Some(_)) => Some((403, "AUTH_005")),
            };
            let code = answer.json["error"]["code"].as_str().unwrap_or_default();
            let fits = match expected {
                Some((status, expected)) => answer.status == status && code == expected && answer.one_shape().is_ok(),
                None => !matches!(answer.status, 401 | 403 | 500..),
            };
            if !fits {
                wrong.push(format!("{} by {}: {} {code}, not {expected:?}", operation.name(), walker.person.name, answer.status));
            }
            let leads_to_content = matches!(operation.permission.split(':').next(), Some("memory" | "task" | "chat" | "persona"));
            if walker.person.name == "operator" && leads_to_content && answer.status != 403 {
                wrong.push(format!("{} is open to operators", operation.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn walkers(host: &TestHost, world: &World<'_>) -> Vec<Walker> {
    let alice = host.sign_in("alice").await;
    let admin = NewAccount {
        email: "ada@example.org".into(),
        username: "ada".into(),
        display_name: None,
        timezone: "UTC".into(),
        roles: vec![Role::Admin],
        password: "correct horse battery staple".into(),
    };
    host.app.accounts.add(admin).await.unwrap();
    let admin = host.sign_in("ada").await;
    let narrow = host.app.api_keys.create("narrow", Some("alice"), &[Permission::TaskRead], None).await.unwrap();
    let greedy = host.app.api_keys.create("greedy", Some("alice"), &[Permission::TaskRead, Permission::SlotWrite], None).await.unwrap();
    let revoked = host.app.api_keys.create("revoked", Some("alice"), &[], None).await.unwrap();
    host.app.api_keys.remove(revoked.id).await.unwrap();
    let gone = host.sign_in("bob").await;
    gone.post("/api/v1/auth/logout", serde_json::json!({})).await.no_content();
    let alices_id = alice.account["user"]["id"].as_str().unwrap().parse().unwrap();
    let tampered = alice.token.as_deref().unwrap().replacen('.', ".e", 1);
    let person = |name: &str, token: Option<&str>| Person { name: name.into(), token: token.map(str::to_owned), operates: false };
    let walker = |name: &str, token: Option<&str>, may| Walker { person: person(name, token), may };
    vec![
        walker("nobody", None, None),
        walker("a user", alice.token.as_deref(), Some(Role::User.permissions())),
        walker("another user", world.bob.token.as_deref(), Some(Role::User.permissions())),
        walker("operator", world.operator.token.as_deref(), Some(Role::Operator.permissions())),
        walker("an admin", admin.token.as_deref(), Some(Permissions::ALL)),
        walker("a narrow key", Some(&narrow.key), Some(Permissions::of(&[Permission::TaskRead]))),
        walker("a key that asks for more than its owner has", Some(&greedy.key), Some(Permissions::of(&[Permission::TaskRead]))),
        walker("an expired key", Some(&expired_key(host, alices_id).await), None),
        walker("a revoked key", Some(&revoked.key), None),
        walker("a key cut short", Some(&narrow.key[..narrow.key.len() - 2]), None),
        walker("a tampered token", Some(&tampered), None),
        walker("a session that has ended", gone.token.as_deref(), None),
        walker("garbage", Some("garbage"), None),
    ]
}

/// A key of this person that expired a moment ago.
async fn expired_key(host: &TestHost, user: Uuid) -> String {
    let secret = [7; 32];
    let key = ApiKey {
        id: host.app.ids.id(),
        user_id: Some(user),
        name: "expired".into(),
        secret_hash: Sha256::digest(secret).to_vec(),
        scopes: vec!["*".into()],
        created_at: 0,
        expires_at: Some(host.app.clock.now() - 1),
        last_used_at: None,
        revoked_at: None,
    };
    store::api_keys::insert(&host.app.db, &key).await.unwrap();
    format!("mn_{}_{}", key.id.simple(), hex::encode(secret))
}
