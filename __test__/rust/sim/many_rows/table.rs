//! The rows as one process sees them: a store's statements in memory. Old instances, keys and everything
//! else that concerns a single row are in [`Table`](super::super::table::Table).

use std::sync::Arc;
use std::time::Duration;

use tokenkeep::db::Timestamp;
use tokenkeep::error::{Error, Result};
use tokenkeep::oauth::Refusal;
use tokenkeep::refresh::{
    Commit, Committed, Credentials, Failure, LeaseRequest, RefreshState, Row, RowVersion, Sealed,
    Table as Contract,
};
use tokenkeep::secret::{AccessToken, RefreshToken};

use super::super::database::statement;
use super::super::faults::Point;
use super::super::process::Process;
use super::super::refresh_notes::Notes;
use super::super::refresh_states::{Client, OURS};
use super::super::world::{Truth, World};
use super::{Health, Stored, opened, sealed};

pub(super) struct Table {
    pub(super) world: Arc<World>,
    pub(super) process: Arc<Process>,
    pub(super) notes: Notes,
    /// The client of this process.
    pub(super) client: Client,
}

fn version_of(row: &Stored) -> RowVersion {
    RowVersion { refresh: Some(Arc::clone(&row.refresh)), access: Some(Arc::clone(&row.access)) }
}

fn shown(world: &World, row: &Stored) -> Row<()> {
    Row {
        version: version_of(row),
        expires_at: Some(row.expires_at),
        refreshing_at: row.refreshing_at,
        updated_at: row.updated_at,
        refreshed_at: None,
        now: world.now(),
        revoked: None,
        record: Arc::new(()),
    }
}

fn at_version<'a>(truth: &'a mut Truth, user: u32, version: &RowVersion) -> Option<&'a mut Stored> {
    truth.many_rows.user(user).row.as_mut().filter(|row| version_of(row) == *version)
}

impl Table {
    /// Leases some rows that are due, free and not in `done`: first those that have not failed, in the
    /// order of their expiry, then the others, in the order of their last attempt.
    pub(super) async fn claim(
        &self,
        within: Duration,
        limit: usize,
        done: Vec<u32>,
    ) -> Result<Vec<(u32, Row<()>, Timestamp)>> {
        let failed_last = self.world.setting.repairs.failed_last;
        statement(&self.world, &self.process, Point::Lease, move |world, truth| {
            let now = world.now();
            let Truth { many_rows, states, .. } = truth;
            let mut due = Vec::new();
            for (number, user) in (0..).zip(&many_rows.users) {
                let Some(row) = &user.row else { continue };
                let is_free = row.refreshing_at.is_none() && row.expires_at <= now.plus(within);
                let rests = failed_last && (states.rests(number, now) || done.contains(&number));
                if is_free && !rests {
                    let failed_at = states.failed_at(number).filter(|_| failed_last);
                    due.push((failed_at, row.expires_at, number));
                }
            }
            due.sort();
            due.truncate(limit);
            let claimed = due.into_iter().filter_map(|(_, _, number)| {
                let row = many_rows.user(number).row.as_mut()?;
                let before = shown(world, row);
                row.refreshing_at = Some(now);
                Some((number, before, now))
            });
            claimed.collect()
        })
        .await
    }
}

impl Contract for Table {
    type Key = u32;
    type Record = ();

    fn store(&self) -> &'static str {
        "simulated"
    }

    fn describe(&self, user: &u32) -> String {
        user.to_string()
    }

    fn not_connected(&self, _: &u32) -> Error {
        Error::NotConnected { store: "simulated", text: "not connected".into() }
    }

    async fn refresh_state(
        &self,
        user: &u32,
        version: &RowVersion,
        client: Option<&str>,
    ) -> Result<RefreshState> {
        self.notes.state(*user, version, client).await
    }

    fn note_refreshed(&self, user: &u32, client: Option<&str>) {
        self.notes.refreshed(*user, client);
    }

    async fn note_failure(
        &self,
        user: &u32,
        version: &RowVersion,
        failure: &Failure,
    ) -> Option<Duration> {
        self.notes.failed(*user, version, failure).await
    }

    async fn admit_mark(&self, _: &u32, client: Option<&str>) -> Result<bool> {
        self.notes.may_mark(client).await
    }

    async fn read(&self, user: &u32) -> Result<Option<Arc<Row<()>>>> {
        Ok(self.read_for_commit(user).await?.map(Arc::new))
    }

    async fn open(&self, _: &u32, row: &Row<()>) -> Result<Credentials> {
        let open = |text: &Option<Arc<str>>| opened(text.as_deref().unwrap_or_default());
        Ok(Credentials {
            access_token: AccessToken::new(open(&row.version.access)),
            refresh_token: Some(RefreshToken::new(open(&row.version.refresh))),
        })
    }

    async fn seal(&self, _: &u32, credentials: &Credentials) -> Result<Sealed> {
        let refresh = credentials.refresh_token.as_ref().map_or("", RefreshToken::expose);
        let access = credentials.access_token.expose();
        let seal = |token| Some(sealed(&self.world, token));
        let version = RowVersion { refresh: seal(refresh), access: seal(access) };
        Ok(Sealed { version, key_version: 1 })
    }

    async fn take_lease(
        &self,
        user: &u32,
        version: &RowVersion,
        request: LeaseRequest,
    ) -> Result<Option<Timestamp>> {
        let (user, version) = (*user, version.clone());
        statement(&self.world, &self.process, Point::Lease, move |world, truth| {
            let now = world.now();
            let row = at_version(truth, user, &version)?;
            let fresh_ms = request.unless_fresh_ms;
            let is_stale =
                fresh_ms.is_none_or(|ms| row.expires_at <= now.plus(Duration::from_millis(ms)));
            let is_free = row.refreshing_at.is_none_or(|at| Some(at) == request.watched);
            (is_stale && is_free).then(|| *row.refreshing_at.insert(now))
        })
        .await
    }

    async fn commit(
        &self,
        user: &u32,
        version: &RowVersion,
        commit: Commit<'_>,
    ) -> Result<Option<Committed>> {
        let (user, version) = (*user, version.clone());
        let RowVersion { refresh, access } = commit.sealed.version.clone();
        let expires_at = commit.expires_at;
        statement(&self.world, &self.process, Point::Commit, move |world, truth| {
            let now = world.now();
            let row = at_version(truth, user, &version)?;
            *row = Stored {
                refresh: refresh?,
                access: access?,
                expires_at: expires_at?,
                refreshing_at: None,
                updated_at: now,
            };
            Some(Committed { expires_at })
        })
        .await
    }

    async fn read_for_commit(&self, user: &u32) -> Result<Option<Row<()>>> {
        let user = *user;
        statement(&self.world, &self.process, Point::Read, move |world, truth| {
            truth.many_rows.user(user).row.as_ref().map(|row| shown(world, row))
        })
        .await
    }

    async fn release(
        &self,
        user: &u32,
        lease: Timestamp,
        restore: Option<Timestamp>,
    ) -> Result<()> {
        let user = *user;
        statement(&self.world, &self.process, Point::Release, move |_, truth| {
            let row = truth.many_rows.user(user).row.as_mut();
            if let Some(row) = row.filter(|row| row.refreshing_at == Some(lease)) {
                row.refreshing_at = restore;
            }
        })
        .await
    }

    async fn expire_early(&self, _: &u32, _: &RowVersion) -> Result<()> {
        Ok(())
    }

    async fn mark_revoked(
        &self,
        user: &u32,
        version: &RowVersion,
        lease: Timestamp,
        _: &Refusal,
    ) -> Result<bool> {
        let (user, version, client) = (*user, version.clone(), self.client);
        let process = Arc::clone(&self.process);
        statement(&self.world, &self.process, Point::MarkRevoked, move |world, truth| {
            let is_ours = at_version(truth, user, &version)
                .is_some_and(|row| row.refreshing_at == Some(lease));
            if !is_ours {
                return false;
            }
            world.note(&process.name, || format!("marks row {user} revoked"));
            let revoked = truth.many_rows.user(user);
            revoked.row = None;
            if revoked.health != Health::Dead {
                check_revocation(world, truth, client);
            }
            truth.ledger.counts.marks += 1;
            true
        })
        .await
    }
}

/// I7: on the word of a proven client only a few rows are revoked whose grants live; on the word of
/// another client none.
fn check_revocation(world: &World, truth: &mut Truth, client: Client) {
    let living = truth.states.count_living_revoked(client);
    if client != OURS {
        truth.ledger.violate("I7", "a wrong deployment revokes a row whose grant lives");
    } else if living > world.limits.marks_max {
        truth.ledger.violate("I7", format!("{living} rows are revoked whose grants live"));
    }
}
