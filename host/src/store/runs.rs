//! `runs`, `run_events`: answers while they are made, so that whoever lost the connection goes on from any host.
//!
//! Events are written in blocks, by the one host that makes the answer; what it had not written yet goes with the end of the
//! run into the transaction of the answer, so that no reader ever sees an end before what came before it.

use uuid::Uuid;

use super::db::{Reader, Writes};
use super::error::{Error, Result};
use super::row::rows;
use super::tx::Tx;
use crate::clock::Millis;
use crate::model::conversation::{EventKind, Run, RunEvent, RunState};

macro_rules! columns {
    () => {
        "id, user_id, conversation_id, message_id, host, state, cancel, started_at, ended_at"
    };
}

rows! {
    Run { id, user_id, conversation_id, message_id, host, state: text, cancel, started_at, ended_at }
    Stored { first, events }
}

/// A block as it is stored.
struct Stored {
    first: i64,
    /// JSON in a column of text.
    events: String,
}

/// A block of a run's events, without gaps.
#[derive(Clone, Debug)]
pub struct Block {
    /// Which run.
    pub run: Uuid,
    /// At least one.
    pub events: Vec<RunEvent>,
}

/// Begins a run.
pub async fn insert<'a>(db: impl Writes<'a>, run: &Run) -> Result<()> {
    db.writing(
        "INSERT INTO runs (id, user_id, conversation_id, message_id, host, state, started_at) VALUES ($1, $2, $3, $4, $5, $6, $7)".into(),
    )
    .bind(run.id)
    .bind(run.user_id)
    .bind(run.conversation_id)
    .bind(run.message_id)
    .bind(run.host)
    .bind(run.state.text())
    .bind(run.started_at)
    .execute()
    .await
    .map(drop)
}

/// The user's run.
pub async fn find<'a>(db: impl Reader<'a>, user: Uuid, id: Uuid) -> Result<Option<Run>> {
    db.reading(concat!("SELECT ", columns!(), " FROM runs WHERE id = $1 AND user_id = $2").into()).bind(id).bind(user).optional().await
}

/// How many runs of the user are under way, on all hosts.
pub async fn count_running<'a>(db: impl Reader<'a>, user: Uuid) -> Result<i64> {
    let row: (i64,) = db.reading("SELECT COUNT(*) FROM runs WHERE user_id = $1 AND ended_at IS NULL".into()).bind(user).one().await?;
    Ok(row.0)
}

/// Asks the host that makes the answer to stop; a run that has ended stays as it is.
pub async fn ask_to_cancel<'a>(db: impl Writes<'a>, user: Uuid, id: Uuid) -> Result<()> {
    db.writing("UPDATE runs SET cancel = $3 WHERE id = $1 AND user_id = $2 AND ended_at IS NULL".into())
        .bind(id)
        .bind(user)
        .bind(true)
        .execute()
        .await
        .map(drop)
}

/// The runs that a host is making.
pub async fn of_host<'a>(db: impl Reader<'a>, host: Uuid) -> Result<Vec<Run>> {
    db.reading(concat!("SELECT ", columns!(), " FROM runs WHERE host = $1 AND ended_at IS NULL").into()).bind(host).all().await
}

/// Runs under way whose host is none of `alive`, oldest first, at most 100.
pub async fn orphans<'a>(db: impl Reader<'a>, alive: &[Uuid]) -> Result<Vec<Run>> {
    let mut query = db.reading(concat!("SELECT ", columns!(), " FROM runs WHERE ended_at IS NULL").into());
    for host in alive {
        query.push(" AND host <> ").value(*host);
    }
    query.push(" ORDER BY started_at LIMIT 100");
    query.all().await
}

/// Ends a run that is still under way; [`Error::Stale`] when it has ended, or is gone.
pub async fn end(tx: &mut Tx, id: Uuid, state: RunState, now: Millis) -> Result<()> {
    let changed = tx
        .query("UPDATE runs SET state = $2, ended_at = $3 WHERE id = $1 AND ended_at IS NULL")
        .bind(id)
        .bind(state.text())
        .bind(now)
        .execute()
        .await?;
    if changed == 0 { Err(Error::Stale) } else { Ok(()) }
}

/// Writes blocks of several runs in one statement; those of a run that is gone meanwhile are let go.
pub async fn write<'a>(db: impl Writes<'a>, blocks: &[Block]) -> Result<()> {
    let mut query =
        db.writing("INSERT INTO run_events (run_id, first, last, events) SELECT b.run_id, b.first, b.last, b.events FROM (".into());
    let mut head = "SELECT ";
    for block in blocks {
        let (Some(first), Some(last)) = (block.events.first(), block.events.last()) else { continue };
        let events: Vec<(EventKind, &str)> = block.events.iter().map(|event| (event.kind, event.data.as_str())).collect();
        let events = serde_json::to_string(&events).map_err(|error| Error::Corrupt(error.to_string()))?;
        query.push(head).value(block.run).push(" AS run_id, ").value(first.number).push(" AS first, ");
        query.value(last.number).push(" AS last, ").value(events).push(" AS events");
        head = " UNION ALL SELECT ";
    }
    if head == "SELECT " {
        return Ok(());
    }
    query.push(") b WHERE EXISTS (SELECT 1 FROM runs r WHERE r.id = b.run_id)");
    query.execute().await.map(drop)
}

/// A run's events after a number, in order, up to the first gap.
pub async fn events<'a>(db: impl Reader<'a>, run: Uuid, after: i64) -> Result<Vec<RunEvent>> {
    let blocks: Vec<Stored> = db
        .reading("SELECT first, events FROM run_events WHERE run_id = $1 AND last > $2 ORDER BY first".into())
        .bind(run)
        .bind(after)
        .all()
        .await?;
    let (mut found, mut at) = (Vec::new(), after);
    for block in blocks {
        let events: Vec<(EventKind, String)> = serde_json::from_str(&block.events).map_err(|error| Error::Corrupt(error.to_string()))?;
        for (number, (kind, data)) in (block.first..).zip(events) {
            if number == at + 1 {
                at = number;
                found.push(RunEvent { number, kind, data });
            }
        }
    }
    Ok(found)
}

/// Removes events of runs that ended before `kept`, and runs that ended before `known`; tells how many rows.
pub async fn purge(db: &super::Db, kept: Millis, known: Millis) -> Result<u64> {
    let events = db.write("DELETE FROM run_events WHERE run_id IN (SELECT id FROM runs WHERE ended_at < $1)").bind(kept).execute().await?;
    Ok(events + db.write("DELETE FROM runs WHERE ended_at < $1").bind(known).execute().await?)
}
