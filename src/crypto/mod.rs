//! The key ring and the sealed formats of the stores. No other module uses ciphers.

mod bound;
mod fingerprint;
mod gmail;
mod nonce;
mod random;
mod ring;
mod sealing;
mod signature;
mod subkeys;
mod text;
mod vault;

pub use bound::{Place, is_sealed, open, seal, sealed_by};
pub use fingerprint::{Fingerprints, unkeyed_fingerprint};
pub use gmail::GmailFormat;
pub use random::random_text;
pub use ring::{KeyRing, SealedBy};
pub use sealing::{Sealing, Writes};
pub use signature::Signatures;
pub use vault::VaultFormat;
