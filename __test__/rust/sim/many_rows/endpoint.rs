//! The token endpoint, as one client reaches it.

use std::sync::Arc;
use std::time::Duration;

use tokenkeep::error::Error;
use tokenkeep::oauth::{Expiry, Metadata, Refusal, TokenEndpoint, TokenResponse, Verdict};
use tokenkeep::secret::{AccessToken, RefreshToken};
use tokio::sync::oneshot;

use super::super::process::Process;
use super::super::provider::Name;
use super::super::refresh_states::OURS;
use super::super::world::World;
use super::{Health, Login};

/// The lifetime of an access token. Each row is refreshed a few times.
const LIFETIME: Duration = Duration::from_secs(480);

pub(super) struct Endpoint {
    pub(super) world: Arc<World>,
    pub(super) process: Arc<Process>,
    pub(super) login: Login,
}

fn granted(refresh: Option<Name>, access: Name) -> Verdict {
    Verdict::Granted(TokenResponse {
        access_token: AccessToken::new(access.access_token()),
        refresh_token: refresh.map(|refresh| RefreshToken::new(refresh.refresh_token())),
        expiry: Expiry::In(LIFETIME),
        api_domain: None,
        scopes: None,
        metadata: Metadata::default(),
    })
}

fn client_rejected(error: &'static str) -> Verdict {
    Verdict::ClientRejected(Error::ClientRejected { error: error.into() })
}

fn answer(world: &World, login: Login, sent: Name) -> Verdict {
    let invalid_grant = || Verdict::InvalidGrant(Refusal::invalid_grant(Some(400)));
    let rotates = world.setting.provider.rotates();
    let mut truth = world.truth();
    let denies = truth.many_rows.denies(world.now_us());
    let user = truth.many_rows.user(sent.family);
    if !login.has_right_secret {
        return client_rejected("invalid_client");
    }
    if login.client != OURS {
        return invalid_grant();
    }
    if denies {
        user.misjudged = true;
        return invalid_grant();
    }
    match user.health {
        Health::Dead => invalid_grant(),
        Health::Refused if world.setting.repairs.row_refusal => {
            let reason = "unauthorized_client".into();
            Verdict::Refused(Error::ProviderRefused { status: 403, reason })
        }
        Health::Refused => client_rejected("unauthorized_client"),
        Health::Good if rotates && sent.number != user.newest => {
            truth.ledger.violate("I3", format!("{} is spent twice", sent.refresh_token()));
            invalid_grant()
        }
        Health::Good => {
            user.newest += 1;
            let next = Name { family: sent.family, number: user.newest };
            truth.ledger.counts.refreshes += 1;
            granted(rotates.then_some(next), next)
        }
    }
}

impl TokenEndpoint for Endpoint {
    fn client(&self) -> Option<&str> {
        Some(self.login.client)
    }

    fn login(&self) -> Option<&str> {
        let is_other = !self.login.has_right_secret && self.world.setting.repairs.login_secret;
        Some(if is_other { "a wrong secret" } else { self.login.client })
    }

    fn may_rotate(&self) -> bool {
        self.world.setting.provider.rotates()
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    async fn refresh(&self, token: &RefreshToken, _: Duration, _: Duration) -> Verdict {
        let Some(sent) = Name::parse(token.expose()) else {
            return Verdict::Refused(Error::internal("this is no refresh token"));
        };
        let world = &self.world;
        world.note(&self.process.name, || format!("sends {}", sent.refresh_token()));
        let (there_us, back_us) = world
            .random(|random| (random.between(20_000, 200_000), random.between(10_000, 100_000)));
        let (answered, waits) = oneshot::channel();
        let login = self.login;
        world.after(there_us, move |world| {
            let verdict = answer(world, login, sent);
            world.note("provider", || match &verdict {
                Verdict::Granted(_) => format!("exchanges {}", sent.refresh_token()),
                Verdict::InvalidGrant(_) => {
                    format!("rejects the grant of {}", sent.refresh_token())
                }
                verdict => format!("refuses {}: {verdict:?}", sent.refresh_token()),
            });
            world.after(back_us, move |_| drop(answered.send(verdict)));
        });
        let lost = || Verdict::Ambiguous(Error::internal("no answer"));
        waits.await.unwrap_or_else(|_| lost())
    }
}
