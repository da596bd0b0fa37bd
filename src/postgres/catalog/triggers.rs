//! The table's own triggers: those that may change a row's key (with one of these it isn't known beforehand which rows have the
//! same key), and those that run for each upsert.

use crate::error::Result;
use crate::postgres::catalog::unreadable::unreadable;
use crate::postgres::connect::session::Session;

/// A trigger that sees each row before it is stored.
struct Trigger {
    name: String,
    language: String,
    source: String,
}

/// The names of the triggers that may change one of these columns.
pub fn that_may_change(session: &mut Session, table: u32, columns: &[&str], name: &str) -> Result<Vec<String>> {
    let rows = session
        .client()
        .query(
            // 1: for each row, 2: before, 4: insert, 16: update. The functions of pg_catalog change no key.
            "SELECT t.tgname::text, l.lanname::text, p.prosrc
             FROM pg_catalog.pg_trigger t
             JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
             JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
             JOIN pg_catalog.pg_language l ON l.oid = p.prolang
             WHERE t.tgrelid = $1 AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND n.nspname <> 'pg_catalog'
               AND t.tgtype & 3 = 3 AND t.tgtype & 20 <> 0
             ORDER BY t.tgname",
            &[&table],
        )
        .map_err(|error| unreadable(session, name, &error))?;
    let triggers = rows.iter().map(|row| Trigger { name: row.get(0), language: row.get(1), source: row.get(2) });
    Ok(triggers.filter(|trigger| trigger.may_change(columns)).map(|trigger| trigger.name).collect())
}

/// The names of the triggers that run when a row is upserted. Those of pg_catalog's functions don't count: they do nothing
/// when nothing changes.
pub fn that_upserts_fire(session: &mut Session, table: u32, name: &str) -> Result<Vec<String>> {
    let rows = session
        .client()
        .query(
            // 4: insert, 16: update. 'R': only in sessions that replicate.
            "SELECT t.tgname::text
             FROM pg_catalog.pg_trigger t
             JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
             JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
             WHERE t.tgrelid = $1 AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND n.nspname <> 'pg_catalog'
               AND t.tgtype & 20 <> 0
             ORDER BY t.tgname",
            &[&table],
        )
        .map_err(|error| unreadable(session, name, &error))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

impl Trigger {
    /// A PL/pgSQL function doesn't change these columns if it doesn't name them, changes the row only by `NEW.column` and
    /// returns `NEW`. Any other function may.
    fn may_change(&self, columns: &[&str]) -> bool {
        if self.language != "plpgsql" {
            return true;
        }
        let source = self.source.to_lowercase();
        let words: Vec<&str> = words(&source).collect();
        let names_a_column = columns.iter().any(|column| source.contains(&column.to_lowercase()));
        let after = |at: usize| words.get(at + 1).copied().unwrap_or_default();
        names_a_column
            || words.iter().enumerate().any(|(at, word)| match *word {
                "execute" => true,
                "return" => !matches!(after(at), "new" | "old" | "null"),
                "new" => {
                    let is_returned = at > 0 && words[at - 1] == "return" && after(at) == ";";
                    !is_returned && after(at) != "."
                }
                _ => false,
            })
    }
}

/// The words of a text, and each other character alone.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let end = if is_word(first) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_change_id(language: &str, source: &str) -> bool {
        Trigger { name: "t".into(), language: language.into(), source: source.into() }.may_change(&["id"])
    }

    #[test]
    fn a_function_that_sets_other_columns_leaves_the_key() {
        let touch = "BEGIN NEW.updated_at := now(); IF NEW.a > 1 THEN RETURN NULL; END IF; RETURN NEW; END";
        assert!(!may_change_id("plpgsql", touch));
        assert!(!may_change_id("plpgsql", "begin new.note = upper(new.note); return new; end"));
    }

    #[test]
    fn a_function_that_names_the_key_or_replaces_the_row_may_change_it() {
        for source in [
            "BEGIN NEW.id := lower(NEW.id); RETURN NEW; END",
            "BEGIN NEW.\"ID\" := 1; RETURN NEW; END",
            "BEGIN NEW := other(NEW); RETURN NEW; END",
            "BEGIN SELECT * INTO NEW FROM t; RETURN NEW; END",
            "DECLARE r record; BEGIN RETURN r; END",
            "BEGIN EXECUTE 'x'; RETURN NEW; END",
            "BEGIN RETURN NEW #= hstore('a', 'b'); END",
        ] {
            assert!(may_change_id("plpgsql", source), "{source}");
        }
        assert!(may_change_id("c", "anything"));
    }
}
