//! The only use of the ciphers: a key ring, and the formats that the stores keep.

mod bound;
mod fingerprint;
mod gmail;
mod ring;
mod sealing;
mod text;
mod vault;

pub use bound::{Place, is_sealed, open, seal};
pub use fingerprint::Fingerprints;
pub use gmail::GmailFormat;
pub use ring::KeyRing;
pub use sealing::{Sealing, Writes};
pub use vault::VaultFormat;
