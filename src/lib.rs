//! tokenkeep keeps OAuth tokens: sealed in the application's own PostgreSQL, refreshed once
//! across all its processes, one `await` away in Node.
//!
//! ```text
//! JS call -> ts/        -> src/binding/   -> src/store/    -> src/refresh/   -> src/oauth/  -> the provider
//!            errors,       arguments,        which table,     fresh? lease,     src/crypto/    seal, open
//!            env, types    promises          which key        refresh, commit   src/db/     -> PostgreSQL
//! ```
//!
//! `src/connect/` is how a user's tokens come in: it stands between `binding` and `store`.
//! `src/doctor/` looks at a database from outside and judges nothing: it knows no store.
//!
//! Imports run one way: `binding -> connect -> store -> refresh -> {oauth, crypto, db} -> {config, secret,
//! error, tls}`. `oauth`, `crypto` and `db` do not know each other.

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
#[allow(unsafe_code, missing_docs, unreachable_pub)] // its macro's glue, and what it needs
mod binding;
