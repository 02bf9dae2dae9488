//! Repairs of the protocol that a run can do without, to show that the simulation would notice.
//! The engine stays as it is: its table, its limits or its caller are made to behave as if the
//! repair were missing. The first fifteen have the names of the checked model.

/// What works as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Repairs {
    /// The row version is the pair of texts, not the refresh column alone.
    pub(crate) pair: bool,
    /// Waiters also go on when the lease is free.
    pub(crate) poll: bool,
    /// A commit that matched nothing is repeated over the same refresh token.
    pub(crate) replain: bool,
    /// That second commit writes the access token only if it runs longer.
    pub(crate) exprule: bool,
    /// An expired lease is watched before it is taken over.
    pub(crate) grace: bool,
    /// Expiry counts from the lease.
    pub(crate) expbase: bool,
    /// A lease is released by its value, whatever the row version.
    pub(crate) relid: bool,
    /// Who reads, seals and writes does so in one step.
    pub(crate) versioncheck: bool,
    /// A token is judged again when it is handed out.
    pub(crate) ucheck: bool,
    /// In a mixed fleet a commit leaves a live lease behind.
    pub(crate) leave: bool,
    /// A token that may be worthless is stored as not fresh.
    pub(crate) expire_early: bool,
    /// The expired value of an unknown outcome that was taken over is put back.
    pub(crate) restore: bool,
    /// A row is marked only under the holder's own lease.
    pub(crate) marklease: bool,
    /// Nothing is marked while the outcome is unknown and recent.
    pub(crate) dlimit: bool,
    /// At its deadline a waiter does not refresh without the lease.
    pub(crate) locked: bool,
    /// A refusal that concerns one row is not taken for one of the client.
    pub(crate) rowrefusal: bool,
    /// A breaker knows the secret, too.
    pub(crate) secret: bool,
    /// A row's client is known, and another one ends nothing.
    pub(crate) client: bool,
    /// Marks in numbers that no users explain are not believed.
    pub(crate) marks: bool,
    /// A success whose lifetime is odd is one.
    pub(crate) lifetime: bool,
    /// A refusal that passes is told from a dead grant.
    pub(crate) passing: bool,
    /// A refusal that stays is remembered, by all processes.
    pub(crate) asked: bool,
    /// Each try of a commit uses the login of the day.
    pub(crate) login: bool,
    /// Who asks for more than the refresh buffer is not given less.
    pub(crate) wanted: bool,
    /// What has failed waits its turn, and is sent once a run.
    pub(crate) turn: bool,
}

impl Repairs {
    pub(crate) const ALL: Self = Self {
        pair: true,
        poll: true,
        replain: true,
        exprule: true,
        grace: true,
        expbase: true,
        relid: true,
        versioncheck: true,
        ucheck: true,
        leave: true,
        expire_early: true,
        restore: true,
        marklease: true,
        dlimit: true,
        locked: true,
        rowrefusal: true,
        secret: true,
        client: true,
        marks: true,
        lifetime: true,
        passing: true,
        asked: true,
        login: true,
        wanted: true,
        turn: true,
    };

    pub(crate) const NAMES: [&str; 25] = [
        "pair",
        "poll",
        "replain",
        "exprule",
        "grace",
        "expbase",
        "relid",
        "versioncheck",
        "ucheck",
        "leave",
        "expire_early",
        "restore",
        "marklease",
        "dlimit",
        "locked",
        "rowrefusal",
        "secret",
        "client",
        "endings",
        "lifetime",
        "passing",
        "asked",
        "login",
        "wanted",
        "turn",
    ];

    /// All but this one; `None` when there is no such repair.
    pub(crate) fn without(mut self, name: &str) -> Option<Self> {
        let repair = match name {
            "pair" => &mut self.pair,
            "poll" => &mut self.poll,
            "replain" => &mut self.replain,
            "exprule" => &mut self.exprule,
            "grace" => &mut self.grace,
            "expbase" => &mut self.expbase,
            "relid" => &mut self.relid,
            "versioncheck" => &mut self.versioncheck,
            "ucheck" => &mut self.ucheck,
            "leave" => &mut self.leave,
            "expire_early" => &mut self.expire_early,
            "restore" => &mut self.restore,
            "marklease" => &mut self.marklease,
            "dlimit" => &mut self.dlimit,
            "locked" => &mut self.locked,
            "rowrefusal" => &mut self.rowrefusal,
            "secret" => &mut self.secret,
            "client" => &mut self.client,
            "endings" => &mut self.marks,
            "lifetime" => &mut self.lifetime,
            "passing" => &mut self.passing,
            "asked" => &mut self.asked,
            "login" => &mut self.login,
            "wanted" => &mut self.wanted,
            "turn" => &mut self.turn,
            _ => return None,
        };
        *repair = false;
        Some(self)
    }
}
