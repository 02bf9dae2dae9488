//! The call on whose behalf a task runs: the one that started it, even after that call was answered.

use std::sync::Arc;

tokio::task_local! {
    static CALLER: Caller;
}

/// A call, for as long as any task runs on its behalf.
#[derive(Clone)]
pub struct Caller(Arc<Call>);

struct Call {
    id: u32,
    ended: Box<dyn Fn(u32) + Send + Sync>,
}

impl Drop for Call {
    fn drop(&mut self) {
        (self.ended)(self.id);
    }
}

impl Caller {
    /// The call `id`. `ended` is called with it when no task runs on its behalf any more.
    pub fn new(id: u32, ended: impl Fn(u32) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Call { id, ended: Box::new(ended) }))
    }

    /// The call on whose behalf the current task runs; `None` outside of [`scope`](Self::scope).
    pub fn current_id() -> Option<u32> {
        CALLER.try_with(|caller| caller.0.id).ok()
    }

    /// Runs `task`, and everything that it spawns with [`super::Tokio`], on behalf of this call.
    pub async fn scope<T>(self, task: impl Future<Output = T>) -> T {
        CALLER.scope(self, task).await
    }
}

/// Spawns a task on behalf of the same call as the current one.
pub(super) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    match CALLER.try_with(Clone::clone) {
        Ok(caller) => tokio::spawn(CALLER.scope(caller, task)),
        Err(_) => tokio::spawn(task),
    };
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::oneshot;

    use super::*;
    use crate::refresh::{Runtime, Tokio};

    #[tokio::test]
    async fn a_task_runs_on_behalf_of_the_call_that_started_it_even_after_that_call() {
        let ended = Arc::new(AtomicU32::new(0));
        let told = Arc::clone(&ended);
        let caller = Caller::new(7, move |id| told.store(id, Ordering::SeqCst));
        let (go, gone) = oneshot::channel::<()>();
        let (tell, id) = oneshot::channel();
        caller
            .scope(async {
                Tokio::default().spawn(async {
                    let _ = gone.await;
                    let _ = tell.send(Caller::current_id());
                });
            })
            .await;
        assert_eq!(Caller::current_id(), None);
        assert_eq!(ended.load(Ordering::SeqCst), 0);
        drop(go);
        assert_eq!(id.await, Ok(Some(7)));
        while ended.load(Ordering::SeqCst) != 7 {
            tokio::task::yield_now().await;
        }
    }
}
