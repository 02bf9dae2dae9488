//! An instance: its options, and the stores that it opens.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use napi_derive::napi;

use super::bridge::{Bridge, Outbox, lock};
use super::fetch::Fetch;
use super::message::{Message, Value};
use super::options::InstanceOptions;
use super::stores::{CallStores, Stores};
use crate::config::Limits;
use crate::db::RlsContext;
use crate::error::{Error, Result};
use crate::oauth::AuthorizationServer;
use crate::refresh::{Event, Observer};
use crate::store::close_timeout_ms;

static LAST_HANDLE: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// The instances of this JavaScript thread, by their handles.
    static INSTANCES: RefCell<HashMap<u32, Rc<Open>>> = RefCell::default();
}

/// A provider on pages.
#[napi(object, object_from_js = false)]
pub struct ProviderPage {
    /// Its name, such as `HubSpot`.
    pub title: String,
    /// The origin of the consent screen, to which forms may redirect.
    pub authorization_origin: Option<String>,
    /// The variables of which each connection has its own value.
    pub variables: Vec<String>,
}

/// An independent instance. Calls name it by its handle: to get it from the object would cost more than the
/// rest of a call.
#[napi]
pub struct Instance {
    handle: u32,
    open: Rc<Open>,
}

struct Open {
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
        Self::of(Open { outbox, stores: Arc::new(Mutex::new(stores)), limits, rls: None })
    }

    /// Valid until the instance is collected.
    #[napi(getter, catch_unwind)]
    pub fn handle(&self) -> u32 {
        self.handle
    }

    /// The same instance, whose statements set this tenant for row-level security.
    #[napi(catch_unwind)]
    pub fn for_tenant(&self, tenant_id: String) -> Self {
        Self::of(Open {
            outbox: Arc::clone(&self.open.outbox),
            stores: Arc::clone(&self.open.stores),
            limits: self.open.limits,
            rls: Some(RlsContext::of_tenant(tenant_id)),
        })
    }

    /// The settings have changed: tokens that are still to be stored go where the new ones lead.
    #[napi(catch_unwind)]
    pub fn update_settings(&self, mut options: InstanceOptions) {
        let database = options.database(&self.open.outbox);
        options.wipe();
        if let Ok(stores) = self.open.stores() {
            stores.update_settings(database);
        }
    }

    /// Resolves when no call and no refresh is running any more. Stops nothing. For an instance that gets no
    /// further calls.
    #[napi(catch_unwind)]
    pub fn idle(&self, id: u32) {
        let stores = self.open.stores();
        self.open.outbox.run(id, async move {
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
        let whole = close_timeout_ms(&self.open.limits);
        let timeout = timeout_ms.map_or(Duration::from_millis(whole), |ms| {
            Duration::from_secs_f64((ms / 1_000.0).clamp(0.0, 86_400.0))
        });
        let (open, shared) = (self.open.stores(), Arc::clone(&self.open.stores));
        self.open.outbox.run(id, async move {
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
    fn of(open: Open) -> Self {
        let (handle, open) = (LAST_HANDLE.fetch_add(1, Ordering::Relaxed), Rc::new(open));
        INSTANCES.with_borrow_mut(|instances| instances.insert(handle, Rc::clone(&open)));
        Self { handle, open }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // A thread that ends may have dropped the map already.
        let _ = INSTANCES.try_with(|instances| instances.borrow_mut().remove(&self.handle));
    }
}

impl Open {
    fn stores(&self) -> Result<Arc<Stores>> {
        lock(&self.stores).clone()
    }
}

/// What pages say of a provider that users connect to; `null` if it is not described.
#[napi(catch_unwind)]
pub fn provider_page(instance: u32, provider: String) -> napi::Result<Option<ProviderPage>> {
    let stores = find(instance)?.stores().ok();
    let Some(stores) = stores.filter(|stores| stores.connect.knows(&provider)) else {
        return Ok(None);
    };
    // What is wrong with it is an error of the calls that need it.
    let server = stores.connect.server(Some(&provider)).ok();
    Ok(Some(ProviderPage {
        title: server.map_or(provider.as_str(), AuthorizationServer::title).to_owned(),
        authorization_origin: server.and_then(AuthorizationServer::authorization_origin),
        variables: server.map_or_else(Vec::new, |server| server.provider().asked_variables()),
    }))
}

/// The names of the providers that users can connect to, sorted.
#[napi(catch_unwind)]
pub fn connected_providers(instance: u32) -> napi::Result<Vec<String>> {
    let stores = find(instance)?.stores().ok();
    Ok(stores.map(|stores| stores.connect.providers()).unwrap_or_default())
}

fn find(handle: u32) -> napi::Result<Rc<Open>> {
    let found = INSTANCES.with_borrow(|instances| instances.get(&handle).cloned());
    found.ok_or_else(|| napi::Error::from_reason("the instance has ended"))
}

/// Runs the work of the call `id` with the stores of an instance, and settles it.
pub(super) fn call<Work>(
    instance: u32,
    id: u32,
    work: impl FnOnce(Result<CallStores>) -> Work,
) -> napi::Result<()>
where
    Work: Future<Output = Result<Value>> + Send + 'static,
{
    let instance = find(instance)?;
    let stores = instance.stores().map(|stores| CallStores::new(stores, instance.rls.clone()));
    instance.outbox.run(id, work(stores));
    Ok(())
}

pub(super) fn outbox_of(instance: u32) -> napi::Result<Arc<Outbox>> {
    Ok(Arc::clone(&find(instance)?.outbox))
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
