//! The private key of a client, and how it signs (RFC 7518, section 3).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};

use super::jwk::{Jwk, KeyNumbers};
use super::pkcs8::pkcs8;

/// What an application says of its key.
#[derive(Default)]
pub struct KeyOptions<'a> {
    /// PKCS#8 in PEM format, or a JWK.
    pub private_key: &'a str,
    /// The header `kid`; `None`: that of the JWK, if it has one.
    pub key_id: Option<&'a str>,
    /// `RS256`, `PS256` or `ES256`; `None`: that of the JWK, or else the first that the key can be used for.
    pub algorithm: Option<&'a str>,
    /// The SHA-1 or SHA-256 thumbprint of the certificate, in hexadecimal.
    pub certificate_thumbprint: Option<&'a str>,
}

/// An algorithm of a JSON Web Signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Ps256,
    Es256,
}

impl Algorithm {
    const ALL: [Self; 3] = [Self::Rs256, Self::Ps256, Self::Es256];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
        }
    }
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

/// A key that signs client assertions.
pub struct SigningKey {
    pair: Pair,
    algorithm: Algorithm,
    id: Option<String>,
    /// The bytes of the thumbprint, in base64url, and whether they are SHA-256's.
    thumbprint: Option<(String, bool)>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(redacted)")
    }
}

impl SigningKey {
    /// Reads a key.
    ///
    /// # Errors
    /// The option that is wrong, and why; never a part of the key.
    pub fn new(given: &KeyOptions<'_>) -> Result<Self, (&'static str, &'static str)> {
        let invalid = |reason| ("privateKey", reason);
        let jwk = match given.private_key.trim_start().starts_with('{') {
            true => Some(Jwk::read(given.private_key).map_err(invalid)?),
            false => None,
        };
        let pair = match &jwk {
            Some(jwk) => of_numbers(jwk.numbers().map_err(invalid)?),
            None => of_pkcs8(&pkcs8(given.private_key).map_err(invalid)?),
        };
        let pair = pair.ok_or(invalid(
            "must be an RSA key of 2048 to 4096 bits, or an EC key on P-256, with its public key",
        ))?;
        let (jwk_id, jwk_algorithm) = jwk.map(|jwk| (jwk.kid, jwk.alg)).unwrap_or_default();
        let named = given.algorithm.map(|name| ("signingAlgorithm", name));
        let named = named.or(jwk_algorithm.as_deref().map(|name| ("privateKey", name)));
        let algorithm = algorithm(&pair, named)?;
        let thumbprint = given.certificate_thumbprint.map(thumbprint).transpose();
        let thumbprint = thumbprint.map_err(|reason| ("certificateThumbprint", reason))?;
        let id = given.key_id.map(str::to_owned).or(jwk_id);
        Ok(Self { pair, algorithm, id, thumbprint })
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The header `kid`.
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The header `x5t`.
    pub(super) fn certificate_sha1(&self) -> Option<&str> {
        self.thumbprint.as_ref().filter(|(_, is_sha256)| !is_sha256).map(|(text, _)| text.as_str())
    }

    /// The header `x5t#S256`.
    pub(super) fn certificate_sha256(&self) -> Option<&str> {
        self.thumbprint.as_ref().filter(|(_, is_sha256)| *is_sha256).map(|(text, _)| text.as_str())
    }

    /// What distinguishes this key from others.
    pub(in crate::oauth) fn public_key(&self) -> &[u8] {
        match &self.pair {
            Pair::Rsa(key) => key.public_key().as_ref(),
            Pair::P256(key) => key.public_key().as_ref(),
        }
    }

    /// The signature of a text.
    pub(super) fn sign(
        &self,
        random: &SystemRandom,
        text: &[u8],
    ) -> Result<Vec<u8>, ring::error::Unspecified> {
        match &self.pair {
            Pair::P256(key) => key.sign(random, text).map(|signature| signature.as_ref().to_vec()),
            Pair::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                let padding: &'static dyn RsaEncoding = match self.algorithm {
                    Algorithm::Ps256 => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                key.sign(padding, random, text, &mut signature)?;
                Ok(signature)
            }
        }
    }
}

fn of_pkcs8(bytes: &[u8]) -> Option<Pair> {
    if let Ok(key) = RsaKeyPair::from_pkcs8(bytes) {
        return Some(Pair::Rsa(Box::new(key)));
    }
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes, &random);
    key.ok().map(|key| Pair::P256(Box::new(key)))
}

fn of_numbers(numbers: KeyNumbers) -> Option<Pair> {
    match numbers {
        KeyNumbers::Rsa(numbers) => {
            RsaKeyPair::from_components(&numbers).ok().map(|key| Pair::Rsa(Box::new(key)))
        }
        KeyNumbers::P256(private, public) => {
            let (curve, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
            let key =
                EcdsaKeyPair::from_private_key_and_public_key(curve, &private, &public, &random);
            key.ok().map(|key| Pair::P256(Box::new(key)))
        }
    }
}

/// The algorithm that an option names, or else the first of the key.
fn algorithm(
    pair: &Pair,
    named: Option<(&'static str, &str)>,
) -> Result<Algorithm, (&'static str, &'static str)> {
    let (usable, wrong): (&[Algorithm], _) = match pair {
        Pair::Rsa(_) => {
            (&[Algorithm::Rs256, Algorithm::Ps256], "must be RS256 or PS256 for an RSA key")
        }
        Pair::P256(_) => (&[Algorithm::Es256], "must be ES256 for an EC key"),
    };
    let Some((option, name)) = named else { return Ok(usable[0]) };
    let found = Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name);
    match (found.filter(|algorithm| usable.contains(algorithm)), option) {
        (Some(algorithm), _) => Ok(algorithm),
        (None, "privateKey") => {
            Err((option, "has another alg than RS256, PS256 (RSA) or ES256 (EC)"))
        }
        (None, _) => Err((option, wrong)),
    }
}

/// A thumbprint as certificate stores show it, in base64url, and whether it is SHA-256's.
fn thumbprint(hex: &str) -> Result<(String, bool), &'static str> {
    let digits: String = hex.chars().filter(|c| *c != ':' && !c.is_whitespace()).collect();
    let mut bytes = vec![0; digits.len() / 2];
    let is_hex = faster_hex::hex_decode(digits.as_bytes(), &mut bytes).is_ok();
    match (is_hex, digits.len()) {
        (true, 40) => Ok((URL_SAFE_NO_PAD.encode(bytes), false)),
        (true, 64) => Ok((URL_SAFE_NO_PAD.encode(bytes), true)),
        _ => Err("must be a SHA-1 or SHA-256 thumbprint in hexadecimal: 40 or 64 digits"),
    }
}
