//! Accounts, sessions, refresh families, logins, keys.

use uuid::Uuid;

use crate::model::page::Page;
use crate::model::session::{PendingLogin, RefreshFamily, Session};
use crate::model::user::{ApiKey, Identity, Password, UserChange};
use crate::store::testing::{TestDb, id, on_all, user};
use crate::store::{Error, api_keys, identities, keys, logins, refresh, sessions, users};

async fn session(db: &TestDb, user: Uuid) -> Session {
    let session = Session {
        id: id(),
        user_id: user,
        provider: "password".into(),
        scopes: Some(vec!["task:read".into()]),
        user_agent: None,
        ip: Some("127.0.0.1".into()),
        created_at: 10,
        authenticated_at: 10,
        last_seen_at: 10,
        expires_at: 1_000,
        revoked_at: None,
        revoked_reason: None,
    };
    sessions::insert(&db.db, &session).await.unwrap();
    session
}

#[tokio::test]
async fn an_account_is_found_by_address_or_name_without_regard_to_case() {
    on_all(async |db| {
        let alice = user(db, "Alice").await;
        for login in ["alice", "ALICE", "alice@example.org", " Alice@EXAMPLE.org "] {
            assert_eq!(users::find_by_login(&db.db, login).await.unwrap().as_ref(), Some(&alice), "{login}");
        }
        assert_eq!(users::find_by_login(&db.db, "bob").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn accounts_change_by_version_and_list_in_pages() {
    on_all(async |db| {
        let alice = user(db, "alice").await;
        for name in ["bob", "carol", "under_score"] {
            user(db, name).await;
        }
        let change = UserChange { display_name: Some("Alice A.".into()), if_version: Some(1), ..UserChange::default() };
        let mut tx = db.begin().await.unwrap();
        let changed = users::update(&mut tx, alice.id, &change, 20).await.unwrap();
        assert_eq!((changed.display_name.as_str(), changed.version, changed.email.clone()), ("Alice A.", 2, alice.email.clone()));
        assert!(matches!(users::update(&mut tx, alice.id, &change, 20).await, Err(Error::Stale)));
        let clear = UserChange { email: Some(None), ..UserChange::default() };
        assert_eq!(users::update(&mut tx, alice.id, &clear, 20).await.unwrap().email, None);
        assert!(matches!(users::update(&mut tx, id(), &clear, 20).await, Err(Error::NotFound)));
        users::set_roles(&mut tx, alice.id, &["operator".into(), "admin".into()], 30, "test").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(users::find(&db.db, alice.id).await.unwrap().unwrap().roles, ["admin", "operator"]);
        assert_eq!(users::count_with_role(&db.db, "admin").await.unwrap(), 1);

        let first = users::list(&db.db, None, &Page::skip(0, 3)).await.unwrap();
        assert_eq!((first.items.len(), first.total, first.has_more), (3, Some(4), true));
        let rest = users::list(&db.db, None, &Page::after(first.next.unwrap(), 3)).await.unwrap();
        assert_eq!((rest.items.len(), rest.total, rest.has_more), (1, None, false));
        assert_eq!(users::list(&db.db, Some("r_s"), &Page::skip(0, 3)).await.unwrap().items.len(), 1, "an underscore is no wildcard");
    })
    .await;
}

#[tokio::test]
async fn deleting_an_account_takes_everything_with_it() {
    on_all(async |db| {
        let alice = user(db, "alice").await;
        let session = session(db, alice.id).await;
        users::set_password(&db.db, alice.id, &Password { hash: "h".into(), changed_at: 1 }).await.unwrap();
        users::rehash(&db.db, alice.id, "h", "h2").await.unwrap();
        users::rehash(&db.db, alice.id, "h", "h3").await.unwrap();
        assert_eq!(users::password(&db.db, alice.id).await.unwrap().unwrap().hash, "h2");
        let mut tx = db.begin().await.unwrap();
        users::delete(&mut tx, alice.id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(sessions::find(&db.db, session.id).await.unwrap(), None);
        assert_eq!(users::password(&db.db, alice.id).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_session_comes_with_its_user_and_ends_with_its_families() {
    on_all(async |db| {
        let alice = user(db, "alice").await;
        let one = session(db, alice.id).await;
        let two = session(db, alice.id).await;
        assert_eq!(sessions::find_with_user(&db.db, one.id).await.unwrap(), Some((one.clone(), alice.clone())));
        assert_eq!(sessions::list(&db.db, alice.id, 11).await.unwrap().len(), 2);

        let mut tx = db.begin().await.unwrap();
        assert!(matches!(sessions::revoke(&mut tx, id(), one.id, "logout", 20).await, Err(Error::NotFound)));
        sessions::revoke(&mut tx, alice.id, one.id, "logout", 20).await.unwrap();
        assert!(matches!(sessions::revoke(&mut tx, alice.id, one.id, "logout", 20).await, Err(Error::NotFound)));
        tx.commit().await.unwrap();
        assert_eq!(sessions::list(&db.db, alice.id, 21).await.unwrap(), std::slice::from_ref(&two));
        let three = session(db, alice.id).await;
        let mut tx = db.begin().await.unwrap();
        assert_eq!(sessions::revoke_all(&mut tx, alice.id, Some(three.id), "password", 30).await.unwrap(), [two.id]);
        tx.commit().await.unwrap();
        assert_eq!(sessions::purge(&db.db, 31).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_rotates_once_and_old_ones_are_recognised() {
    on_all(async |db| {
        let alice = user(db, "alice").await;
        let session = session(db, alice.id).await;
        let hash = |number: u8| vec![number; 32];
        let family = RefreshFamily {
            id: id(),
            session_id: session.id,
            user_id: alice.id,
            generation: 0,
            token_hash: hash(0),
            previous_hash: None,
            created_at: 10,
            rotated_at: 10,
            expires_at: 1_000,
            revoked_at: None,
        };
        let mut tx = db.begin().await.unwrap();
        refresh::insert(&mut tx, &family).await.unwrap();
        tx.commit().await.unwrap();

        let successor = hash(1);
        let rotation = refresh::Rotation { family: family.id, from: 0, successor: &successor, now: 20, expires_at: 2_000 };
        // sixteen at once: one wins, the others are told to look again
        let results = futures::future::join_all((0..16).map(|_| refresh::rotate(&db.db, &rotation))).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        assert!(results.iter().filter(|result| result.is_err()).all(|result| matches!(result, Err(Error::Stale))));

        let old = refresh::find(&db.db, &hash(0)).await.unwrap().unwrap();
        assert_eq!((old.generation, old.family.generation, old.family.rotated_at), (0, 1, 20));
        assert_eq!((old.family.token_hash, old.family.previous_hash), (hash(1), Some(hash(0))));
        assert_eq!(sessions::find(&db.db, session.id).await.unwrap().unwrap().expires_at, 2_000);
        assert_eq!(refresh::find(&db.db, &hash(9)).await.unwrap(), None);

        refresh::revoke(&db.db, family.id, 30).await.unwrap();
        let third = hash(2);
        let late = refresh::Rotation { family: family.id, from: 1, successor: &third, now: 31, expires_at: 2_000 };
        assert!(matches!(refresh::rotate(&db.db, &late).await, Err(Error::Stale)));
    })
    .await;
}

#[tokio::test]
async fn failures_count_within_a_window() {
    on_all(async |db| {
        for expected in 1..=3 {
            assert_eq!(logins::failed(&db.db, "ip:1", 100, 60).await.unwrap(), expected);
        }
        assert_eq!(logins::failures(&db.db, &["ip:1", "ip:2"], 150, 60).await.unwrap(), [("ip:1".to_owned(), 3, 100)]);
        assert_eq!(logins::failures(&db.db, &["ip:1"], 160, 60).await.unwrap(), []);
        assert_eq!(logins::failed(&db.db, "ip:1", 160, 60).await.unwrap(), 1);
        logins::clear(&db.db, "ip:1").await.unwrap();
        assert_eq!(logins::failed(&db.db, "ip:1", 161, 60).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_pending_login_is_taken_once_and_in_time() {
    on_all(async |db| {
        let login = PendingLogin {
            id: id(),
            provider: "did".into(),
            step: 1,
            state: vec![1, 2],
            nonce: Some(vec![3]),
            user_id: None,
            created_at: 1,
            expires_at: 100,
        };
        logins::begin(&db.db, &login).await.unwrap();
        assert_eq!(logins::consume(&db.db, login.id, "other", 50).await.unwrap(), None);
        assert_eq!(logins::consume(&db.db, login.id, "did", 50).await.unwrap(), Some(login.clone()));
        assert_eq!(logins::consume(&db.db, login.id, "did", 50).await.unwrap(), None);
        let late = PendingLogin { id: id(), ..login };
        logins::begin(&db.db, &late).await.unwrap();
        assert_eq!(logins::consume(&db.db, late.id, "did", 100).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn an_identity_belongs_to_one_user() {
    on_all(async |db| {
        let (alice, bob) = (user(db, "alice").await, user(db, "bob").await);
        let identity =
            Identity { id: id(), user_id: alice.id, provider: "google".into(), subject: "7".into(), created_at: 1, last_used_at: None };
        identities::insert(&db.db, &identity).await.unwrap();
        let second = Identity { id: id(), user_id: bob.id, ..identity.clone() };
        assert!(identities::insert(&db.db, &second).await.unwrap_err().is_conflict("identities_provider_subject_key"));
        assert_eq!(identities::find(&db.db, "google", "7").await.unwrap(), Some(identity.clone()));
        assert!(matches!(identities::delete(&db.db, bob.id, identity.id).await, Err(Error::NotFound)));
    })
    .await;
}

#[tokio::test]
async fn api_keys_and_secrets_are_kept_and_ended() {
    on_all(async |db| {
        let key = ApiKey {
            id: id(),
            user_id: None,
            name: "operator".into(),
            secret_hash: vec![7; 32],
            scopes: vec!["*".into()],
            created_at: 1,
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
        };
        api_keys::insert(&db.db, &key).await.unwrap();
        assert_eq!(api_keys::list(&db.db, None).await.unwrap(), std::slice::from_ref(&key));
        api_keys::used(&db.db, key.id, 100_000).await.unwrap();
        assert_eq!(api_keys::find(&db.db, key.id).await.unwrap().unwrap().last_used_at, Some(100_000));
        assert!(matches!(api_keys::revoke(&db.db, Some(id()), key.id, 5).await, Err(Error::NotFound)));
        api_keys::revoke(&db.db, None, key.id, 5).await.unwrap();
        assert_eq!(api_keys::list(&db.db, None).await.unwrap(), []);

        keys::put_secret(&db.db, "smtp", &[1], 1).await.unwrap();
        keys::put_secret(&db.db, "smtp", &[2], 2).await.unwrap();
        assert_eq!(keys::secret(&db.db, "smtp").await.unwrap(), Some(vec![2]));
        assert_eq!(keys::secret_names(&db.db).await.unwrap(), [("smtp".to_owned(), 2)]);
        keys::delete_secret(&db.db, "smtp").await.unwrap();
        assert!(matches!(keys::delete_secret(&db.db, "smtp").await, Err(Error::NotFound)));
    })
    .await;
}
