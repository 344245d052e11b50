//! Each convention of `api.md`: works, refused.
