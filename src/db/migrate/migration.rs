//! The description of a store's table.

use std::fmt;

/// A store's table after its migration.
#[derive(Debug)]
pub struct Migration {
    /// The store's name.
    pub store: &'static str,
    /// The number of the store's newest migration file.
    pub version: i32,
    /// The texts of the migration files, in order.
    pub sql: &'static [&'static str],
    /// The table's name.
    pub table: &'static str,
    /// The unique keys, which a migration adds if missing; duplicate rows are checked first.
    pub keys: &'static [Unique],
    /// The columns that tokenkeep reads and writes.
    pub columns: &'static [Column],
}

/// A unique key, as an upsert needs it. NULL differs from every value, including NULL.
#[derive(Debug)]
pub struct Unique {
    /// The columns' names, in any order.
    pub columns: &'static [&'static str],
    /// The predicate of a partial index, as PostgreSQL prints it; `None`: all rows.
    pub predicate: Option<&'static str>,
}

impl Unique {
    /// The condition for rows to which the key applies.
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

/// A required column.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// The allowed types, by their names in `pg_type`; an enum by its own name.
    pub types: &'static [&'static str],
    /// Whether tokenkeep writes NULL into it.
    pub nullable: bool,
    /// The minimum length of a `varchar`; 0 if there is none.
    pub max_bytes: usize,
    /// Whether the migration adds it to a table that lacks it.
    pub added: bool,
    /// How statements use it, and so which privileges they need.
    pub usage: ColumnUse,
}

/// How statements use a column.
#[derive(Debug, Clone, Copy)]
pub struct ColumnUse {
    /// Whether it is read (`SELECT`).
    pub read: bool,
    /// Whether new rows set it (`INSERT`). Otherwise, it has a default or is nullable.
    pub inserted: bool,
    /// Whether it is changed (`UPDATE`).
    pub updated: bool,
}

impl ColumnUse {
    /// Read, inserted and changed.
    pub const ALL: Self = Self { read: true, inserted: true, updated: true };
    /// Never changed.
    pub const NOT_UPDATED: Self = Self { updated: false, ..Self::ALL };
    /// Not set in new rows.
    pub const NOT_INSERTED: Self = Self { inserted: false, ..Self::ALL };
    /// Never read.
    pub const WRITE_ONLY: Self = Self { read: false, ..Self::ALL };
    /// Only set in new rows, such as the creation time.
    pub const INSERT_ONLY: Self = Self { read: false, inserted: true, updated: false };
}

impl Column {
    /// A column that is never NULL.
    #[must_use]
    pub const fn required(name: &'static str, types: &'static [&'static str]) -> Self {
        Self { name, types, nullable: false, max_bytes: 0, added: false, usage: ColumnUse::ALL }
    }

    /// A column that tokenkeep writes NULL into.
    #[must_use]
    pub const fn optional(name: &'static str, types: &'static [&'static str]) -> Self {
        Self { nullable: true, ..Self::required(name, types) }
    }
}
