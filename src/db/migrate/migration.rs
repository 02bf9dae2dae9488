//! What a store says of its table.

use std::fmt;

/// One store's table, as its migration leaves it.
#[derive(Debug)]
pub struct Migration {
    /// The store's name.
    pub store: &'static str,
    /// The number of the newest migration file of this store.
    pub version: i32,
    /// The files' texts, in their order.
    pub sql: &'static [&'static str],
    /// The table's name.
    pub table: &'static str,
    /// What the file makes unique where it is not; rows in its way are looked for before.
    pub keys: &'static [Unique],
    /// The columns that tokenkeep reads and writes.
    pub columns: &'static [Column],
}

/// Columns of which no two rows may have the same values, as an upsert needs it. NULL is unlike
/// any other value, also unlike another NULL.
#[derive(Debug)]
pub struct Unique {
    /// Their names; the order does not matter.
    pub columns: &'static [&'static str],
    /// Which rows it holds for, as PostgreSQL prints it; all of them when there is none.
    pub predicate: Option<&'static str>,
}

impl Unique {
    /// The condition for a row to be one that the key holds for.
    pub(super) fn rows(&self) -> String {
        self.predicate
            .map_or_else(|| format!("({}) IS NOT NULL", self.columns.join(", ")), str::to_owned)
    }
}

impl fmt::Display for Unique {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.columns.join(", "))?;
        self.predicate.map_or(Ok(()), |predicate| write!(out, " where {predicate}"))
    }
}

/// A column that an existing table must have.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// The types that work, by their names in `pg_type`; an enum's is its own.
    pub types: &'static [&'static str],
    /// Whether tokenkeep writes NULL into it.
    pub nullable: bool,
    /// How long a text of a limited type must at least be allowed to be.
    pub max_bytes: usize,
    /// Whether the migration adds it to a table that lacks it.
    pub added: bool,
    /// What the statements of calls do with it, and so which rights they need.
    pub used: Used,
}

/// What statements do with a column.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    /// Whether it is read: `SELECT`.
    pub read: bool,
    /// Whether it is written into a new row: `INSERT`. Otherwise the table has a default, or NULL.
    pub inserted: bool,
    /// Whether it is changed: `UPDATE`.
    pub updated: bool,
}

impl Used {
    /// Read, inserted and changed.
    pub const ALL: Self = Self { read: true, inserted: true, updated: true };
    /// Never changed.
    pub const FIXED: Self = Self { updated: false, ..Self::ALL };
    /// Nothing in a new row.
    pub const LATER: Self = Self { inserted: false, ..Self::ALL };
    /// Written, and left to others to read.
    pub const TOLD: Self = Self { read: false, ..Self::ALL };
    /// When the row was made.
    pub const MADE: Self = Self { read: false, inserted: true, updated: false };
}

impl Column {
    /// A column that is never NULL.
    #[must_use]
    pub const fn required(name: &'static str, types: &'static [&'static str]) -> Self {
        Self { name, types, nullable: false, max_bytes: 0, added: false, used: Used::ALL }
    }

    /// A column that tokenkeep writes NULL into.
    #[must_use]
    pub const fn optional(name: &'static str, types: &'static [&'static str]) -> Self {
        Self { nullable: true, ..Self::required(name, types) }
    }
}
