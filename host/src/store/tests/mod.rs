//! The store's tests: each runs on SQLite and, where a server is given, on PostgreSQL.

mod accounts;
mod foundation;
mod game;
mod operations;
mod plugins;
mod tasks;
