//! What comes between a write and its table: triggers BEFORE each row, and rules.

use serde::Serialize;

use super::stores::facts;
use crate::db::{Inspection, Migration, Params, Row, Type, column};
use crate::error::Result;

/// A trigger that runs before rows are written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Trigger {
    name: String,
    /// Its function, as SQL names it.
    function: String,
    /// Whether the function is in another language than PL/pgSQL, in which nothing can be read here.
    is_opaque: bool,
    /// Whether it has a `RETURN NULL`, which drops the write without a word.
    may_swallow: bool,
    /// The columns of tokenkeep's that it sets, those apart that only tell when.
    sets: Vec<String>,
}

/// All of them.
#[derive(Debug, Serialize)]
pub(super) struct Between {
    triggers: Vec<Trigger>,
    /// The names of rules DO INSTEAD.
    rules: Vec<String>,
}

/// Comments apart: `$2` the columns. moddatetime and its like, in C, are known to let rows through.
const TRIGGERS: &str = r#"
    SELECT tgname::text, format('%I.%I', n.nspname, p.proname),
        l.lanname <> 'plpgsql' AND p.proname NOT IN ('moddatetime', 'tsvector_update_trigger',
            'tsvector_update_trigger_column'),
        l.lanname = 'plpgsql' AND code ~* $re$\mreturn\s+null\M$re$,
        ARRAY(SELECT name FROM unnest($2) AS name
            WHERE (name <> 'updated_at' OR cardinality(tgattr::int2[]) = 0) AND (
                p.proname = 'moddatetime' AND encode(tgargs, 'hex') = encode(convert_to(name, 'UTF8'), 'hex') || '00'
                OR l.lanname = 'plpgsql' AND code ~*
                    ($re$(;|\mthen|\melse|\mbegin|\mloop)\s*new\s*\.\s*"?$re$ || name
                        || $re$"?\s*:?=([^=]|$)$re$)))
    FROM pg_trigger JOIN pg_proc p ON p.oid = tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace
        JOIN pg_language l ON l.oid = p.prolang,
        LATERAL regexp_replace(p.prosrc, '--[^' || chr(10) || ']*', ' ', 'g') AS line,
        LATERAL regexp_replace(line, '/[*].*?[*]/', ' ', 'g') AS code
    WHERE tgrelid = $1 AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & 3 = 3
    ORDER BY tgname"#;

const RULES: &str = "
    SELECT rulename::text FROM pg_rewrite
    WHERE ev_class = $1 AND is_instead AND ev_enabled IN ('O', 'A') AND ev_type IN ('2', '3', '4')
    ORDER BY rulename";

/// Columns that only tell when.
const TIMES: [&str; 3] = ["connected_at", "created_at", "updated_at"];

/// Looks at the table.
pub(super) async fn inspect(
    inspection: &Inspection,
    migration: &Migration,
    oid: u32,
) -> Result<Between> {
    let names = migration.columns.iter().map(|column| column.name);
    let is_dated = facts(migration.store)?.dates_marks;
    let tells_more = |name: &&str| !TIMES.contains(name) || (is_dated && *name == "updated_at");
    let columns: Vec<&str> = names.filter(tells_more).collect();
    let params: Params<'_> = &[(&oid, Type::OID), (&columns, Type::TEXT_ARRAY)];
    let triggers = inspection.rows("look at triggers", TRIGGERS, params).await?;
    let rules = inspection.rows("look at rules", RULES, &[(&oid, Type::OID)]).await?;
    Ok(Between {
        triggers: triggers.iter().map(trigger).collect::<Result<_>>()?,
        rules: rules.iter().map(|row| column(row, 0)).collect::<Result<_>>()?,
    })
}

fn trigger(row: &Row) -> Result<Trigger> {
    Ok(Trigger {
        name: column(row, 0)?,
        function: column(row, 1)?,
        is_opaque: column(row, 2)?,
        may_swallow: column(row, 3)?,
        sets: column(row, 4)?,
    })
}
