//! What can go wrong with the database, in terms a service can act on.

use std::borrow::Cow;

use crate::error::{Code, Failure};

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The row is not there, or not the caller's.
    #[error("not found")]
    NotFound,
    /// A constraint refused it. Its name is the same on both databases: `users_email_folded_key`, `plugins_pkey`,
    /// `foreign_key`, `check`.
    #[error("conflicts with constraint `{constraint}`")]
    Conflict {
        /// Name of the constraint.
        constraint: String,
    },
    /// It is no longer at the version (or in the state) the caller saw.
    #[error("it has changed meanwhile")]
    Stale,
    /// More than the quota, or the disk is full.
    #[error("no room to store it")]
    Full,
    /// Text that PostgreSQL cannot keep (NUL, lone surrogates in JSON).
    #[error("text that cannot be stored")]
    Text,
    /// Locked for too long, out of connections, or gone for the moment.
    #[error("the database is unavailable: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// A row that cannot be read as what it should be.
    #[error("corrupt data: {0}")]
    Corrupt(String),
    /// The schema does not fit this binary; the sentence says what to do.
    #[error("{0}")]
    Schema(String),
    /// Anything else.
    #[error("database: {0}")]
    Other(#[source] sqlx::Error),
}

/// What a store function returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Whether it is a conflict with this constraint.
    pub fn is_conflict(&self, name: &str) -> bool {
        matches!(self, Self::Conflict { constraint } if constraint == name)
    }

    /// The name of the constraint, if it is a conflict.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Conflict { constraint } => Some(constraint),
            _ => None,
        }
    }
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::NotFound => Code::NotFound,
            Self::Conflict { .. } => Code::Conflict,
            Self::Stale => Code::VersionMismatch,
            Self::Full => Code::StorageFull,
            Self::Text => Code::Validation,
            Self::Unavailable(_) => Code::DatabaseUnavailable,
            Self::Corrupt(_) | Self::Schema(_) | Self::Other(_) => Code::Internal,
        }
    }

    fn public(&self) -> Option<Cow<'static, str>> {
        matches!(self, Self::Text).then_some(Cow::Borrowed("the text contains characters that cannot be stored, such as NUL"))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::RowNotFound => Self::NotFound,
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => {
                Self::Unavailable(error)
            }
            sqlx::Error::ColumnDecode { index, source } => Self::Corrupt(format!("column {index}: {source}")),
            sqlx::Error::Decode(source) => Self::Corrupt(source.to_string()),
            sqlx::Error::Database(database) => match classify(database.as_ref()) {
                Some(known) => known,
                None if unavailable(database.as_ref()) => Self::Unavailable(error),
                None => Self::Other(error),
            },
            _ => Self::Other(error),
        }
    }
}

fn classify(error: &dyn sqlx::error::DatabaseError) -> Option<Error> {
    use sqlx::error::ErrorKind;
    let code = error.code();
    let code = code.as_deref().unwrap_or_default();
    match error.kind() {
        ErrorKind::UniqueViolation => Some(Error::Conflict { constraint: constraint(error, code) }),
        ErrorKind::ForeignKeyViolation => Some(Error::Conflict { constraint: "foreign_key".into() }),
        ErrorKind::CheckViolation => Some(Error::Conflict { constraint: "check".into() }),
        _ => match code {
            // PostgreSQL: disk full, quota; SQLite: SQLITE_FULL
            "53100" | "54000" | "13" => Some(Error::Full),
            // PostgreSQL: character not in repertoire, untranslatable character, invalid text representation
            "22021" | "22P05" | "22P02" => Some(Error::Text),
            // PostgreSQL: serialization failure, deadlock: the caller saw a state that is gone
            "40001" | "40P01" => Some(Error::Stale),
            _ => None,
        },
    }
}

fn unavailable(error: &dyn sqlx::error::DatabaseError) -> bool {
    let code = error.code();
    let code = code.as_deref().unwrap_or_default();
    // SQLite busy, locked and their extended codes; PostgreSQL connection exceptions, shutdown, too many connections, lock time-out
    matches!(code, "5" | "6" | "261" | "262" | "517" | "773" | "55P03" | "53300" | "57P01" | "57P02" | "57P03") || code.starts_with("08")
}

/// The constraint's name as PostgreSQL forms it; SQLite tells columns, from which the same name is formed.
fn constraint(error: &dyn sqlx::error::DatabaseError, code: &str) -> String {
    if let Some(name) = error.constraint() {
        return name.to_owned();
    }
    let Some((_, columns)) = error.message().split_once("constraint failed: ") else {
        return "unknown".into();
    };
    let table = columns.split('.').next().unwrap_or_default();
    if code == "1555" {
        return format!("{table}_pkey");
    }
    let names: Vec<&str> = columns.split(", ").filter_map(|column| column.split_once('.').map(|(_, name)| name)).collect();
    format!("{table}_{}_key", names.join("_"))
}
