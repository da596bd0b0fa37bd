//! The name of a table in the database, as users write it.

/// `schema.table` or `table`. A part in double quotes may contain dots, and a double quote written twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName {
    schema: Option<NamePart>,
    table: NamePart,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct NamePart {
    text: String,
    is_quoted: bool,
}

impl TableName {
    /// The error continues a sentence that begins with the option's or argument's name.
    pub fn parse(text: &str) -> Result<TableName, String> {
        let wrong = || {
            "must be a table's name: SCHEMA.TABLE or TABLE, with double quotes around a part that contains dots"
                .to_owned()
        };
        let (first, rest) = part(text).ok_or_else(wrong)?;
        if rest.is_empty() {
            return Ok(TableName { schema: None, table: first });
        }
        match rest.strip_prefix('.').and_then(part) {
            Some((table, "")) => Ok(TableName { schema: Some(first), table }),
            _ => Err(wrong()),
        }
    }

    pub fn has_schema(&self) -> bool {
        self.schema.is_some()
    }

    /// The schema and the table, spelled as in the text. `default` is the schema if the name has none.
    pub fn or_in(self, default: &str) -> (String, String) {
        (self.schema.map_or_else(|| default.to_owned(), |part| part.text), self.table.text)
    }

    /// The name with its unquoted parts in lower case, as in SQL.
    pub fn folded(mut self) -> Self {
        for part in self.schema.iter_mut().chain([&mut self.table]).filter(|part| !part.is_quoted) {
            part.text.make_ascii_lowercase();
        }
        self
    }
}

/// The first part of the text, and the rest of the text.
fn part(text: &str) -> Option<(NamePart, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find('.').unwrap_or(text.len());
        let (part, rest) = text.split_at_checked(end)?;
        let is_name = !part.trim().is_empty() && !part.contains('"');
        return is_name.then(|| (NamePart { text: part.to_owned(), is_quoted: false }, rest));
    };
    let mut part = String::new();
    let mut rest = quoted;
    loop {
        let (before, behind) = rest.split_once('"')?;
        part.push_str(before);
        match behind.strip_prefix('"') {
            Some(more) => {
                part.push('"');
                rest = more;
            }
            None => return (!part.is_empty()).then_some((NamePart { text: part, is_quoted: true }, behind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Option<String> {
        let (schema, table) = TableName::parse(text).ok()?.or_in("public");
        Some(format!("{schema}|{table}"))
    }

    #[test]
    fn a_table_is_named_with_its_schema_or_without() {
        for (text, expected) in [
            ("items", "public|items"),
            ("Shop.Items", "Shop|Items"),
            (r#""my.schema".t"#, "my.schema|t"),
            (r#"s."my.table""#, "s|my.table"),
            (r#""a.b"."c""d""#, "a.b|c\"d"),
            (r#""only.dots""#, "public|only.dots"),
            ("Straße.größe 1", "Straße|größe 1"),
        ] {
            assert_eq!(split(text).as_deref(), Some(expected), "{text}");
        }
        for wrong in [
            "",
            ".",
            "a.",
            ".a",
            " .a",
            "a. ",
            "a.b.c",
            "\"a",
            "\"\"",
            "\"\".a",
            "\"a\"b",
            "a\"b\"",
            "\"a\".\"b",
            "\"a\" .b",
        ] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_unquoted_parts_are_folded() {
        let folded = |text| TableName::parse(text).unwrap().folded().or_in("public");
        assert_eq!(folded("Shop.Items"), ("shop".into(), "items".into()));
        assert_eq!(folded(r#""Shop".Items"#), ("Shop".into(), "items".into()));
        assert_eq!(folded(r#"Shop."Items""#), ("shop".into(), "Items".into()));
    }
}
