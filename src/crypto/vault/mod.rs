//! The sealed format of the vault store (`docs/internals/stores.md`):
//!
//! ```text
//! key    = scrypt(secret, salt; N 16384, r 8, p 1; 32 bytes)
//! sealed = base64(salt iv tag ciphertext)        16, 12 and 16 bytes
//! (ciphertext, tag) = AES-256-GCM[key](iv, utf8(text))
//! ```

mod base64;
mod derived;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use aes_gcm::Aes256Gcm;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use self::derived::{DerivedKeys, SALT_BYTES, Salt};
use super::fingerprint::Fingerprints;
use super::nonce::NONCE_BYTES;
use super::ring::{SealedBy, TAG_BYTES, open_with, seal_with};
use super::text::text;
use crate::error::{Error, Result};

/// The minimum length of a secret, in UTF-16 units, as in JavaScript.
const SECRET_MIN_CHARS: usize = 32;
/// How many values are sealed with one salt; each has its own random IV.
const SALT_MAX_VALUES: u32 = 1_000;
/// How long a salt is used.
const SALT_MAX_AGE: Duration = Duration::from_secs(600);
/// The maximum length of a value that is opened synchronously, which takes tens of microseconds.
const AT_ONCE_MAX_BYTES: usize = 65_536;

/// The format with one or two secrets: the first seals, both open.
pub struct VaultFormat {
    keys: DerivedKeys,
    fingerprints: Fingerprints,
    reuses_salt: bool,
    sealing: tokio::sync::Mutex<Option<Sealing>>,
    /// Which secret has sealed the value that [`VaultFormat::sealed_by`] has looked at last.
    seen_last: AtomicUsize,
}

/// The salt that is used for sealing.
struct Sealing {
    salt: Salt,
    cipher: Arc<Aes256Gcm>,
    since: Duration,
    left: u32,
}

impl std::fmt::Debug for VaultFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VaultFormat({} secrets, redacted)", self.keys.secrets())
    }
}

/// The keys of fingerprints: `SHA-256(secret)`. The version is taken from the first bits of the key's `SHA-256`,
/// so that a secret keeps its version when it becomes the previous one.
fn fingerprints(secrets: &[String]) -> Fingerprints {
    let mut prints = Fingerprints::new();
    for secret in secrets {
        let key: Zeroizing<[u8; 32]> = Zeroizing::new(Sha256::digest(secret).into());
        let number: [u8; 32] = Sha256::digest(key.as_slice()).into();
        let number = i32::from_be_bytes([number[0] & 0x7f, number[1], number[2], number[3]]);
        prints.add(number, &key);
    }
    prints
}

static OPEN: Mutex<Vec<Weak<VaultFormat>>> = Mutex::new(Vec::new());

impl VaultFormat {
    /// The format for `ENCRYPTION_SECRET` and, optionally, `ENCRYPTION_SECRET_PREVIOUS`. Formats with equal
    /// arguments are shared within the process, with their derived keys.
    ///
    /// # Errors
    /// [`Error::Configuration`] if a secret is too short; never contains it.
    pub fn open_shared(
        secret: &str,
        previous: Option<&str>,
        reuses_salt: bool,
    ) -> Result<Arc<Self>> {
        let named = [("ENCRYPTION_SECRET", Some(secret)), ("ENCRYPTION_SECRET_PREVIOUS", previous)];
        let mut secrets = Zeroizing::new(Vec::new());
        for (option, secret) in named {
            let Some(secret) = secret else { continue };
            if secret.encode_utf16().count() < SECRET_MIN_CHARS {
                return Err(Error::configuration(option, "must be at least 32 characters"));
            }
            secrets.push(secret.to_owned());
        }
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|format| format.strong_count() > 0);
        let mut formats = open.iter().filter_map(Weak::upgrade);
        let equal =
            |format: &Arc<Self>| format.keys.has(&secrets) && format.reuses_salt == reuses_salt;
        if let Some(format) = formats.find(equal) {
            return Ok(format);
        }
        let fingerprints = fingerprints(&secrets);
        let keys = DerivedKeys::new(secrets);
        let sealing = tokio::sync::Mutex::default();
        let seen_last = AtomicUsize::default();
        let format = Arc::new(Self { keys, fingerprints, reuses_salt, sealing, seen_last });
        open.push(Arc::downgrade(&format));
        Ok(format)
    }

    /// The fingerprints under the same secrets.
    #[must_use]
    pub fn fingerprints(&self) -> &Fingerprints {
        &self.fingerprints
    }

    /// Seals any text with a new random IV. `now` is a monotonic time, to replace an old salt.
    ///
    /// # Errors
    /// [`Error::Internal`] if the operating system provides no random bytes.
    pub async fn seal(&self, plaintext: &str, now: Duration) -> Result<String> {
        let (salt, cipher) = self.sealing_key(now).await?;
        let mut buffer = Zeroizing::new(plaintext.as_bytes().to_vec());
        let (iv, tag) = seal_with(&cipher, &mut buffer, &[])?;
        Ok(base64::encode(&[&salt[..], &iv, &tag, &buffer].concat()))
    }

    /// Opens a value of [`seal`](Self::seal) or of an old service. A salt that is not cached needs a derivation,
    /// which takes tens of milliseconds on a blocking thread.
    ///
    /// # Errors
    /// [`Error::Decryption`], the same for every cause, so that it reveals nothing.
    pub async fn open(&self, sealed: &str) -> Result<Zeroizing<String>> {
        let bytes = base64::decode(sealed);
        let parts = Parts::of(&bytes).ok_or(Error::Decryption)?;
        for secret in 0..self.keys.secrets() {
            let cipher = self.keys.derive(secret, parts.salt).await?;
            if let Some(buffer) = parts.open(&cipher) {
                return text(buffer);
            }
        }
        Err(Error::Decryption)
    }

    /// Opens a value synchronously if it is short and its key is cached: switching threads would take much longer
    /// than opening it. If it returns `None`, use [`open`](Self::open).
    #[must_use]
    pub fn open_derived(&self, sealed: &str) -> Option<Zeroizing<String>> {
        if sealed.len() > AT_ONCE_MAX_BYTES {
            return None;
        }
        let bytes = base64::decode(sealed);
        let parts = Parts::of(&bytes)?;
        (0..self.keys.secrets()).find_map(|secret| {
            let cipher = self.keys.derived(secret, parts.salt)?;
            text(parts.open(&cipher)?).ok()
        })
    }

    /// How many secrets there are.
    #[must_use]
    pub fn secrets(&self) -> usize {
        self.keys.secrets()
    }

    /// Which secret has sealed a value: found by opening it. Tries the one first that the last value had: where each
    /// value has a salt of its own, each secret costs a derivation.
    ///
    /// # Errors
    /// [`Error::Internal`] if a key cannot be derived.
    pub async fn sealed_by(&self, sealed: &str) -> Result<SealedBy> {
        let bytes = base64::decode(sealed);
        let Some(parts) = Parts::of(&bytes) else { return Ok(SealedBy::Unknown) };
        let likely = self.seen_last.load(Ordering::Relaxed);
        let others = (0..self.keys.secrets()).filter(|secret| *secret != likely);
        for secret in std::iter::once(likely).chain(others) {
            let cipher = self.keys.derive(secret, parts.salt).await?;
            let Some(buffer) = parts.open(&cipher) else { continue };
            self.seen_last.store(secret, Ordering::Relaxed);
            let Ok(text) = text(buffer) else { return Ok(SealedBy::Unknown) };
            return Ok(match i32::try_from(secret) {
                Ok(0) => SealedBy::First,
                version => SealedBy::Other { version: version.unwrap_or(i32::MAX), text },
            });
        }
        Ok(SealedBy::Unknown)
    }

    async fn sealing_key(&self, now: Duration) -> Result<(Salt, Arc<Aes256Gcm>)> {
        if !self.reuses_salt {
            let salt = random_salt()?;
            return Ok((salt, self.keys.derive(0, salt).await?));
        }
        // Held during the derivation, for which other callers have to wait anyway.
        let mut sealing = self.sealing.lock().await;
        if let Some(sealing) = sealing.as_mut()
            && sealing.left > 0
            && now.saturating_sub(sealing.since) < SALT_MAX_AGE
        {
            sealing.left -= 1;
            return Ok((sealing.salt, Arc::clone(&sealing.cipher)));
        }
        let salt = random_salt()?;
        let cipher = self.keys.derive(0, salt).await?;
        let left = SALT_MAX_VALUES - 1;
        *sealing = Some(Sealing { salt, cipher: Arc::clone(&cipher), since: now, left });
        Ok((salt, cipher))
    }
}

/// The parts of a sealed value.
struct Parts<'a> {
    salt: Salt,
    iv: [u8; NONCE_BYTES],
    tag: [u8; TAG_BYTES],
    ciphertext: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let (salt, rest) = bytes.split_first_chunk()?;
        let (iv, rest) = rest.split_first_chunk()?;
        let (tag, ciphertext) = rest.split_first_chunk()?;
        Some(Self { salt: *salt, iv: *iv, tag: *tag, ciphertext })
    }

    /// The plaintext, if this is the right key.
    fn open(&self, cipher: &Aes256Gcm) -> Option<Zeroizing<Vec<u8>>> {
        let mut buffer = Zeroizing::new(self.ciphertext.to_vec());
        open_with(cipher, (self.iv, self.tag), &mut buffer, &[]).ok()?;
        Some(buffer)
    }
}

fn random_salt() -> Result<Salt> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt)
        .map_err(|_| Error::internal("the operating system gave no random bytes"))?;
    Ok(salt)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "fedcba9876543210fedcba9876543210";

    fn format(secret: &str, previous: Option<&str>, reuses_salt: bool) -> Arc<VaultFormat> {
        VaultFormat::open_shared(secret, previous, reuses_salt).expect("is long enough")
    }

    fn salt_of(sealed: &str) -> Vec<u8> {
        base64::decode(sealed)[..SALT_BYTES].to_vec()
    }

    #[tokio::test]
    async fn every_text_round_trips_and_an_old_secret_still_opens() {
        let old = format(SECRET, None, true);
        let both = format(OTHER, Some(SECRET), true);
        for plaintext in ["", "EAAG", "Grüße, 世界 🗝"] {
            let sealed = old.seal(plaintext, Duration::ZERO).await.expect("seals");
            assert_eq!(*both.open(&sealed).await.expect("opens"), plaintext);
            let sealed = both.seal(plaintext, Duration::ZERO).await.expect("seals");
            assert_eq!(old.open(&sealed).await, Err(Error::Decryption));
        }
    }

    #[tokio::test]
    async fn only_what_needs_no_derivation_is_opened_at_once() {
        let other = format("a secret of this test, 32 characters", Some(OTHER), true);
        let sealed = format(OTHER, None, true).seal("EAAG", Duration::ZERO).await.expect("seals");
        assert_eq!(other.open_derived(&sealed), None);
        assert_eq!(*other.open(&sealed).await.expect("opens"), "EAAG");
        assert_eq!(other.open_derived(&sealed).as_deref().map(String::as_str), Some("EAAG"));
        assert_eq!(other.open_derived(&sealed[..60]), None);
        let long = "x".repeat(AT_ONCE_MAX_BYTES);
        let long = other.seal(&long, Duration::ZERO).await.expect("seals");
        assert_eq!(other.open_derived(&long), None);
    }

    #[tokio::test]
    async fn a_salt_serves_a_thousand_values_or_ten_minutes_and_no_more() {
        let format = format("a secret of this test, 32 characters", None, true);
        let at = Duration::from_secs;
        let first = salt_of(&format.seal("a", at(0)).await.expect("seals"));
        for _ in 1..SALT_MAX_VALUES {
            assert_eq!(salt_of(&format.seal("a", at(599)).await.expect("seals")), first);
        }
        let second = salt_of(&format.seal("a", at(599)).await.expect("seals"));
        assert_ne!(second, first);
        assert_eq!(salt_of(&format.seal("a", at(1_198)).await.expect("seals")), second);
        assert_ne!(salt_of(&format.seal("a", at(1_199)).await.expect("seals")), second);
    }

    #[tokio::test]
    async fn which_secret_has_sealed_a_value_is_told_by_what_opens_it() {
        let both = format(OTHER, Some(SECRET), true);
        for (secret, version) in [(SECRET, Some(1)), (OTHER, Some(0)), (SECRET, Some(1))] {
            let sealed = format(secret, None, false).seal("a", Duration::ZERO).await;
            let by = match both.sealed_by(&sealed.expect("seals")).await.expect("derives") {
                SealedBy::First => Some(0),
                SealedBy::Other { version, .. } => Some(version),
                SealedBy::Unknown => None,
            };
            assert_eq!(by, version);
        }
        let lost = format("a secret that is lost, 32 characters", None, true);
        let lost = lost.seal("a", Duration::ZERO).await.expect("seals");
        for text in [lost.as_str(), "malformed"] {
            assert!(matches!(both.sealed_by(text).await, Ok(SealedBy::Unknown)));
        }
    }

    #[tokio::test]
    async fn without_reuse_every_value_has_a_salt_of_its_own() {
        let format = format(SECRET, None, false);
        let one = format.seal("a", Duration::ZERO).await.expect("seals");
        let other = format.seal("a", Duration::ZERO).await.expect("seals");
        assert_ne!(salt_of(&one), salt_of(&other));
    }

    #[tokio::test]
    async fn what_is_malformed_or_altered_is_refused_like_a_wrong_key() {
        let format = format(SECRET, None, true);
        let sealed = format.seal("EAAG", Duration::ZERO).await.expect("seals");
        let mut bytes = base64::decode(&sealed);
        for text in ["", "AAAA", "not base64 !!", &base64::encode(&bytes[..43])] {
            assert_eq!(format.open(text).await, Err(Error::Decryption), "{text}");
        }
        for index in SALT_BYTES..bytes.len() {
            bytes[index] ^= 1;
            assert_eq!(format.open(&base64::encode(&bytes)).await, Err(Error::Decryption));
            bytes[index] ^= 1;
        }
    }

    #[test]
    fn a_short_secret_is_refused_without_printing_it() {
        let error = VaultFormat::open_shared("hunter2", None, true).expect_err("is refused");
        assert!(
            error.to_string().contains("ENCRYPTION_SECRET")
                && !error.to_string().contains("hunter")
        );
    }
}
