//! No write without the message before it. BEGIN, what it sets, and the statement are sent without waiting
//! for an answer: when the first message fails, the server would run the statement all the same, in a
//! transaction of its own that nobody can roll back. So each statement asks for a mark that the first
//! message sets for its transaction alone, and fails where it is missing.

use super::primary::missing;

/// What the first message of a write sets, for its transaction alone.
pub(super) const MARK: &str = "SET LOCAL tokenkeep.transaction = 1";

/// Fails where the mark is missing: it was never set in this session, or it is the empty text that a
/// setting of an earlier transaction leaves behind.
const IS_MARKED: &str = "current_setting('tokenkeep.transaction')::integer";

/// `sql` so that it changes nothing where the mark is missing. A column is added behind those that it
/// returns: for each row that is written it is computed, and its failure undoes the whole statement. A
/// statement that ends in SELECT gets a limit of all rows, which is computed before the first one.
pub(super) fn guarded(sql: &str) -> String {
    let sql = sql.trim_end();
    let begin = missing(sql);
    match form(sql) {
        Form::Returning => format!("{begin}{sql}, {IS_MARKED}"),
        Form::Silent => format!("{begin}{sql} RETURNING {IS_MARKED}"),
        Form::Select => format!("{begin}{sql} LIMIT nullif({IS_MARKED}, 1)"),
    }
}

/// How a statement ends.
enum Form {
    /// INSERT, UPDATE or DELETE that returns columns.
    Returning,
    /// One that returns none.
    Silent,
    /// SELECT, of what is written in its WITH.
    Select,
}

/// The first verb outside of parentheses, where those of WITH stand, is the statement's own.
fn form(sql: &str) -> Form {
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
                ("SELECT", false) => return Form::Select,
                ("RETURNING", true) => return Form::Returning,
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
    Form::Silent
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
