//! Private keys as JWK (RFC 7517; RFC 7518, section 6).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use serde::Deserialize;
use zeroize::Zeroizing;

type Text = Zeroizing<String>;
type Bytes = Zeroizing<Vec<u8>>;

/// What is read of a JWK, whatever its type.
#[derive(Deserialize)]
pub(super) struct Jwk {
    kty: String,
    pub(super) kid: Option<String>,
    pub(super) alg: Option<String>,
    crv: Option<String>,
    d: Option<Text>,
    n: Option<Text>,
    e: Option<Text>,
    p: Option<Text>,
    q: Option<Text>,
    dp: Option<Text>,
    dq: Option<Text>,
    qi: Option<Text>,
    x: Option<Text>,
    y: Option<Text>,
}

/// The numbers of a key, big-endian.
pub(super) enum KeyNumbers {
    Rsa(KeyPairComponents<Bytes>),
    /// On P-256: the private key, and the uncompressed point (SEC 1, section 2.3.3).
    P256(Bytes, Bytes),
}

impl Jwk {
    /// # Errors
    /// What is wrong, without a part of the text.
    pub(super) fn read(json: &str) -> Result<Self, &'static str> {
        serde_json::from_str(json).map_err(|_| "is not a JWK: it must be a JSON object with kty")
    }

    /// # Errors
    /// What is missing.
    pub(super) fn numbers(&self) -> Result<KeyNumbers, &'static str> {
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => self.rsa().map(KeyNumbers::Rsa).ok_or(
                "is not a private RSA key: n, e, d, p, q, dp, dq and qi must be there, in base64url",
            ),
            ("EC", Some("P-256")) => self
                .p256()
                .map(|(private, public)| KeyNumbers::P256(private, public))
                .ok_or("is not a private EC key: x, y and d must be there, in base64url"),
            _ => Err("must be an RSA key, or an EC key on P-256"),
        }
    }

    fn rsa(&self) -> Option<KeyPairComponents<Bytes>> {
        let number = |text| without_zeros(decoded(text)?);
        let public_key = PublicKeyComponents { n: number(&self.n)?, e: number(&self.e)? };
        Some(KeyPairComponents {
            public_key,
            d: number(&self.d)?,
            p: number(&self.p)?,
            q: number(&self.q)?,
            dP: number(&self.dp)?,
            dQ: number(&self.dq)?,
            qInv: number(&self.qi)?,
        })
    }

    fn p256(&self) -> Option<(Bytes, Bytes)> {
        let mut public = Zeroizing::new(vec![4]);
        public.extend_from_slice(&decoded(&self.x)?);
        public.extend_from_slice(&decoded(&self.y)?);
        Some((decoded(&self.d)?, public))
    }
}

fn decoded(text: &Option<Text>) -> Option<Bytes> {
    let text = text.as_ref()?.trim_end_matches('=');
    URL_SAFE_NO_PAD.decode(text).ok().map(Zeroizing::new)
}

/// ring reads no number with zeros in front.
fn without_zeros(number: Bytes) -> Option<Bytes> {
    let first = number.iter().position(|byte| *byte != 0)?;
    Some(Zeroizing::new(number[first..].to_vec()))
}
