//! Whether requests are welcome, as an orchestrator asks.

use sqlx::Connection as _;

use crate::kit::{Backend, backends};

/// Changes the database behind the host's back.
async fn behind(url: &str, backend: Backend, statement: &'static str) {
    match backend {
        Backend::Sqlite => {
            let mut connection = sqlx::SqliteConnection::connect(url).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.map(drop).unwrap();
        }
        Backend::Postgres => {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.map(drop).unwrap();
        }
    }
}

const FROM_LATER: &str = "INSERT INTO schema_history (number, name, checksum, applied_at) \
    SELECT 999999, 'from_later', checksum, 0 FROM schema_history LIMIT 1";

backends! {
    async fn a_host_whose_schema_a_newer_one_has_moved_lives_and_is_not_ready(host: TestHost) {
        let nobody = host.anonymous();
        let ready = nobody.get("/health/ready").await.ok();
        assert_eq!((&ready["status"], ready["parts"].as_array().map(Vec::len)), (&"ok".into(), Some(2)), "{ready}");
        let (url, backend) = (host.database_url(), host.backend());
        behind(&url, backend, FROM_LATER).await;
        let moved = nobody.get("/health/ready").await.is(503);
        let part = &moved["parts"][1];
        assert_eq!((&moved["status"], &part["name"], &part["ok"]), (&"unavailable".into(), &"migrations".into(), &false.into()), "{moved}");
        assert!(part["problem"].as_str().unwrap().contains("mnemosyne migrate"), "{moved}");
        nobody.get("/health/live").await.ok();
        behind(&url, backend, "DELETE FROM schema_history WHERE number = 999999").await;
        nobody.get("/health/ready").await.ok();
    }
}
