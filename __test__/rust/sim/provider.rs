//! The provider: families of refresh tokens, and what reuse does to them.

use std::sync::Arc;
use std::time::Duration;

use tokenkeep::error::Error;
use tokenkeep::oauth::{Refusal, TokenEndpoint, Verdict};
use tokenkeep::secret::RefreshToken;
use tokio::sync::oneshot;

use super::faults::{Point, Reply, When};
use super::process::Process;
use super::refresh_states::OURS;
use super::token_response::{self, Lifetime};
use super::world::World;

/// How a provider treats refresh tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The refresh token never changes.
    Keeps,
    /// The refresh token never changes, but the provider does not promise that, as with Google.
    KeepsUnpromised,
    /// A new refresh token each time; reuse of an old one revokes the family.
    RotatesStrictly,
    /// A new refresh token each time; an old one is only refused.
    RotatesLoosely,
}

impl Kind {
    pub(crate) fn rotates(self) -> bool {
        matches!(self, Self::RotatesStrictly | Self::RotatesLoosely)
    }

    fn may_rotate(self) -> bool {
        self != Self::Keeps
    }
}

/// A grant.
pub(crate) struct Family {
    pub(crate) is_alive: bool,
    /// The generation of its newest refresh token.
    pub(crate) newest: u32,
}

/// A refresh token by its family and generation, or an access token by family and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) family: u32,
    pub(crate) number: u32,
}

impl Name {
    pub(crate) fn parse(token: &str) -> Option<Self> {
        let mut parts = token.split('.').skip(1);
        let mut next = || parts.next()?.parse().ok();
        Some(Self { family: next()?, number: next()? })
    }

    pub(crate) fn refresh_token(self) -> String {
        format!("refresh.{}.{}", self.family, self.number)
    }

    pub(crate) fn access_token(self) -> String {
        format!("access.{}.{}", self.family, self.number)
    }
}

/// A successful exchange.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grant {
    pub(crate) refresh: Name,
    pub(crate) access: Name,
    pub(crate) lifetime: Duration,
}

pub(crate) struct Provider {
    pub(crate) kind: Kind,
    pub(crate) families: Vec<Family>,
    /// Since when and until when each access token is valid.
    access: Vec<(u64, u64)>,
}

impl Provider {
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, families: Vec::new(), access: Vec::new() }
    }

    pub(crate) fn family(&self, number: u32) -> &Family {
        &self.families[number as usize]
    }

    /// A user consents: a new grant.
    pub(crate) fn connect(&mut self, now_us: u64, lifetime: Duration) -> Grant {
        self.families.push(Family { is_alive: true, newest: 0 });
        let family = u32::try_from(self.families.len() - 1).expect("are few");
        self.grant(family, now_us, lifetime)
    }

    /// A new access token of a family, with its newest refresh token.
    pub(crate) fn grant(&mut self, family: u32, now_us: u64, lifetime: Duration) -> Grant {
        let lifetime_us = u64::try_from(lifetime.as_micros()).expect("is short");
        self.access.push((now_us, now_us + lifetime_us));
        let number = u32::try_from(self.access.len() - 1).expect("are few");
        let refresh = Name { family, number: self.family(family).newest };
        Grant { refresh, access: Name { family, number }, lifetime }
    }

    pub(crate) fn access_until_us(&self, access: Name) -> u64 {
        self.access[access.number as usize].1
    }

    pub(crate) fn access_since_us(&self, access: Name) -> u64 {
        self.access[access.number as usize].0
    }

    /// Whether this refresh token could be exchanged.
    pub(crate) fn is_good(&self, refresh: Name) -> bool {
        let family = self.family(refresh.family);
        family.is_alive && (!self.kind.rotates() || family.newest == refresh.number)
    }

    /// `None`: `invalid_grant`.
    fn exchange(&mut self, refresh: Name, now_us: u64, lifetime: Duration) -> Option<Grant> {
        if !self.is_good(refresh) {
            let family = &mut self.families[refresh.family as usize];
            family.is_alive &= self.kind != Kind::RotatesStrictly;
            return None;
        }
        if self.kind.rotates() {
            self.families[refresh.family as usize].newest += 1;
        }
        Some(self.grant(refresh.family, now_us, lifetime))
    }
}

/// The token endpoint as one process reaches it.
pub(crate) struct Endpoint {
    pub(crate) world: Arc<World>,
    pub(crate) process: Arc<Process>,
}

/// Reports an answer as lost if it is dropped before it arrives.
struct OnItsWay {
    world: Arc<World>,
    refresh: Name,
    process: usize,
    taken: bool,
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        if !self.taken {
            self.world.truth().ledger.lost(self.refresh, self.process);
        }
    }
}

impl Endpoint {
    /// Sends one request over the simulated network.
    pub(crate) async fn send(&self, refresh: Name) -> Verdict {
        let world = &self.world;
        let sent = world.sending(&self.process, Point::Send).await;
        world.note(&self.process.name, || match sent.reply {
            Reply::Usual => format!("sends {}", refresh.refresh_token()),
            reply => format!("sends {} ({reply:?})", refresh.refresh_token()),
        });
        world.truth().ledger.sends(world, &self.process, refresh);
        let mut on_its_way =
            OnItsWay { world: Arc::clone(world), refresh, process: self.process.id, taken: false };
        let verdict = self.answer(refresh, sent.reply).await;
        // A complete answer was received, however it is judged.
        let granted = match verdict {
            Verdict::Granted(_) => Some(true),
            Verdict::Ambiguous(_) if sent.reply == Reply::OddLifetime => Some(true),
            Verdict::InvalidGrant(_) => Some(false),
            _ => None,
        };
        on_its_way.taken = granted.is_some();
        if let Some(granted) = granted {
            world.note(&self.process.name, || {
                (if granted { "gets its answer" } else { "gets invalid_grant" }).into()
            });
            world.truth().ledger.received(world, refresh, &self.process, granted);
        }
        verdict
    }

    async fn answer(&self, refresh: Name, reply: Reply) -> Verdict {
        let ambiguous = || Verdict::Ambiguous(Error::OutcomeUnknown { reason: "simulated".into() });
        let unavailable =
            |status| Error::ProviderUnavailable { status, reason: "simulated".into() };
        let world = &self.world;
        let (there_us, back_us, lifetime) = world.random(|random| {
            let there_us = match reply {
                Reply::Slow => random.between(5_000_000, 14_900_000),
                Reply::Delayed => random.between(1_000_000, 90_000_000),
                _ => random.between(20_000, 200_000),
            };
            let back_us = match reply {
                Reply::Late => random.between(15_000_000, 120_000_000),
                _ => random.between(10_000, 100_000),
            };
            let lifetime = match reply {
                Reply::OddLifetime => Lifetime::odd(random),
                _ => Lifetime::usual(lifetime(random)),
            };
            (there_us, back_us, lifetime)
        });
        let repairs = world.setting.repairs;
        let (answered, answer) = oneshot::channel();
        let at_once = |verdict: Verdict| async {
            let (answered, answer) = oneshot::channel();
            world.after(back_us, move |_| drop(answered.send(verdict)));
            answer.await.unwrap_or_else(|_| Verdict::Ambiguous(Error::internal("no answer")))
        };
        match reply {
            Reply::Busy => return at_once(Verdict::Transient(unavailable(Some(503)), None)).await,
            Reply::NotSent => return at_once(Verdict::Transient(unavailable(None), None)).await,
            Reply::LostBefore => return at_once(ambiguous()).await,
            Reply::Throttled => {
                let pause = Duration::from_secs(20);
                let error = Error::ProviderThrottled { retry_after_ms: Some(20_000) };
                return at_once(Verdict::Transient(error, Some(pause))).await;
            }
            Reply::Passing if repairs.passing_refusal => {
                return at_once(Verdict::Transient(unavailable(Some(400)), None)).await;
            }
            Reply::Passing => {
                let refusal = Refusal::invalid_grant(Some(400));
                return at_once(Verdict::InvalidGrant(refusal)).await;
            }
            Reply::Rejected => {
                let error = Error::ClientRejected { error: "invalid_client".into() };
                return at_once(Verdict::ClientRejected(error)).await;
            }
            _ => {}
        }
        let process = Arc::clone(&self.process);
        let (_, paused_us) = world.truth().ledger.lease_of(process.id);
        let was_paused = process.paused_us() > paused_us;
        world.after(there_us, move |world| {
            world.reached(&process, Point::Send, When::Before);
            let now_us = world.now_us();
            let grant = {
                let mut truth = world.truth();
                let grant = truth.provider.exchange(refresh, now_us, lifetime.real);
                let rotates = truth.provider.kind.rotates();
                if rotates && grant.is_none() && reply != Reply::Delayed && !was_paused {
                    truth.ledger.check_reuse(world, &process, refresh);
                } else if grant.is_some() {
                    let lost = reply == Reply::Delayed || answered.is_closed();
                    truth.ledger.spent(&process, refresh, lost);
                }
                grant
            };
            world.note("provider", || match grant {
                Some(grant) => format!(
                    "gives {} and {}",
                    grant.refresh.refresh_token(),
                    grant.access.access_token()
                ),
                None => format!("refuses {}", refresh.refresh_token()),
            });
            world.reached(&process, Point::Send, When::After);
            let rotates = world.setting.provider.rotates();
            let verdict = match (reply, grant) {
                (Reply::LostAfter | Reply::Garbled, _) => {
                    Verdict::Ambiguous(Error::ProviderResponse { reason: "simulated".into() })
                }
                (_, None) => token_response::refused(),
                (_, Some(grant)) => {
                    token_response::granted(grant, rotates, &lifetime, repairs.odd_lifetime)
                }
            };
            world.after(back_us, move |_| drop(answered.send(verdict)));
        });
        if reply == Reply::Delayed {
            return at_once(ambiguous()).await;
        }
        answer.await.unwrap_or_else(|_| ambiguous())
    }
}

/// Most tokens are valid for an hour, some for less than the refresh buffer.
pub(crate) fn lifetime(random: &mut super::random::Random) -> Duration {
    let seconds = if random.percent(85) { 3_600 } else { random.pick(&[45, 200, 400, 7_200]) };
    Duration::from_secs(seconds)
}

impl TokenEndpoint for Endpoint {
    fn client(&self) -> Option<&str> {
        // The client of a refreshFn is not known to the engine.
        (!self.world.setting.refresh_fn).then_some(OURS)
    }

    fn may_rotate(&self) -> bool {
        self.world.setting.provider.may_rotate()
    }

    fn is_repeatable(&self) -> bool {
        !self.world.setting.refresh_fn
    }

    async fn refresh(&self, token: &RefreshToken, _: Duration, _: Duration) -> Verdict {
        match Name::parse(token.expose()) {
            Some(refresh) => self.send(refresh).await,
            None => Verdict::Refused(Error::internal("this is no refresh token")),
        }
    }
}
