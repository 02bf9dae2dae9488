//! Pgpool-II, which is asked for what it does with a SELECT. Other servers and poolers refuse the first
//! question, and are asked no other one.

use serde::Serialize;

use crate::db::Inspection;

/// What it says of itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pgpool {
    /// Such as `4.3.5`.
    version: String,
    /// Whether it sends SELECTs to standbys.
    balances: bool,
    /// Whether it does so also where a comment stands before them.
    ignores_comments: bool,
    /// Patterns of statements that it sends to the primary all the same, with `;` in between.
    primary_patterns: String,
}

/// Asks whoever answers; `None`: it is not Pgpool-II.
pub(super) async fn inspect(inspection: &Inspection) -> Option<Pgpool> {
    let told = inspection.first_value("SHOW pool_version").await?;
    let is_on = |value: Option<String>| value.is_some_and(|value| value == "on");
    Some(Pgpool {
        // Behind it stands the release's name.
        version: told.split(' ').next().unwrap_or_default().to_owned(),
        balances: is_on(inspection.first_value("PGPOOL SHOW load_balance_mode").await),
        ignores_comments: is_on(inspection.first_value("PGPOOL SHOW allow_sql_comments").await),
        primary_patterns: inspection
            .first_value("PGPOOL SHOW primary_routing_query_pattern_list")
            .await
            .unwrap_or_default(),
    })
}
