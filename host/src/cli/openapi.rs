//! `mnemosyne openapi`: the same document as `GET /openapi.json`, for code generators.

use super::Stop;

pub(super) fn run() -> Result<(), Stop> {
    let document = serde_json::to_string_pretty(&crate::http::openapi()).map_err(|error| Stop::failed(error.to_string()))?;
    println!("{document}");
    Ok(())
}
