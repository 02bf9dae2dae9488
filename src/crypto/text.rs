//! Opened bytes as text.

use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Moves the bytes: no second copy of the plaintext is left behind unwiped.
///
/// # Errors
/// [`Error::Decryption`] when they are no text.
pub(super) fn text(mut bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<String>> {
    String::from_utf8(std::mem::take(&mut *bytes)).map(Zeroizing::new).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        Error::Decryption
    })
}
