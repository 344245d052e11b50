//! `mnemosyne openapi`: the same document as `GET /openapi.json`, for code generators.

use super::Stop;

pub(super) fn run() -> Result<(), Stop> {
    print!("{}", crate::http::openapi().map_err(Stop::failed)?);
    Ok(())
}
