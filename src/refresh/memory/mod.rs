//! What this process remembers of earlier refreshes: which rows and logins have failed and for how
//! long they are not tried again, how long a refresh takes, and which clients have made one.

mod breakers;
mod clients;
mod durations;
mod failures;

pub(super) use breakers::Breakers;
pub(super) use clients::Clients;
pub(super) use durations::Durations;
pub(super) use failures::Failures;
