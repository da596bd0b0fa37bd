//! A topic that a program attaches to a table. It is a job without a file.

use crate::error::{Diagnostic, Error, Location};
use crate::options::OptionEntry;
use crate::settings::TableName;
use crate::sql::parse::{self, CreateTable, Name, Script, SqlStatement, column_of_text};

/// Statements of a program have no place in a file.
const NOWHERE: Location = Location { line: 0, column: 0 };
/// All columns of the topic go into the table.
const INSERT: &str = "INSERT INTO sink SELECT * FROM source";

/// A topic and the table that it is written to.
#[derive(Clone)]
pub struct AttachedTopic {
    /// The reason why the table's name is wrong.
    wrong: Option<String>,
    /// The names of the columns, and their types as in a CREATE TABLE.
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

    /// The statements of the job, and the errors in the columns and names.
    pub(super) fn script(&self) -> Script {
        let mut script = parse::parse(INSERT);
        script.errors.extend(self.wrong.iter().map(|message| Diagnostic { location: None, message: message.clone() }));
        let source = self.table("source", &self.source, &mut script.errors);
        // The source has the same columns, so their errors are in the list already.
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

/// The error without places in a file.
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
