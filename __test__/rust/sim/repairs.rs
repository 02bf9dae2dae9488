//! Rules of the protocol that a run can switch off, to show that the simulation notices. The engine stays
//! as it is: its table, its limits or its caller behave as if the rule were missing. The table
//! "Counterexamples" in `docs/internals/refresh-protocol.md` names the repair of each rule.

macro_rules! repairs {
    ($($(#[$doc:meta])* $field:ident = $name:literal,)*) => {
        /// The rules that are in force.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) struct Repairs {
            $($(#[$doc])* pub(crate) $field: bool,)*
        }

        impl Repairs {
            pub(crate) const ALL: Self = Self { $($field: true,)* };

            pub(crate) const NAMES: &[&str] = &[$($name,)*];

            /// All but this one; `None`: there is no such repair.
            pub(crate) fn without(self, name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self { $field: false, ..self }),)*
                    _ => None,
                }
            }
        }
    };
}

repairs! {
    /// The row version is the pair of texts, not the refresh token's text alone.
    version_pair = "version-pair",
    /// Every poll starts at step 1, so a waiter also goes on when the lease is free.
    poll = "poll",
    /// A commit that matched no row is repeated over the same refresh token.
    recommit = "recommit",
    /// That second commit writes the access token only if it lasts longer.
    longer_expiry = "longer-expiry",
    /// An expired lease is watched before it is taken over.
    takeover_grace = "takeover-grace",
    /// The expiry counts from the lease.
    expiry_from_lease = "expiry-from-lease",
    /// A lease is released by its value, whatever the row version is.
    release_by_lease = "release-by-lease",
    /// Who keeps a stored token while writing uses the version check.
    version_check = "version-check",
    /// A token is judged again when it is returned.
    return_check = "return-check",
    /// A write in a mixed fleet leaves a leftover.
    leftover = "leftover",
    /// A token that may be worthless is stored as not fresh.
    expire_early = "expire-early",
    /// A release puts back the expired value that was taken over.
    restore_lease = "restore-lease",
    /// A row is marked revoked only under the holder's own lease.
    mark_under_lease = "mark-under-lease",
    /// No row is marked revoked while a recent outcome is unknown.
    unknown_outcome_limit = "unknown-outcome-limit",
    /// A waiter never refreshes without the lease, not even at its deadline.
    lease_required = "lease-required",
    /// A refusal of one row opens no breaker.
    row_refusal = "row-refusal",
    /// The login of a breaker includes the client secret.
    login_secret = "login-secret",
    /// Only a proven client's word marks a row as revoked.
    proven_client = "proven-client",
    /// One client marks only so many rows as revoked without a refresh in between.
    mark_limit = "mark-limit",
    /// A success with an odd lifetime is a success.
    odd_lifetime = "odd-lifetime",
    /// A refusal that passes is no revoked grant.
    passing_refusal = "passing-refusal",
    /// A refusal that would be repeated is remembered by all processes.
    refusal_pause = "refusal-pause",
    /// Each try of a commit uses the database's current settings.
    current_login = "current-login",
    /// A caller that asks for more than the refresh buffer does not get less.
    longer_token = "longer-token",
    /// Failed rows are leased last, and sent once a run.
    failed_last = "failed-last",
}
