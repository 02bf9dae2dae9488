//! Nonces: random, each used once. The operating system is asked for many at a time, since asking takes longer
//! than sealing a token.

use std::cell::RefCell;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::{Error, Result};

/// The length of a nonce (NIST SP 800-38D, section 5.2.1.1).
pub(super) const NONCE_BYTES: usize = 12;
/// How many bytes are fetched at a time: 64 nonces.
const FETCHED_BYTES: usize = NONCE_BYTES * 64;

thread_local! {
    static UNUSED: RefCell<Unused> = const { RefCell::new(Unused::new()) };
}

/// A new nonce.
///
/// # Errors
/// [`Error::Internal`] if the operating system provides no random bytes.
pub(super) fn nonce() -> Result<[u8; NONCE_BYTES]> {
    // A thread that is ending has no buffer any more.
    UNUSED.try_with(|unused| unused.borrow_mut().next()).unwrap_or_else(|_| Unused::new().next())
}

/// Random bytes of a thread that no nonce has had yet. Used ones are wiped, the others when the thread ends.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Unused {
    bytes: [u8; FETCHED_BYTES],
    /// The number of bytes that are left, at the end of `bytes`.
    left: usize,
    /// The process that fetched them. A fork has the bytes of its parent, and must not use them.
    process: u32,
}

impl Unused {
    const fn new() -> Self {
        Self { bytes: [0; FETCHED_BYTES], left: 0, process: 0 }
    }

    fn next(&mut self) -> Result<[u8; NONCE_BYTES]> {
        let process = std::process::id();
        if self.left == 0 || self.process != process {
            self.left = 0;
            getrandom::fill(&mut self.bytes)
                .map_err(|_| Error::internal("the operating system gave no random bytes"))?;
            (self.left, self.process) = (FETCHED_BYTES, process);
        }
        let mut nonce = [0; NONCE_BYTES];
        let first = FETCHED_BYTES - self.left;
        let taken = &mut self.bytes[first..first + NONCE_BYTES];
        nonce.copy_from_slice(taken);
        taken.zeroize();
        self.left -= NONCE_BYTES;
        Ok(nonce)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_nonce_comes_twice_in_any_thread() {
        let of_a_thread = || (0..1_000).map(|_| nonce().expect("is there")).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(of_a_thread)).collect();
        let all = threads.into_iter().flat_map(|thread| thread.join().expect("ends"));
        assert_eq!(all.collect::<HashSet<_>>().len(), 4_000);
    }

    #[test]
    fn a_nonce_that_was_given_away_is_not_in_the_buffer_any_more() {
        let mut unused = Unused::new();
        let given = unused.next().expect("is there");
        assert!(!unused.bytes.windows(NONCE_BYTES).any(|bytes| bytes == given));
        assert_eq!(unused.bytes[..NONCE_BYTES], [0; NONCE_BYTES]);
        assert!(unused.bytes[NONCE_BYTES..].chunks(NONCE_BYTES).all(|bytes| bytes != [0; 12]));
    }

    #[test]
    fn a_fork_has_other_nonces_than_its_parent() {
        let mut parent = Unused::new();
        parent.next().expect("is there");
        // The memory of a fork is a copy, and its process has another number.
        let mut fork = Unused { process: parent.process + 1, ..Unused::new() };
        (fork.bytes, fork.left) = (parent.bytes, parent.left);
        let of = |unused: &mut Unused| (0..10).map(|_| unused.next().expect("is there")).collect();
        let (parents, forks): (HashSet<_>, HashSet<_>) = (of(&mut parent), of(&mut fork));
        assert!(parents.is_disjoint(&forks));
    }

    #[test]
    fn a_thread_that_ends_can_still_seal() {
        struct AtTheEnd;
        impl Drop for AtTheEnd {
            fn drop(&mut self) {
                assert!(nonce().is_ok());
            }
        }
        thread_local!(static LAST: AtTheEnd = const { AtTheEnd });
        let ended = std::thread::spawn(|| {
            LAST.with(|_| ());
            nonce().map(drop)
        });
        assert_eq!(ended.join().expect("does not panic"), Ok(()));
    }
}
