//! Keys derived from a secret and a salt: each is derived once, on a blocking thread, and cached.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread::available_parallelism;

use aes_gcm::{Aes256Gcm, KeyInit};
use tokio::sync::{OnceCell, Semaphore};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

pub(super) const SALT_BYTES: usize = 16;
const KEY_BYTES: usize = 32;
/// The maximum number of cached keys; the oldest is removed first.
const KEYS_MAX: usize = 4_096;
/// scrypt's parameters, the defaults of Node: N 16384, r 8, p 1; needs 16 MiB.
const LOG_N: u8 = 14;
const R: u32 = 8;
const P: u32 = 1;

pub(super) type Salt = [u8; SALT_BYTES];

/// Limits concurrent derivations in this process to the number of cores minus one.
static PERMITS: LazyLock<Semaphore> = LazyLock::new(|| {
    Semaphore::new(available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1)))
});

/// A derived key, or one that is being derived. Wiped on drop.
type Slot = Arc<OnceCell<Arc<Aes256Gcm>>>;

/// The derived keys of some secrets.
pub(super) struct DerivedKeys {
    secrets: Arc<Zeroizing<Vec<String>>>,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    slots: HashMap<(usize, Salt), Slot>,
    order: VecDeque<(usize, Salt)>,
}

impl DerivedKeys {
    pub(super) fn new(secrets: Zeroizing<Vec<String>>) -> Self {
        Self { secrets: Arc::new(secrets), cache: Mutex::default() }
    }

    /// Whether it has exactly these secrets.
    pub(super) fn has(&self, secrets: &[String]) -> bool {
        self.secrets.as_slice() == secrets
    }

    /// The number of secrets.
    pub(super) fn secrets(&self) -> usize {
        self.secrets.len()
    }

    /// The key for the secret with this index. Concurrent callers share one derivation.
    pub(super) async fn derive(&self, secret: usize, salt: Salt) -> Result<Arc<Aes256Gcm>> {
        let slot = self.slot((secret, salt));
        let key = slot.get_or_try_init(|| async {
            let _permit =
                PERMITS.acquire().await.map_err(|_| Error::internal("derivations were closed"))?;
            let secrets = Arc::clone(&self.secrets);
            tokio::task::spawn_blocking(move || scrypt(&secrets[secret], salt))
                .await
                .map_err(|_| Error::internal("a derivation panicked"))?
        });
        key.await.cloned()
    }

    /// The key for the secret with this index, if it is cached.
    pub(super) fn derived(&self, secret: usize, salt: Salt) -> Option<Arc<Aes256Gcm>> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.slots.get(&(secret, salt))?.get().cloned()
    }

    fn slot(&self, name: (usize, Salt)) -> Slot {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = cache.slots.get(&name) {
            return Arc::clone(slot);
        }
        if cache.order.len() == KEYS_MAX
            && let Some(oldest) = cache.order.pop_front()
        {
            cache.slots.remove(&oldest);
        }
        cache.order.push_back(name);
        Arc::clone(cache.slots.entry(name).or_default())
    }
}

fn scrypt(secret: &str, salt: Salt) -> Result<Arc<Aes256Gcm>> {
    let params = scrypt::Params::new(LOG_N, R, P)
        .map_err(|_| Error::internal("scrypt's parameters were refused"))?;
    let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
    scrypt::scrypt(secret.as_bytes(), &salt, &params, key.as_mut_slice())
        .map_err(|_| Error::internal("scrypt refused the length of a key"))?;
    Aes256Gcm::new_from_slice(key.as_slice())
        .map(Arc::new)
        .map_err(|_| Error::internal("a 32 byte key was refused"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_asks_for_the_same_salt_shares_one_derivation() {
        let keys = DerivedKeys::new(Zeroizing::new(vec!["x".repeat(32)]));
        let [one, other] = [keys.derive(0, [7; 16]), keys.derive(0, [7; 16])];
        let (one, other) = tokio::join!(one, other);
        assert!(Arc::ptr_eq(&one.expect("derives"), &other.expect("derives")));
    }

    #[test]
    fn the_oldest_keys_go_when_there_are_too_many() {
        let keys = DerivedKeys::new(Zeroizing::new(vec!["x".repeat(32)]));
        let salt = |number: usize| {
            let mut salt = [0; SALT_BYTES];
            salt[..8].copy_from_slice(&number.to_be_bytes());
            salt
        };
        let first = keys.slot((0, salt(0)));
        for number in 1..=KEYS_MAX {
            keys.slot((0, salt(number)));
        }
        assert!(!Arc::ptr_eq(&first, &keys.slot((0, salt(0)))), "the first key is still cached");
        assert_eq!(keys.cache.lock().expect("not poisoned").slots.len(), KEYS_MAX);
    }
}
