//! Databases for tests: a fresh SQLite file, and, when `MNEMOSYNE_TEST_POSTGRES_URL` is set, a fresh PostgreSQL schema.

use sqlx::Connection as _;
use uuid::Uuid;

use super::db::{ConnectOptions, Db};
use crate::model::task::{Priority, QuestType, Status, Task, TaskLog};
use crate::model::user::User;

/// A migrated database of one test.
pub(crate) struct TestDb {
    pub(crate) db: Db,
    _folder: tempfile::TempDir,
}

impl std::ops::Deref for TestDb {
    type Target = Db;
    fn deref(&self) -> &Db {
        &self.db
    }
}

/// One of each kind that is there.
pub(crate) async fn databases() -> Vec<TestDb> {
    let folder = tempfile::tempdir().unwrap();
    let mut all = vec![open(&format!("sqlite://{}", folder.path().join("test.db").display()), folder).await];
    if let Ok(base) = std::env::var("MNEMOSYNE_TEST_POSTGRES_URL") {
        let schema = format!("t{}", id().simple());
        let mut connection = sqlx::PgConnection::connect(&base).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let separator = if base.contains('?') { '&' } else { '?' };
        let url = format!("{base}{separator}options=-c%20search_path%3D{schema}");
        all.push(open(&url, tempfile::tempdir().unwrap()).await);
    }
    all
}

async fn open(url: &str, folder: tempfile::TempDir) -> TestDb {
    let db = Db::connect(url, &ConnectOptions { max_connections: 8, ..ConnectOptions::default() }).await.unwrap();
    db.migrate(1).await.unwrap();
    TestDb { db, _folder: folder }
}

/// A new id.
pub(crate) fn id() -> Uuid {
    crate::clock::IdSource::id(&crate::clock::SystemIds)
}

/// A user who is stored.
pub(crate) async fn user(db: &Db, name: &str) -> User {
    let user = User {
        id: id(),
        email: Some(format!("{name}@Example.org")),
        username: name.into(),
        display_name: name.to_uppercase(),
        roles: vec!["user".into()],
        active: true,
        timezone: "Europe/Berlin".into(),
        locale: "en".into(),
        day_start: 0,
        created_at: 10,
        updated_at: 10,
        last_login_at: None,
        version: 1,
    };
    let mut tx = db.begin().await.unwrap();
    super::users::insert(&mut tx, &user, None, "test").await.unwrap();
    tx.commit().await.unwrap();
    user
}

/// A task, not stored yet.
pub(crate) fn task(user: Uuid, title: &str) -> Task {
    Task {
        id: id(),
        user_id: user,
        parent_id: None,
        title: title.into(),
        description: String::new(),
        status: Status::Pending,
        priority: Priority::Medium,
        quest_type: QuestType::Solo,
        difficulty: 2,
        experience_points: 20,
        due_date: None,
        start_date: None,
        started_at: None,
        completed_at: None,
        created_at: 100,
        updated_at: 100,
        deleted_at: None,
        estimated_duration_minutes: None,
        actual_duration_minutes: None,
        progress: 0,
        tags: Vec::new(),
        assignees: Vec::new(),
        is_shared: false,
        value_impact: std::collections::BTreeMap::new(),
        requires_all_complete: false,
        recurrence: None,
        series_id: None,
        next_due: None,
        metadata: serde_json::Map::new(),
        completion_id: None,
        version: 1,
    }
}

/// A line of a task's history.
pub(crate) fn log(task: &Task, kind: &str) -> TaskLog {
    TaskLog {
        id: id(),
        task_id: task.id,
        user_id: task.user_id,
        kind: kind.into(),
        message: kind.into(),
        metadata: serde_json::Map::new(),
        created_at: 200,
    }
}

/// Runs the body on every database: `on_all(async |db: &TestDb| { … })`.
pub(crate) async fn on_all(body: impl AsyncFn(&TestDb)) {
    for db in databases().await {
        body(&db).await;
        db.db.close().await;
    }
}
