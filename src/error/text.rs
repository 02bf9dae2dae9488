//! What an error says.

use std::fmt;

use super::Error;

/// What the most frequent refusals of a server mean for who set it up.
fn words(sqlstate: &str) -> &'static str {
    match sqlstate {
        "28P01" => ": the server refused user or password of DATABASE_URL",
        "28000" => ": the server lets nobody in like that: see its pg_hba.conf",
        "3D000" => ": the database of DATABASE_URL does not exist",
        "42501" => {
            ": the role of DATABASE_URL lacks a right. npx tokenkeep doctor names those that calls need; a migration is for the owner of the tables, who may CREATE in the database"
        }
        "08P01" => {
            ": PgBouncer says so of a wrong password, of a user or database that it does not know, and of options (DATABASE_URL, PGOPTIONS) that its ignore_startup_parameters does not name"
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

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidArgument { argument, reason } => write!(f, "{argument}: {reason}"),
            // As hand-written vaults say it, and their callers may match it.
            Self::Configuration { option: option @ "ENCRYPTION_SECRET", reason } => {
                write!(f, "{option} {reason}")
            }
            Self::Configuration { option, reason } => write!(f, "{option}: {reason}"),
            Self::Decryption => f.write_str(
                "Decryption failed: data may be corrupted or tampered with, or was sealed with another key",
            ),
            Self::NotSealed => f.write_str(
                "A token stands in plaintext, and only sealed ones are accepted (requireSealed). Seal what is left, or accept plaintext again",
            ),
            Self::NotConnected { text, .. } => f.write_str(text),
            Self::Revoked { status, reason, .. } => {
                f.write_str("Token refresh failed: ")?;
                if let Some(status) = status {
                    write!(f, "{status} - ")?;
                }
                write!(f, "{reason}. Access was revoked or has expired; the user must connect again")
            }
            Self::RefreshTokenMissing => f.write_str(
                "The access token is spent and no refresh token is stored; the user must connect again",
            ),
            Self::RefreshTimeout { waited_ms } => write!(
                f,
                "Another refresh of this token did not finish within {waited_ms} ms; try again"
            ),
            Self::OutcomeUnknown { reason } => write!(
                f,
                "It is not known whether the refresh took effect ({reason}); try again later"
            ),
            Self::ProviderUnavailable { status: Some(status), reason } => {
                write!(f, "Token refresh failed: {status} - {reason}; try again later")
            }
            Self::ProviderUnavailable { status: None, reason } => {
                write!(
                    f,
                    "Token refresh failed: the token endpoint could not be reached ({reason}); try again later"
                )
            }
            Self::ProviderThrottled { retry_after_ms: Some(ms) } => {
                write!(f, "Token refresh failed: the token endpoint asks to slow down; try again in {ms} ms")
            }
            Self::ProviderThrottled { retry_after_ms: None } => {
                f.write_str("Token refresh failed: the token endpoint asks to slow down; try again later")
            }
            Self::ProviderRefused { status, reason } => {
                write!(f, "Token refresh failed: {status} - {reason}")
            }
            Self::ClientRejected { error } => write!(
                f,
                "Token refresh failed: {error}. The provider refused the application's own credentials: check client id and client secret, and at a provider that the option providers describes its clientAuthentication (client_secret_basic where the client is registered for Basic). No stored token was touched"
            ),
            Self::ClientUnproven { why } => write!(
                f,
                "Token refresh failed: invalid_grant, which is not believed: {}. Check client id and token URL of this deployment. No stored token was touched; once this client refreshes a token, it is believed again",
                why.text()
            ),
            Self::ProviderResponse { reason } => {
                write!(f, "The refresh gave no usable token: {reason}")
            }
            Self::RefreshFn { .. } => f.write_str("refreshFn failed; see cause"),
            Self::Database { step, sqlstate, constraint, silence, .. } => {
                write!(f, "The database failed to {step}")?;
                match sqlstate {
                    Some(code) => write!(f, " (SQLSTATE {code}{}", words(code))?,
                    None => write!(f, " ({silence}")?,
                }
                if let Some(name) = constraint {
                    write!(f, ", constraint {name}")?;
                }
                f.write_str(")")
            }
            Self::DatabasePassword { step, reason, .. } => {
                write!(f, "The database failed to {step} (databasePassword {reason})")
            }
            Self::RowLocked { step } => write!(
                f,
                "The database failed to {step}: another transaction holds the row. If it is this application's own open transaction, commit it first"
            ),
            Self::Schema { reason } => f.write_str(reason),
            Self::Tls { reason } => write!(f, "The database cannot be reached over TLS: {reason}"),
            Self::Authorization { reason, detail } => {
                write!(f, "Could not connect: {}", reason.text())?;
                detail.as_ref().map_or(Ok(()), |detail| write!(f, " ({detail})"))
            }
            Self::RevokeUnconfirmed { reason } => write!(
                f,
                "The token was deleted here, but its provider could not be told to revoke it: {reason}"
            ),
            Self::TenantMismatch { by_policy: false } => f.write_str(
                "tenantId: this user's tokens belong to another tenant; delete them there first",
            ),
            Self::TenantMismatch { by_policy: true } => f.write_str(
                "Row-level security refuses the row: it is, or would be, another tenant's than the one of withTenant, or a column that its policy backoff at has no default",
            ),
            Self::TenantRequired { table } => write!(
                f,
                "Row-level security is active for this database role on {table}, and hides every row: nothing says whose they are. {}, or use a role that owns the table or has BYPASSRLS",
                match *table {
                    "google_calendar_tokens" => "For one user set TOKENKEEP_JWT_CLAIMS=1 where the policy asks auth.uid()",
                    _ => "Call within withTenant(id, …)",
                }
            ),
            Self::Closed => f.write_str("This tokenkeep instance was closed"),
            Self::Internal { reason } => write!(f, "Internal error of tokenkeep: {reason}"),
        }
    }
}
