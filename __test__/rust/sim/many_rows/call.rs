//! I5 with many rows: a caller of a healthy row gets its token, whatever happens to other rows.

use std::sync::Arc;

use tokenkeep::error::Error;
use tokenkeep::refresh::{Engine, RefreshOptions};

use super::super::provider::Name;
use super::super::refresh_states::OURS;
use super::super::runtime::Machine;
use super::endpoint::Endpoint;
use super::table::Table;
use super::{Health, Login};

#[derive(Clone)]
pub(super) struct Member {
    pub(super) machine: Machine,
    pub(super) engine: Arc<Engine<Table, Machine>>,
}

impl Member {
    pub(super) fn endpoint(&self, login: Login) -> Arc<Endpoint> {
        let Machine { world, process } = self.machine.clone();
        Arc::new(Endpoint { world, process, login })
    }

    pub(super) async fn call(&self, user: u32, login: Login) {
        let Machine { world, process } = &self.machine;
        let endpoint = self.endpoint(login);
        let limits = &world.limits;
        let refresh_options = RefreshOptions {
            fresh_ms: limits.fresh_ms,
            wait_ms: limits.wait_ms,
            usable_at_once: false,
            force: false,
        };
        world.note(&process.name, || format!("calls for user {user} as {login:?}"));
        let outcome = self
            .engine
            .valid(user, move |(): &()| Ok(Arc::clone(&endpoint)), refresh_options)
            .await;
        let outcome = outcome.map(|token| token.credentials.access_token.expose().to_owned());
        world.note(&process.name, || match &outcome {
            Ok(token) => format!("gets {token}"),
            Err(error) => format!("gets {}", error.code()),
        });
        let struck = world.faults.lock().expect("nothing panics while holding it").struck > 0;
        let mut truth = world.truth();
        let row = truth.many_rows.user(user);
        let may_fail = struck
            || login != Login::RIGHT
            || row.health != Health::Good
            || row.misjudged
            || login.client != OURS;
        let wrong = match &outcome {
            Ok(token) => Name::parse(token).is_none_or(|name| name.family != user),
            Err(Error::Internal { .. }) => true,
            Err(_) => !may_fail,
        };
        if wrong {
            let told = match &outcome {
                Ok(token) => token,
                Err(error) => error.code(),
            };
            let text = format!("a caller of {} for user {user} gets {told}", process.name);
            truth.ledger.violate("I5", text);
        }
    }
}
