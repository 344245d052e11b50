//! How rows become models, on both databases with one list of columns.

use std::str::FromStr;

use sqlx::error::BoxDynError;

/// A stored text as the enum it stands for.
pub(crate) fn parse<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(text: &str) -> Result<T, sqlx::Error> {
    text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error) as BoxDynError))
}

/// Implements `FromRow` for both databases: `rows! { Session { id, user_id, scopes: maybe_json, … } }`.
///
/// A column has its field's name and is read as it is, or as `json` (a JSON column), `maybe_json` (one that may be NULL),
/// `text` (an enum), `rules` (the three columns of a revision), `words` (`string_agg`), `whole` (a model of its own),
/// `later` (no column: whoever reads fills it in).
macro_rules! rows {
    ($($name:ty { $($field:ident $(: $how:ident)?),+ $(,)? })+) => { $(
        $crate::store::row::rows!(@impl sqlx::sqlite::SqliteRow, $name { $($field $(: $how)?),+ });
        $crate::store::row::rows!(@impl sqlx::postgres::PgRow, $name { $($field $(: $how)?),+ });
    )+ };
    (@impl $row:ty, $name:ty { $($field:ident $(: $how:ident)?),+ }) => {
        impl<'r> sqlx::FromRow<'r, $row> for $name {
            fn from_row(row: &'r $row) -> std::result::Result<Self, sqlx::Error> {
                Ok(Self { $($field: $crate::store::row::rows!(@get row, $field $(, $how)?),)+ })
            }
        }
    };
    (@get $row:ident, $field:ident) => { sqlx::Row::try_get($row, stringify!($field))? };
    (@get $row:ident, $field:ident, json) => { sqlx::Row::try_get::<sqlx::types::Json<_>, _>($row, stringify!($field))?.0 };
    (@get $row:ident, $field:ident, maybe_json) => { sqlx::Row::try_get::<Option<sqlx::types::Json<_>>, _>($row, stringify!($field))?.map(|json| json.0) };
    (@get $row:ident, $field:ident, text) => { $crate::store::row::parse(sqlx::Row::try_get::<&str, _>($row, stringify!($field))?)? };
    (@get $row:ident, $field:ident, rules) => { $crate::store::row::rules(
        sqlx::Row::try_get($row, "plugin")?, sqlx::Row::try_get($row, "plugin_version")?, sqlx::Row::try_get($row, "digest")?,
    ) };
    (@get $row:ident, $field:ident, later) => { None };
    (@get $row:ident, $field:ident, whole) => { sqlx::FromRow::from_row($row)? };
    (@get $row:ident, $field:ident, words) => { $crate::store::row::words(sqlx::Row::try_get($row, stringify!($field))?) };
}
pub(crate) use rows;

/// The three columns that name a revision, if it is known.
pub(crate) fn rules(plugin: Option<String>, version: Option<String>, digest: Option<String>) -> Option<crate::model::game::Rules> {
    Some(crate::model::game::Rules { plugin: plugin?, version: version?, digest: digest? })
}

/// `a,b,c` of `string_agg`, sorted.
pub(crate) fn words(list: Option<&str>) -> Vec<String> {
    let mut words: Vec<String> = list.unwrap_or_default().split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    words.sort_unstable();
    words
}
