//! The one tokio runtime of the process. Its threads end with the process and do not keep it alive.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, Result};

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// The runtime. The first call sets the number of its threads.
pub(super) fn runtime(threads: usize) -> Result<&'static Runtime> {
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let built = Builder::new_multi_thread()
        .worker_threads(threads.clamp(1, 64))
        .thread_name("tokenkeep")
        .enable_all()
        .build()
        .map_err(|_| Error::internal("the runtime could not be started"))?;
    Ok(RUNTIME.get_or_init(|| built))
}
