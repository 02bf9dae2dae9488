//! tokenkeep keeps OAuth tokens sealed in the application's own PostgreSQL, and refreshes each once across all
//! processes. `ARCHITECTURE.md` describes the modules.
//!
//! ```text
//! JS call -> ts/        -> src/binding/   -> src/store/    -> src/refresh/   -> src/oauth/  -> the provider
//!            errors,       arguments,        which table,     fresh? lease,     src/crypto/    seal, open
//!            env, types    promises          which key        refresh, commit   src/db/     -> PostgreSQL
//! ```
//!
//! `src/connect/`, between `binding` and `store`, connects and disconnects users. `src/doctor/` examines a
//! database without using the stores.
//!
//! Imports go in one direction: `binding -> connect -> store -> refresh -> {oauth, crypto, db} -> {config,
//! secret, error, tls}`. `oauth`, `crypto` and `db` do not import each other.

pub mod config;
pub mod connect;
pub mod crypto;
pub mod db;
pub mod doctor;
pub mod error;
pub mod oauth;
pub mod refresh;
pub mod secret;
pub mod store;
pub mod tls;

#[cfg(feature = "binding")]
#[allow(unsafe_code, missing_docs, unreachable_pub)] // for the code that napi's macros generate
mod binding;
