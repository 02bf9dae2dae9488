//! The only code that knows Node: arguments in, promises out. It holds no SQL, no HTTP, no cipher and
//! makes no decision about tokens.

mod bridge;
mod calendar;
mod connect;
mod crypto;
mod database_password;
mod database_url;
mod doctor;
mod failure;
mod fetch;
mod flat;
mod gmail;
mod instance;
mod integration;
mod message;
mod migrate;
mod options;
mod providers;
mod record;
mod refresh_fn;
mod reseal;
mod revive;
mod runtime;
mod sealing;
mod stores;
mod vault;
mod zoho;
