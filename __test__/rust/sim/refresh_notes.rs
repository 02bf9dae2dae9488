//! What a process stores about its refreshes, while no caller waits.

use std::sync::{Arc, Mutex};

use tokenkeep::error::Result;
use tokenkeep::refresh::{Failure, RefreshState, RowClient, RowVersion};

use super::database::statement;
use super::faults::Point;
use super::process::Process;
use super::refresh_states::{Client, OURS, STAGING};
use super::world::World;

type Waiting = Arc<Mutex<Vec<(u32, Option<Client>)>>>;

/// One process's statements on [`States`](super::refresh_states::States).
pub(crate) struct Notes {
    world: Arc<World>,
    process: Arc<Process>,
    /// What is not written yet.
    waiting: Waiting,
}

fn write(waiting: &Waiting, truth: &mut super::world::Truth) {
    let waiting = std::mem::take(&mut *waiting.lock().expect("nothing panics while holding it"));
    for (row, client) in waiting {
        truth.states.refreshed(row, client);
    }
}

impl Notes {
    pub(crate) fn new(world: &Arc<World>, process: &Arc<Process>) -> Self {
        let (world, process) = (Arc::clone(world), Arc::clone(process));
        Self { world, process, waiting: Waiting::default() }
    }

    fn noted(&self, row: u32) -> Option<Option<Client>> {
        let waiting = self.waiting.lock().expect("nothing panics while holding it");
        waiting.iter().rev().find(|(noted, _)| *noted == row).map(|(_, client)| *client)
    }

    pub(crate) async fn state(
        &self,
        row: u32,
        version: &RowVersion,
        client: Option<&str>,
    ) -> Result<RefreshState> {
        let repairs = self.world.setting.repairs;
        let (token, noted) = (version.refresh.clone(), self.noted(row));
        let client = client.map(str::to_owned);
        let state = statement(&self.world, &self.process, Point::State, move |world, truth| {
            truth.states.read(row, token.as_ref(), client.as_deref(), noted, world.now())
        })
        .await?;
        Ok(RefreshState {
            client: if repairs.proven_client { state.client } else { RowClient::Same },
            refused: state.refused.filter(|_| repairs.refusal_pause),
            ..state
        })
    }

    pub(crate) fn refreshed(&self, row: u32, client: Option<&str>) {
        let name = [OURS, STAGING].into_iter().find(|name| client == Some(*name));
        self.waiting.lock().expect("nothing panics while holding it").push((row, name));
        let (world, process) = (Arc::clone(&self.world), Arc::clone(&self.process));
        let waiting = Arc::clone(&self.waiting);
        let writing = async move {
            let effect = {
                let waiting = Arc::clone(&waiting);
                move |_: &World, truth: &mut super::world::Truth| write(&waiting, truth)
            };
            if statement(&world, &process, Point::Note, effect).await.is_err() {
                // A note that fails is lost.
                waiting.lock().expect("nothing panics while holding it").clear();
            }
        };
        self.world.spawn(&self.process, writing);
    }

    pub(crate) async fn failed(
        &self,
        row: u32,
        version: &RowVersion,
        failure: &Failure,
    ) -> Option<std::time::Duration> {
        let (token, failure) = (version.refresh.clone(), failure.clone());
        let pause = statement(&self.world, &self.process, Point::Note, move |world, truth| {
            truth.states.failed(row, token, &failure, &world.limits, world.now())
        })
        .await;
        pause.ok().flatten().filter(|_| self.world.setting.repairs.refusal_pause)
    }

    pub(crate) async fn may_mark(&self, client: Option<&str>) -> Result<bool> {
        let is_limited = self.world.setting.repairs.mark_limit;
        let (client, waiting) = (client.map(str::to_owned), Arc::clone(&self.waiting));
        statement(&self.world, &self.process, Point::Note, move |world, truth| {
            // First count what this client has refreshed meanwhile.
            write(&waiting, truth);
            truth.states.admit(client.as_deref(), &world.limits, world.now()) || !is_limited
        })
        .await
    }
}
