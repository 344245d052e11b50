//! What the host lets a plugin do.

pub mod grant;
