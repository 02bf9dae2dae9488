//! What an error's SQLSTATE means.

use super::Error;

/// What the most frequent refusals of a server mean for those who set it up; a clause, or nothing.
pub(super) fn meaning(sqlstate: &str) -> &'static str {
    match sqlstate {
        "28P01" => ": the server refused user or password of DATABASE_URL",
        "28000" => ": the server does not accept this kind of login: see its pg_hba.conf",
        "3D000" => ": the database of DATABASE_URL does not exist",
        "42501" => {
            ": the role of DATABASE_URL lacks a privilege. npx tokenkeep doctor lists those that calls need; run migrations as the owner of the tables, with the privilege CREATE on the database"
        }
        "08P01" => {
            ": PgBouncer answers this to a wrong password, to a user or database that it does not know, and to options (DATABASE_URL, PGOPTIONS) that its ignore_startup_parameters does not name"
        }
        "53300" => ": the server, the database or the role has no free connection",
        "53100" => ": the server's disk is full",
        "57014" => {
            ": the statement was cancelled, or took longer than statementTimeoutMs or the role's statement_timeout"
        }
        "25P03" => ": the role's idle_in_transaction_session_timeout is too short",
        "25P04" => ": the role's transaction_timeout is too short",
        "57P01" | "57P02" | "57P03" => ": the server is stopping or starting",
        "23503" => ": the row that it refers to does not exist",
        "25006" => ": the server is read-only: a standby, or default_transaction_read_only",
        _ => "",
    }
}

impl Error {
    /// Whether the SQLSTATE is of one of these classes (its first two characters).
    fn is_of_class(&self, classes: &[&str]) -> bool {
        let Self::Database { sqlstate: Some(state), .. } = self else { return false };
        classes.iter().any(|class| state.starts_with(class))
    }

    /// Whether a policy of row-level security may have failed because no tenant is set: it reads a setting
    /// that does not exist, or that is not a UUID.
    #[must_use]
    pub fn may_be_of_policy(&self) -> bool {
        self.is_of_class(&["22", "42", "P0"])
    }

    /// Whether a single row, or value, may be the reason why a statement for several has failed: one that
    /// cannot be converted (22), that a constraint refuses (23), or for which a trigger or policy of the
    /// application raises an exception (P0).
    #[must_use]
    pub fn may_be_of_one_row(&self) -> bool {
        self.is_of_class(&["22", "23", "P0"])
    }

    /// Whether the server has said that it did nothing, for a reason of its own: a transaction that is
    /// read-only (25), lacks resources (53), or was cancelled.
    #[must_use]
    pub fn is_undone(&self) -> bool {
        self.is_of_class(&["25", "53", "57014"])
    }
}
