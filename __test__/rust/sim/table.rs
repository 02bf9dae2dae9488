//! The row as one process of tokenkeep sees it: a store's statements in memory.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokenkeep::crypto::GmailFormat;
use tokenkeep::db::Timestamp;
use tokenkeep::error::{Error, Result};
use tokenkeep::oauth::{Expiry, Refusal};
use tokenkeep::refresh::{
    Commit, Committed, Credentials, Failure, LeaseRequest, RefreshState, Row, RowVersion, Sealed,
    Table as Contract,
};
use tokenkeep::secret::{AccessToken, RefreshToken};

use super::database::{
    BOTH_RING, Mark, OLD_RING, StoredRow, is_left_behind, left_behind, open, seal, statement,
    statement_as,
};
use super::faults::Point;
use super::process::Process;
use super::refresh_notes::Notes;
use super::repairs::Repairs;
use super::row_change::Change;
use super::without_repair::WithoutRepair;
use super::world::{Truth, World};

pub(crate) struct Table {
    pub(crate) world: Arc<World>,
    pub(crate) process: Arc<Process>,
    pub(crate) without: Mutex<WithoutRepair>,
    pub(crate) notes: Notes,
}

/// The only row.
pub(crate) const ROW: u32 = 0;

/// The texts of a row, as the engine passes them on.
#[derive(Debug)]
pub(crate) struct Texts {
    refresh: Arc<str>,
    access: Arc<str>,
    /// Without `recommit`: the row looks as if somebody had stored another refresh token.
    disguised: bool,
}

impl Table {
    pub(super) fn repairs(&self) -> Repairs {
        self.world.setting.repairs
    }

    fn ring(&self) -> &'static GmailFormat {
        if self.process.lacks_key(self.world.now_us()) { &OLD_RING } else { &BOTH_RING }
    }

    pub(super) fn lease(&self) -> Duration {
        Duration::from_millis(self.world.limits.lease_ms)
    }

    fn buffer(&self) -> Duration {
        Duration::from_millis(self.world.limits.fresh_ms)
    }

    async fn read_at(&self, point: Point) -> Result<Option<Row<Texts>>> {
        let pair = self.repairs().version_pair;
        let revoked = self.revoked(&Refusal::invalid_grant(None));
        let login = self.login(point);
        statement_as(&self.world, &self.process, point, login, move |world, truth| {
            truth.row.as_ref().map(|row| shown(world, row, pair, point, &revoked))
        })
        .await
    }

    /// Leases the row to this process if it is free and expires within `within`.
    pub(crate) async fn claim(&self, within: Duration) -> Result<Option<(Row<Texts>, Timestamp)>> {
        let Repairs { version_pair: pair, refusal_pause, .. } = self.repairs();
        let revoked = self.revoked(&Refusal::invalid_grant(None));
        let process = Arc::clone(&self.process);
        statement(&self.world, &self.process, Point::Lease, move |world, truth| {
            let now = world.now();
            let due = |row: &&StoredRow| row.mark.is_none() && row.expires_at <= now.plus(within);
            let row = truth.row.as_ref().filter(due).filter(|row| row.refreshing_at.is_none())?;
            if refusal_pause && truth.states.rests(ROW, now) {
                return None;
            }
            world.note(&process.name, || "leases the row for refreshExpiring".into());
            let shown = shown(world, row, pair, Point::Read, &revoked);
            let leased = StoredRow { refreshing_at: Some(now), ..row.clone() };
            truth.ledger.leased(&process, world.now_us());
            truth.change(world, &process.name, Change::Touch, Some(leased));
            Some((shown, now))
        })
        .await
    }
}

/// The row as a statement gives it.
fn shown(world: &World, row: &StoredRow, pair: bool, point: Point, revoked: &Error) -> Row<Texts> {
    Row {
        version: version_of(row, pair),
        expires_at: Some(row.expires_at),
        refreshing_at: row.refreshing_at,
        updated_at: row.updated_at,
        // A row that was stored since was not refreshed since.
        refreshed_at: row.refreshed_at.filter(|at| row.updated_at <= *at),
        now: world.now(),
        revoked: match row.mark {
            // A late answer removes tokenkeep's own mark.
            Some(Mark::Refresher) if point == Point::Reread => None,
            Some(_) => Some(revoked.clone()),
            None => None,
        },
        record: Arc::new(Texts {
            refresh: Arc::clone(&row.refresh),
            access: Arc::clone(&row.access),
            disguised: false,
        }),
    }
}

fn version_of(row: &StoredRow, pair: bool) -> RowVersion {
    RowVersion {
        refresh: Some(Arc::clone(&row.refresh)),
        access: pair.then(|| Arc::clone(&row.access)),
    }
}

/// The row, if its version is this one and the user has not disconnected.
fn at_version<'a>(truth: &'a Truth, version: &RowVersion, pair: bool) -> Option<&'a StoredRow> {
    let row = truth.row.as_ref()?;
    (version_of(row, pair) == *version && row.mark != Some(Mark::User)).then_some(row)
}

impl Contract for Table {
    type Key = ();
    type Record = Texts;

    fn store(&self) -> &'static str {
        "simulated"
    }

    fn describe(&self, (): &()) -> String {
        "user".to_owned()
    }

    fn not_connected(&self, (): &()) -> Error {
        Error::NotConnected { store: "simulated", text: "not connected".into() }
    }

    async fn refresh_state(
        &self,
        (): &(),
        version: &RowVersion,
        client: Option<&str>,
    ) -> Result<RefreshState> {
        self.notes.state(ROW, version, client).await
    }

    fn note_refreshed(&self, (): &(), client: Option<&str>) {
        self.notes.refreshed(ROW, client);
    }

    async fn note_failure(
        &self,
        (): &(),
        version: &RowVersion,
        failure: &Failure,
    ) -> Option<Duration> {
        self.notes.failed(ROW, version, failure).await
    }

    async fn admit_mark(&self, (): &(), client: Option<&str>) -> Result<bool> {
        self.notes.may_mark(client).await
    }

    async fn read(&self, (): &()) -> Result<Option<Arc<Row<Texts>>>> {
        Ok(self.read_at(Point::Read).await?.map(|row| Arc::new(self.misread(row))))
    }

    async fn open(&self, (): &(), row: &Row<Texts>) -> Result<Credentials> {
        let texts = &row.record;
        let open = |text: &str| open(self.ring(), text, self.world.setting.legacy);
        let refresh = if texts.disguised { "disguised".to_owned() } else { open(&texts.refresh)? };
        Ok(Credentials {
            access_token: AccessToken::new(open(&texts.access)?),
            refresh_token: Some(RefreshToken::new(refresh)),
        })
    }

    async fn seal(&self, (): &(), credentials: &Credentials) -> Result<Sealed> {
        let refresh = credentials.refresh_token.as_ref().map_or("", RefreshToken::expose);
        let access = credentials.access_token.expose();
        Ok(Sealed {
            version: RowVersion {
                refresh: Some(seal(self.ring(), refresh)),
                access: Some(seal(self.ring(), access)),
            },
            key_version: 1,
        })
    }

    async fn take_lease(
        &self,
        (): &(),
        version: &RowVersion,
        request: LeaseRequest,
    ) -> Result<Option<Timestamp>> {
        let (pair, mixed) = (self.repairs().version_pair, self.world.setting.mixed_fleet());
        let (version, lease) = (version.clone(), self.lease());
        if !self.repairs().release_by_lease {
            self.without().leased = Some(version.clone());
        }
        if !self.repairs().current_login {
            let login = self.world.truth().login;
            self.without().login = Some(login);
        }
        let unlocked = !self.repairs().lease_required && self.without().held.is_some();
        let process = Arc::clone(&self.process);
        statement(&self.world, &self.process, Point::Lease, move |world, truth| {
            let now = world.now();
            let row = at_version(truth, &version, pair).filter(|row| row.mark.is_none())?.clone();
            let stale = request
                .unless_fresh_ms
                .is_none_or(|ms| row.expires_at <= now.plus(Duration::from_millis(ms)));
            let free = row.refreshing_at.is_none_or(|at| {
                let leftover = mixed && is_left_behind(&row) && at < now.minus(lease);
                Some(at) == request.watched || leftover
            });
            if stale && !free && unlocked {
                world.note(&process.name, || "goes on without the lease".into());
                truth.ledger.leased(&process, world.now_us());
                return Some(now);
            }
            if !stale || !free {
                return None;
            }
            world.note(&process.name, || match row.refreshing_at {
                None => "takes the lease".into(),
                Some(_) => "takes the expired lease over".into(),
            });
            truth.ledger.counts.takeovers += u64::from(row.refreshing_at.is_some());
            truth.ledger.leased(&process, world.now_us());
            let row = StoredRow { refreshing_at: Some(now), ..row };
            truth.change(world, &process.name, Change::Touch, Some(row));
            Some(now)
        })
        .await
    }

    async fn commit(
        &self,
        (): &(),
        version: &RowVersion,
        commit: Commit<'_>,
    ) -> Result<Option<Committed>> {
        let (repairs, mixed) = (self.repairs(), self.world.setting.mixed_fleet());
        let marks = self.world.setting.marks_revoked;
        let (version, lease, buffer) = (version.clone(), self.lease(), self.buffer());
        let RowVersion { refresh, access } = commit.sealed.version.clone();
        let (refresh, access) = (refresh.expect("is sealed"), access.expect("is sealed"));
        let expires_at = commit.expires_at.expect("tokens here expire");
        let lifetime = match commit.response.expiry {
            Expiry::In(lifetime) => lifetime,
            Expiry::AtMs(_) | Expiry::Never => unreachable!("the provider names lifetimes"),
        };
        let (rotated, leased_at) = (commit.rotated, commit.lease);
        let process = Arc::clone(&self.process);
        let login = self.login(Point::Commit);
        statement_as(&self.world, &self.process, Point::Commit, login, move |world, truth| {
            let now = world.now();
            let Some(row) = at_version(truth, &version, repairs.version_pair) else {
                world.note(&process.name, || "commits, and no row matches".into());
                truth.ledger.counts.unmatched_commits += 1;
                return None;
            };
            let expires_at =
                if repairs.expiry_from_lease { expires_at } else { now.plus(lifetime) };
            let late = row.refreshing_at != Some(leased_at) || leased_at < now.minus(lease);
            let capped = late && rotated && repairs.expire_early;
            let expires_at = if capped { expires_at.min(now.plus(buffer)) } else { expires_at };
            let row = StoredRow {
                refresh,
                access,
                expires_at,
                refreshing_at: mixed.then(|| left_behind(now)),
                updated_at: now,
                // Only the store that marks revoked rows knows that.
                refreshed_at: marks.then_some(now),
                mark: None,
            };
            world.note(&process.name, || if late { "commits late" } else { "commits" }.into());
            truth.change(world, &process.name, Change::Commit { late }, Some(row));
            Some(Committed { expires_at: Some(expires_at) })
        })
        .await
    }

    async fn read_for_commit(&self, (): &()) -> Result<Option<Row<Texts>>> {
        let repairs = self.repairs();
        let Some(mut row) = self.read_at(Point::Reread).await? else { return Ok(None) };
        if !repairs.recommit {
            let Texts { refresh, access, .. } = &*row.record;
            let (refresh, access) = (Arc::clone(refresh), Arc::clone(access));
            row.record = Arc::new(Texts { refresh, access, disguised: true });
        }
        if !repairs.longer_expiry {
            row.expires_at = Some(Timestamp::from_ms(0));
        }
        Ok(Some(row))
    }

    async fn release(&self, (): &(), lease: Timestamp, restore: Option<Timestamp>) -> Result<()> {
        let repairs = self.repairs();
        let leased = self.without().leased.clone();
        let process = Arc::clone(&self.process);
        statement(&self.world, &self.process, Point::Release, move |world, truth| {
            let Some(row) = &truth.row else { return };
            if row.refreshing_at != Some(lease) {
                return;
            }
            if !repairs.release_by_lease
                && leased.is_some_and(|leased| leased != version_of(row, repairs.version_pair))
            {
                truth.ledger.violate("I6", "a release leaves the lease behind");
                return;
            }
            let refreshing_at = restore.filter(|_| repairs.restore_lease);
            world.note(&process.name, || match refreshing_at {
                None => "releases".into(),
                Some(_) => "releases, and leaves the row in doubt".into(),
            });
            let row = StoredRow { refreshing_at, ..row.clone() };
            truth.change(world, &process.name, Change::Touch, Some(row));
        })
        .await
    }

    async fn expire_early(&self, (): &(), version: &RowVersion) -> Result<()> {
        let repairs = self.repairs();
        let (version, buffer) = (version.clone(), self.buffer());
        let process = Arc::clone(&self.process);
        statement(&self.world, &self.process, Point::ExpireEarly, move |world, truth| {
            let Some(row) =
                at_version(truth, &version, repairs.version_pair).filter(|_| repairs.expire_early)
            else {
                return;
            };
            world.note(&process.name, || "makes the tokens expire early".into());
            let expires_at = row.expires_at.min(world.now().plus(buffer));
            let row = StoredRow { expires_at, ..row.clone() };
            truth.change(world, &process.name, Change::Touch, Some(row));
        })
        .await
    }

    async fn mark_revoked(
        &self,
        (): &(),
        version: &RowVersion,
        lease: Timestamp,
        _: &Refusal,
    ) -> Result<bool> {
        let (repairs, marks) = (self.repairs(), self.world.setting.marks_revoked);
        let version = version.clone();
        let process = Arc::clone(&self.process);
        statement(&self.world, &self.process, Point::MarkRevoked, move |world, truth| {
            let Some(row) = at_version(truth, &version, repairs.version_pair) else { return false };
            if repairs.mark_under_lease && row.refreshing_at != Some(lease) {
                return false;
            }
            let marked =
                StoredRow { refreshing_at: None, mark: Some(Mark::Refresher), ..row.clone() };
            let row = marks.then_some(marked);
            world.note(&process.name, || "marks the row revoked".into());
            truth.change(world, &process.name, Change::Revoke, row);
            true
        })
        .await
    }
}
