//! The only use of the ciphers: a key ring, and the formats that the stores keep.

mod gmail;
mod ring;

pub use gmail::GmailFormat;
pub use ring::KeyRing;
