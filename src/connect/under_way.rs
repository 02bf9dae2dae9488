//! How many flows are being ended: who closes waits for them, since an answer is its only copy.

use tokio::sync::watch;

/// The count.
pub(super) struct UnderWay(watch::Sender<usize>);

impl Default for UnderWay {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

/// One of them, until it is dropped.
pub(super) struct Turn<'a>(&'a UnderWay);

impl UnderWay {
    pub(super) fn begin(&self) -> Turn<'_> {
        self.0.send_modify(|count| *count += 1);
        Turn(self)
    }

    /// Ends when there is none.
    pub(super) async fn ended(&self) {
        // The sender lives as long as we do, so there is no other way to end.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}
