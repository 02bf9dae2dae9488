//! The statements that seal values anew, put together for the table of a store. Rows are read in the order of
//! their unique key, so that each batch begins where the one before it has ended.

use super::{ResealedMapping, SealedColumns};
use crate::store::table::{StoreTable, as_asked};

/// Whether there is the table, and how many rows it has: an estimate, 0 if there is none.
const TABLE: &str = "
    SELECT to_regclass('{literal}') IS NOT NULL, coalesce((
      SELECT CASE WHEN reltuples > 0 THEN reltuples::float8 END FROM pg_class WHERE oid = to_regclass('{literal}')), 0)";

/// The columns that are read: the key, the sealed values, the version of the key, and whether a lease is live that
/// is no older than `$1` ms (NULL: no lease counts).
macro_rules! columns {
    () => {
        "{key_texts}, {value_texts}, {key_version},
      coalesce(r.refreshing_at > clock_timestamp() - $1 * interval '1 millisecond', false)"
    };
}

const FIRST: &str = concat!(
    "
    SELECT ",
    columns!(),
    " FROM {table} AS r ORDER BY {key} LIMIT {limit}"
);

/// The rows after the key `$2`.
const NEXT: &str = concat!(
    "
    SELECT ",
    columns!(),
    " FROM {table} AS r WHERE ({key}) > ({after}) ORDER BY {key} LIMIT {limit}"
);

/// The rows of some keys: an array for each part.
const AGAIN: &str = concat!(
    "
    SELECT ",
    columns!(),
    " FROM unnest({keys}) AS wanted ({key_names}) JOIN {table} AS r ON {is_wanted}"
);

/// Stores other texts for the same tokens, in the rows that still have the texts that were read and no live lease.
/// Arrays: those of the key, the texts that were read, the new ones. Rows that somebody has locked are left out: to
/// wait for one would hold the others. `updated_at` and the lease stay.
const WRITE: &str = concat!(
    "
    WITH free AS MATERIALIZED (
      SELECT wanted.* FROM unnest({keys}, {texts}) AS wanted ({key_names}, {text_names})
      JOIN {table} AS r ON {is_wanted}
      WHERE {is_unchanged_wanted}
        AND NOT coalesce(r.refreshing_at > clock_timestamp() - $1 * interval '1 millisecond', false)
      FOR UPDATE SKIP LOCKED)
    UPDATE {table} AS r SET {assigned}
    FROM free WHERE {is_free} AND {is_unchanged_free}
    RETURNING {key_texts}, ",
    as_asked!("{is_written}")
);

/// The statements for one table name.
pub(super) struct Statements {
    pub(super) table: String,
    pub(super) first: String,
    pub(super) next: String,
    pub(super) again: String,
    pub(super) write: String,
}

impl Statements {
    pub(super) fn of<S: ResealedMapping>(table: &StoreTable<S>) -> Self {
        let SealedColumns { key, key_type, values, key_version, rows_at_once } = S::COLUMNS;
        let key_at = |first: usize, part: usize| first + part;
        let arrays = |first: usize, count: usize, of: &str| {
            let array = |index: usize| format!("${}::text[]{of}", key_at(first, index));
            list(0..count, array, ", ")
        };
        let texts = values.len() * 2;
        let same_key = |other: &str| {
            let same = |part: &&str| {
                format!(
                    "r.{part} = {other}.{part} AND r.{part}::text = {other}.{part}::text COLLATE \"C\""
                )
            };
            list(key, same, " AND ")
        };
        let same_texts = |other: &str, which: &str| {
            let same = |value: &&str| {
                format!("r.{value} IS NOT DISTINCT FROM {other}.{which}_{value} COLLATE \"C\"")
            };
            list(values, same, " AND ")
        };
        let names = |which: &str| list(values, |value| format!("{which}_{value}"), ", ");
        let assigned = list(values, |value| format!("{value} = free.new_{value}"), ", ");
        let assigned_version = key_version
            .map(|column| format!(", {column} = ${}", key_at(2 + key.len() + texts, 0)))
            .unwrap_or_default();
        let to_array = match key_type {
            "text" => String::new(),
            other => format!("::{other}[]"),
        };
        let after = |(index, _): (usize, &&str)| format!("($2::text[])[{}]::{key_type}", index + 1);
        let parts = [
            ("{key_texts}", list(key, |part| format!("r.{part}::text"), ", ")),
            ("{value_texts}", list(values, |value| format!("r.{value}::text"), ", ")),
            (
                "{key_version}",
                key_version.map_or("NULL::integer".into(), |column| format!("r.{column}")),
            ),
            ("{limit}", rows_at_once.to_string()),
            ("{after}", list(key.iter().enumerate(), after, ", ")),
            ("{keys}", arrays(2, key.len(), &to_array)),
            ("{texts}", arrays(2 + key.len(), texts, "")),
            ("{text_names}", format!("{}, {}", names("old"), names("new"))),
            ("{is_wanted}", same_key("wanted")),
            ("{is_free}", same_key("free")),
            ("{is_unchanged_wanted}", same_texts("wanted", "old")),
            ("{is_unchanged_free}", same_texts("free", "old")),
            ("{is_written}", format!("{} AND {}", same_key("free"), same_texts("free", "new"))),
            ("{assigned}", assigned + &assigned_version),
            ("{key_names}", key.join(", ")),
            ("{key}", list(key, |part| format!("r.{part}"), ", ")),
            ("{literal}", table.qualified(S::TABLE).replace('\'', "''")),
        ];
        let of = |template: &str| {
            let filled =
                parts.iter().fold(template.to_owned(), |sql, (part, text)| sql.replace(part, text));
            table.named(&filled)
        };
        Self {
            table: of(TABLE),
            first: of(FIRST),
            next: of(NEXT),
            again: of(AGAIN),
            write: of(WRITE),
        }
    }
}

fn list<T>(
    items: impl IntoIterator<Item = T>,
    form: impl Fn(T) -> String,
    between: &str,
) -> String {
    items.into_iter().map(form).collect::<Vec<_>>().join(between)
}
