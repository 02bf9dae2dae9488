//! How Pgpool-II handles a SELECT. Other servers and poolers reject the first command, and get no other.

use serde::Serialize;

use crate::db::Inspection;

/// Its settings.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pgpool {
    /// Such as `4.3.5`.
    version: String,
    /// Whether it sends SELECTs to standbys.
    balances: bool,
    /// Whether it does so in spite of a comment before the SELECT.
    ignores_comments: bool,
    /// Patterns of statements that it always sends to the primary, separated by `;`.
    primary_patterns: String,
}

/// Reads its settings; `None` if it is not Pgpool-II.
pub(super) async fn inspect(inspection: &Inspection) -> Option<Pgpool> {
    let version = inspection.first_value("SHOW pool_version").await?;
    let is_on = |value: Option<String>| value.is_some_and(|value| value == "on");
    Some(Pgpool {
        // It is followed by the release's name.
        version: version.split(' ').next().unwrap_or_default().to_owned(),
        balances: is_on(inspection.first_value("PGPOOL SHOW load_balance_mode").await),
        ignores_comments: is_on(inspection.first_value("PGPOOL SHOW allow_sql_comments").await),
        primary_patterns: inspection
            .first_value("PGPOOL SHOW primary_routing_query_pattern_list")
            .await
            .unwrap_or_default(),
    })
}
