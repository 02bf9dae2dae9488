//! The refresh protocol against a table and a provider that fail on demand. The name of each test says
//! what must not be lost. Many of them are counterexamples of `docs/internals/refresh-protocol.md`.

mod callers;
mod commit;
mod ended_access_tokens;
mod forced_and_claimed;
mod lease;
mod polling;
mod requests;
mod revocation;
mod rotation_grace;
mod world;
