//! Why a client's `invalid_grant` ends no row.

/// Authorization servers answer `invalid_grant` for every refresh token of another client (RFC 6749,
/// section 5.2): what a wrong deployment is told must not end the connections of all users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unproven {
    /// Another client has stored or last refreshed the row.
    OtherClient,
    /// Nobody knows whose the row is, and this client has never refreshed one.
    NeverRefreshed,
    /// More rows have ended, one after the other, than users can be the reason of.
    TooMany,
}

impl Unproven {
    const ALL: [Self; 3] = [Self::OtherClient, Self::NeverRefreshed, Self::TooMany];

    /// Its name, as it is stored and as JavaScript has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OtherClient => "other_client",
            Self::NeverRefreshed => "never_refreshed",
            Self::TooMany => "too_many",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.name() == name)
    }

    /// What speaks against the client, as a clause.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::OtherClient => {
                "these tokens were stored or last refreshed with another client id or token URL"
            }
            Self::NeverRefreshed => {
                "this client id has never refreshed a token of this store at this token URL"
            }
            Self::TooMany => {
                "many connections ended one after the other, and none was refreshed in between"
            }
        }
    }
}
