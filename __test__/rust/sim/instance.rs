//! A process of tokenkeep and its callers.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tokenkeep::refresh::{Claimed, Engine, RefreshConfig, Runtime, Silent};

use super::checked_call;
use super::provider::Endpoint;
use super::refresh_notes::Notes;
use super::runtime::Machine;
use super::schedule::{Call, CallKind};
use super::table::Table;

pub(crate) type SimulatedEngine = Engine<Table, Machine>;

/// `refreshExpiring` refreshes tokens that are valid for less than this.
const DUE_WITHIN: Duration = Duration::from_secs(900);

/// A process of tokenkeep.
#[derive(Clone)]
pub(crate) struct Instance {
    pub(crate) machine: Machine,
    pub(crate) engine: Arc<SimulatedEngine>,
    pub(crate) endpoint: Arc<Endpoint>,
}

impl Instance {
    pub(crate) fn start(machine: &Machine) -> Self {
        let Machine { world, process } = machine;
        let table = Table {
            world: Arc::clone(world),
            process: Arc::clone(process),
            without: Mutex::default(),
            notes: Notes::new(world, process),
        };
        let mixed_fleet = world.setting.mixed_fleet();
        let config = RefreshConfig { limits: world.limits, mixed_fleet };
        let endpoint = Endpoint { world: Arc::clone(world), process: Arc::clone(process) };
        Self {
            engine: Arc::new(Engine::new(table, machine.clone(), config, Arc::new(Silent))),
            endpoint: Arc::new(endpoint),
            machine: machine.clone(),
        }
    }
}

/// A caller that leaves after so many polls.
pub(crate) struct Impatient<F> {
    pub(crate) calling: Option<Pin<Box<F>>>,
    pub(crate) polls: u64,
    pub(crate) has_left: Arc<AtomicBool>,
}

impl<F: Future<Output = ()>> Future for Impatient<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.polls == 0 {
            self.calling = None;
            self.has_left.store(true, Ordering::Relaxed);
        }
        self.polls = self.polls.saturating_sub(1);
        match &mut self.calling {
            Some(calling) => calling.as_mut().poll(context),
            None => Poll::Ready(()),
        }
    }
}

pub(crate) async fn call_at(instance: Instance, call: Call) {
    instance.machine.sleep(Duration::from_micros(call.at_us)).await;
    match call.kind {
        CallKind::Claim => claim(&instance).await,
        kind => drop(checked_call::call(&instance, kind).await),
    }
}

/// Refreshes the row before it expires, if it is due and free.
async fn claim(instance: &Instance) {
    let clock = instance.engine.stopwatch();
    let claimed = instance.engine.table().claim(DUE_WITHIN).await;
    if let Ok(Some((row, lease))) = claimed {
        let claimed = Claimed { key: (), row, lease, clock };
        let _ = instance.engine.refresh_claimed(claimed, Arc::clone(&instance.endpoint)).await;
    }
}
