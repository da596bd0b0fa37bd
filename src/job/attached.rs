//! A topic that a program attaches to a table: the parts of a job that have no file.

use crate::error::{Diagnostic, Error, Location};
use crate::options::OptionEntry;
use crate::settings::TableName;
use crate::sql::parse::{self, CreateTable, Name, Script, SqlStatement, column_of_text};

/// A program's parts have no place in a file.
const NOWHERE: Location = Location { line: 0, column: 0 };
/// All columns of the topic go into the table. Everything else about the two is data.
const INSERT: &str = "INSERT INTO sink SELECT * FROM source";

/// A topic on its way into a table.
#[derive(Clone)]
pub struct AttachedTopic {
    /// Why the table's name is wrong.
    wrong: Option<String>,
    /// With what stands behind each name in a CREATE TABLE: the type.
    columns: Vec<(String, String)>,
    source: Vec<OptionEntry>,
    sink: Vec<OptionEntry>,
}

impl AttachedTopic {
    pub fn new(url: &str, table: &str) -> AttachedTopic {
        let (named, wrong) = match TableName::parse(table) {
            Ok(name) => (name.or_in("public"), None),
            Err(why) => (Default::default(), Some(format!("'{table}' {why}"))),
        };
        let sink = [
            ("connector", "adbpg"),
            ("url", url),
            ("targetschema", &named.0),
            ("tablename", &named.1),
            ("casesensitive", "1"),
        ];
        AttachedTopic {
            wrong,
            columns: Vec::new(),
            source: vec![OptionEntry::of_program("connector", "kafka")],
            sink: sink.map(|(name, value)| OptionEntry::of_program(name, value)).to_vec(),
        }
    }

    pub fn column(&mut self, name: &str, data_type: &str) {
        self.columns.push((name.into(), data_type.into()));
    }

    pub fn source_option(&mut self, name: &str, value: &str) {
        self.source.push(OptionEntry::of_program(name, value));
    }

    pub fn sink_option(&mut self, name: &str, value: &str) {
        self.sink.push(OptionEntry::of_program(name, value));
    }

    /// The statements of the same job, with what is wrong with the parts.
    pub(super) fn script(&self) -> Script {
        let mut script = parse::parse(INSERT);
        script.errors.extend(self.wrong.iter().map(|message| Diagnostic { location: None, message: message.clone() }));
        let source = self.table("source", &self.source, &mut script.errors);
        // What is wrong with a column has been said of the source.
        let sink = self.table("sink", &self.sink, &mut Vec::new());
        script.statements.splice(..0, [source, sink].map(SqlStatement::CreateTable));
        script
    }

    fn table(&self, name: &str, options: &[OptionEntry], errors: &mut Vec<Diagnostic>) -> CreateTable {
        let mut table = CreateTable {
            name: Name { text: name.to_owned(), at: NOWHERE },
            if_not_exists: false,
            columns: Vec::new(),
            primary_key: None,
            options: options.to_vec(),
            partitioned_by: Vec::new(),
            like: None,
            without_effect: Vec::new(),
        };
        for (name, data_type) in &self.columns {
            errors.extend(column_of_text(name, data_type, &mut table).err());
        }
        table
    }
}

/// The same error without places in a file.
pub(super) fn without_places(error: Error) -> Error {
    match error {
        Error::Config(found) => {
            let mut errors: Vec<Diagnostic> = Vec::with_capacity(found.len());
            for diagnostic in found {
                let diagnostic = Diagnostic { location: None, ..diagnostic };
                if !errors.contains(&diagnostic) {
                    errors.push(diagnostic);
                }
            }
            Error::Config(errors)
        }
        other => other,
    }
}
