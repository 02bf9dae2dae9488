//! Converts opened bytes to text.

use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Moves the bytes, so that no unwiped copy of the plaintext remains.
///
/// # Errors
/// [`Error::Decryption`] if they are not UTF-8.
pub(super) fn text(mut bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<String>> {
    String::from_utf8(std::mem::take(&mut *bytes)).map(Zeroizing::new).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        Error::Decryption
    })
}
