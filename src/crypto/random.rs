//! Random texts.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// `BYTES` random bytes as base64url, without padding.
///
/// # Errors
/// [`Error::Internal`] if the operating system provides no random bytes.
pub fn random_text<const BYTES: usize>() -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0_u8; BYTES]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|_| Error::internal("the operating system gave no random bytes"))?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}
