//! Prevents a write when the message before it has failed. BEGIN with its settings and the statement are sent
//! without waiting for a response. If the first message fails, the server would still run the statement, in a
//! transaction of its own that commits. So the first message sets a mark for its transaction, and the statement
//! fails if the mark is missing.

use super::primary::missing;

/// Sets the mark, for the current transaction.
pub(super) const MARK: &str = "SET LOCAL tokenkeep.transaction = 1";

/// Fails if the mark is missing: unknown in this session, or the empty string that a setting of an earlier
/// transaction leaves.
const IS_MARKED: &str = "current_setting('tokenkeep.transaction')::integer";

/// Changes `sql` so that it fails if the mark is missing. Adds a column to those that it returns: it is
/// evaluated for each written row, and its failure undoes the statement. A statement that ends in SELECT gets a
/// LIMIT without effect, which is evaluated before the first row.
pub(super) fn guarded(sql: &str) -> String {
    let sql = sql.trim_end();
    let begin = missing(sql);
    match statement_end(sql) {
        StatementEnd::Returning => format!("{begin}{sql}, {IS_MARKED}"),
        StatementEnd::NoReturning => format!("{begin}{sql} RETURNING {IS_MARKED}"),
        StatementEnd::Select => format!("{begin}{sql} LIMIT nullif({IS_MARKED}, 1)"),
    }
}

/// How a statement ends.
enum StatementEnd {
    /// INSERT, UPDATE or DELETE that returns columns.
    Returning,
    /// INSERT, UPDATE or DELETE that returns nothing.
    NoReturning,
    /// SELECT, with the writes in WITH.
    Select,
}

/// The first verb outside parentheses is that of the statement; those of WITH are inside.
fn statement_end(sql: &str) -> StatementEnd {
    let mut has_verb = false;
    let mut depth = 0_usize;
    let mut quote = None;
    let mut word_begins = 0;
    for (at, character) in sql.char_indices().chain([(sql.len(), ' ')]) {
        if let Some(open) = quote {
            quote = (character != open).then_some(open);
            word_begins = at + 1;
            continue;
        }
        if character.is_ascii_alphanumeric() || "_$.".contains(character) {
            continue;
        }
        if depth == 0 && word_begins < at {
            match (&sql[word_begins..at], has_verb) {
                ("INSERT" | "UPDATE" | "DELETE", false) => has_verb = true,
                ("SELECT", false) => return StatementEnd::Select,
                ("RETURNING", true) => return StatementEnd::Returning,
                _ => {}
            }
        }
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '\'' | '"' => quote = Some(character),
            _ => {}
        }
        word_begins = at + character.len_utf8();
    }
    StatementEnd::NoReturning
}

#[cfg(test)]
mod tests {
    use super::super::primary::ON_PRIMARY;
    use super::*;

    #[test]
    fn the_mark_is_asked_for_where_each_form_of_statement_takes_it() {
        for (sql, guarded_as) in [
            ("DELETE FROM t WHERE id = $1", " RETURNING {}"),
            ("UPDATE \"a (b\".t SET a = 'RETURNING' WHERE id = $1\n  RETURNING id", ", {}"),
            ("WITH a AS (DELETE FROM t RETURNING id) INSERT INTO t VALUES ($1)", " RETURNING {}"),
            (
                "INSERT INTO t VALUES ($1) ON CONFLICT (id) DO UPDATE SET a = 1 RETURNING (SELECT 1)",
                ", {}",
            ),
            (
                "WITH a AS (UPDATE t SET b = 1 RETURNING id) SELECT id FROM a",
                " LIMIT nullif({}, 1)",
            ),
        ] {
            let wanted = format!("{ON_PRIMARY}{sql}{}", guarded_as.replace("{}", IS_MARKED));
            assert_eq!(guarded(sql), wanted);
            assert_eq!(guarded(&format!("{ON_PRIMARY}{sql}")), wanted);
        }
    }
}
