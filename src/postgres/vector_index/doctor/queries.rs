//! The texts of queries in pg_stat_statements: which column they order by, and by which operator.

use super::facts::{ColumnFacts, QueryFacts};

/// pgvector's operators of distance.
const OPERATORS: [&str; 6] = ["<->", "<#>", "<=>", "<+>", "<~>", "<%>"];

/// The distances in a query's text that have one of these columns as an operand.
pub fn of_text(text: &str, calls: u64, columns: &[ColumnFacts]) -> Vec<QueryFacts> {
    let mut found = Vec::new();
    for operator in OPERATORS {
        for (at, _) in text.match_indices(operator) {
            // The column may be on either side.
            let sides = [before(&text[..at]), after(&text[at + operator.len()..])];
            let named = sides
                .iter()
                .find_map(|side| columns.iter().find(|column| names(side, &column.name)).map(|column| (column, *side)));
            let Some((column, side)) = named else { continue };
            let bare = plain(side).rsplit('.').next().is_some_and(|last| last == plain(&column.name));
            found.push(QueryFacts {
                column: column.number,
                operator: operator.to_owned(),
                expression: (!bare).then(|| side.to_owned()),
                calls,
            });
        }
    }
    found
}

/// The operand that ends here: back to a blank, a comma or a parenthesis that isn't closed in it.
fn before(text: &str) -> &str {
    let text = text.trim_end();
    let mut depth = 0;
    for (at, c) in text.char_indices().rev() {
        match c {
            ')' => depth += 1,
            '(' if depth == 0 => return &text[at + 1..],
            '(' => depth -= 1,
            c if depth == 0 && (c.is_whitespace() || c == ',') => return &text[at + c.len_utf8()..],
            _ => {}
        }
    }
    text
}

/// The operand that begins here.
fn after(text: &str) -> &str {
    let text = text.trim_start();
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return &text[..at],
            ')' => depth -= 1,
            c if depth == 0 && (c.is_whitespace() || c == ',' || c == ';') => return &text[..at],
            _ => {}
        }
    }
    text
}

/// Whether the column's name is a word of this text.
fn names(text: &str, column: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let lower = text.to_lowercase();
    let column = column.to_lowercase();
    lower
        .match_indices(column.as_str())
        .any(|(at, _)| !lower[..at].ends_with(is_word) && !lower[at + column.len()..].starts_with(is_word))
}

/// An expression without what can be written in several ways: blanks, quotes, parentheses, capital letters.
pub fn plain(expression: &str) -> String {
    let kept = expression.chars().filter(|c| !c.is_whitespace() && !['"', '(', ')'].contains(c));
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::super::facts::DoctorFacts;
    use super::*;

    fn seen(text: &str) -> Vec<(String, Option<String>)> {
        let mut column = DoctorFacts::sample().columns[0].clone();
        column.name = "feature".to_owned();
        of_text(text, 1, &[column]).into_iter().map(|query| (query.operator, query.expression)).collect()
    }

    #[test]
    fn a_query_says_by_which_operator_it_orders_the_column() {
        for text in [
            "SELECT id FROM cars ORDER BY feature <-> $1 LIMIT $2",
            "SELECT id FROM cars c ORDER BY c.\"feature\"<->$1::vector LIMIT $2",
            "select id, (feature <-> $1) from cars",
            "SELECT id FROM cars ORDER BY $1 <-> feature LIMIT $2",
        ] {
            assert_eq!(seen(text), [("<->".to_owned(), None)], "{text}");
        }
        assert_eq!(seen("SELECT id FROM cars ORDER BY features <-> $1"), []);
        assert_eq!(seen("SELECT feature FROM cars ORDER BY other <=> $1"), []);
    }

    #[test]
    fn an_expression_over_the_column_is_told_from_the_column() {
        let cast = "feature::halfvec(128)";
        let query = format!("SELECT id FROM cars ORDER BY {cast} <=> $1 LIMIT 10");
        assert_eq!(seen(&query), [("<=>".to_owned(), Some(cast.to_owned()))]);
        assert_eq!(plain("((feature)::halfvec(128))"), plain("\"feature\"::halfvec(128)"));
    }
}
