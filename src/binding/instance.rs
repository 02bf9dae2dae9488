//! An instance: its options, and the stores that it opens.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use napi_derive::napi;

use super::bridge::{Bridge, Outbox, lock};
use super::fetch::Fetch;
use super::message::{Message, Value};
use super::options::InstanceOptions;
use super::stores::Stores;
use crate::config::Limits;
use crate::db::RlsContext;
use crate::error::{Error, Result};
use crate::refresh::{Event, Observer};
use crate::store::close_timeout_ms;

/// An independent instance.
#[napi]
pub struct Instance {
    outbox: Arc<Outbox>,
    stores: Arc<Mutex<Result<Arc<Stores>>>>,
    limits: Limits,
    rls: Option<RlsContext>,
}

#[napi]
impl Instance {
    /// `number` names this instance in events.
    #[napi(constructor, catch_unwind)]
    pub fn new(bridge: &Bridge, number: u32, mut options: InstanceOptions) -> Self {
        let outbox = Arc::clone(&bridge.outbox);
        let limits = options.limits();
        let observer = Arc::new(Events { outbox: Arc::clone(&outbox), number });
        let http = match options.has_fetch {
            Some(true) => Ok(Fetch::of(&outbox, number)),
            _ => options.http_client(),
        };
        let database = options.database(&outbox);
        let stores = Stores::open(&options, database, http, observer).map(Arc::new);
        options.wipe();
        Self { outbox, stores: Arc::new(Mutex::new(stores)), limits, rls: None }
    }

    /// The same instance, whose statements set this tenant for row-level security.
    #[napi(catch_unwind)]
    pub fn for_tenant(&self, tenant_id: String) -> Self {
        Self {
            outbox: Arc::clone(&self.outbox),
            stores: Arc::clone(&self.stores),
            limits: self.limits,
            rls: Some(RlsContext::of_tenant(tenant_id)),
        }
    }

    /// The settings have changed: tokens that are still to be stored go where the new ones lead.
    #[napi(catch_unwind)]
    pub fn update_settings(&self, mut options: InstanceOptions) {
        let database = options.database(&self.outbox);
        options.wipe();
        if let Ok(stores) = self.stores() {
            stores.update_settings(database);
        }
    }

    /// Resolves when no call and no refresh is running any more. Stops nothing. For an instance that gets no
    /// further calls.
    #[napi(catch_unwind)]
    pub fn idle(&self, id: u32) {
        let stores = self.stores();
        self.outbox.run(id, async move {
            if let Ok(stores) = stores {
                // One reference is the instance's, one is ours, the others are calls.
                while Arc::strong_count(&stores) > 2 {
                    tokio::time::sleep(IDLE_PAUSE).await;
                }
                stores.wait_idle().await;
            }
            Ok(Value::NOTHING)
        });
    }

    /// Refuses further calls, waits for running ones, and closes the pool. Resolves to whether all ended in
    /// time.
    #[napi(catch_unwind)]
    pub fn close(&self, id: u32, timeout_ms: Option<f64>) {
        let whole = close_timeout_ms(&self.limits);
        let timeout = timeout_ms.map_or(Duration::from_millis(whole), |ms| {
            Duration::from_secs_f64((ms / 1_000.0).clamp(0.0, 86_400.0))
        });
        let (open, shared) = (self.stores(), Arc::clone(&self.stores));
        self.outbox.run(id, async move {
            let Ok(stores) = open else { return Ok(Value::bool(true)) };
            let ended = stores.close(timeout).await;
            if ended {
                *lock(&shared) = Err(Error::Closed);
            } else {
                tokio::spawn(async move {
                    stores.wait_idle().await;
                    *lock(&shared) = Err(Error::Closed);
                });
            }
            Ok(Value::bool(ended))
        });
    }
}

/// How often an instance without further calls is checked.
const IDLE_PAUSE: Duration = Duration::from_millis(50);

impl Instance {
    pub(super) fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    pub(super) fn stores(&self) -> Result<Arc<Stores>> {
        let stores = lock(&self.stores).clone()?;
        Ok(match &self.rls {
            Some(rls) => Arc::new(stores.for_tenant(rls)),
            None => stores,
        })
    }
}

/// Passes on the events of an instance to JavaScript.
struct Events {
    outbox: Arc<Outbox>,
    number: u32,
}

impl Observer for Events {
    fn tell(&self, event: Event) {
        self.outbox.send(Message::event(self.number, event));
    }

    fn hold(&self, held: bool) {
        self.outbox.send(Message::Hold { held });
    }
}
