//! Client assertions: how a client authenticates with a private key (RFC 7523, sections 2.2 and 3).

mod jwk;
mod pkcs8;
mod signing_key;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;
use zeroize::Zeroizing;

pub use self::signing_key::{KeyOptions, SigningKey};
use crate::error::{Error, Result};

/// The parameter `client_assertion_type`.
pub(super) const CLIENT_ASSERTION_TYPE: &str =
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long an assertion is valid, in seconds. It is used once, at once; the rest is for clocks that differ, in either
/// direction: some servers refuse one that is valid for more than five minutes from their time.
const LIFETIME_S: u64 = 120;

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x5t: Option<&'a str>,
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    x5t_s256: Option<&'a str>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: &'a str,
    iat: u64,
    nbf: u64,
    exp: u64,
}

/// An assertion for one request of the client `id`. It is a secret until it expires.
///
/// # Errors
/// [`Error::Internal`] if the system has no random numbers.
pub(super) fn client_assertion(
    key: &SigningKey,
    id: &str,
    audience: &str,
    unix_time: Duration,
) -> Result<Zeroizing<String>> {
    let random = SystemRandom::new();
    let mut jti = [0; 16];
    let defect = |_| Error::internal("a client assertion could not be signed");
    random.fill(&mut jti).map_err(defect)?;
    let jti = URL_SAFE_NO_PAD.encode(jti);
    let (alg, kid) = (key.algorithm().name(), key.id());
    let (x5t, x5t_s256) = (key.certificate_sha1(), key.certificate_sha256());
    let now = unix_time.as_secs();
    let header = Header { alg, typ: "JWT", kid, x5t, x5t_s256 };
    let exp = now + LIFETIME_S;
    let claims = Claims { iss: id, sub: id, aud: audience, jti: &jti, iat: now, nbf: now, exp };
    let mut jwt = Zeroizing::new(format!("{}.{}", encoded(&header)?, encoded(&claims)?));
    let signature = key.sign(&random, jwt.as_bytes()).map_err(defect)?;
    jwt.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut jwt);
    Ok(jwt)
}

fn encoded(part: &impl Serialize) -> Result<String> {
    let json = serde_json::to_vec(part);
    json.map(|json| URL_SAFE_NO_PAD.encode(json))
        .map_err(|_| Error::internal("a client assertion cannot be written as JSON"))
}
