//! Translates rows that were encoded before the table was altered. A value of an altered column is printed as text and read
//! as the new type. If it can't be read here, it is sent to the server as text, and the server decides.

use super::{column, copy_text};
use crate::batch::RowFormat;
use crate::types::column_types::ColumnType;
use crate::types::data_type::DataType;
use crate::types::fields::{EncodedField, fields};
use crate::types::target::{TargetColumn, TargetTable};
use crate::types::value::Value;
use crate::types::vector_encoding::VectorOptions;

/// Translates rows from one schema version of a table to another. Both have columns of the same names.
#[derive(Debug)]
pub struct Translator {
    columns: Vec<Pair>,
    text: Vec<u8>,
    scratch: copy_text::TextBuffers,
}

#[derive(Debug)]
struct Pair {
    was: TargetColumn,
    is: TargetColumn,
    /// The bytes of a value are the same in both.
    stays: bool,
}

impl Translator {
    pub fn new(was: &TargetTable, is: &TargetTable) -> Translator {
        let pair = |(was, is): (&TargetColumn, &TargetColumn)| Pair {
            stays: was.column_type == is.column_type && was.dimension == is.dimension,
            was: was.clone(),
            // The values are given to the new column as text.
            is: TargetColumn { source: DataType::STRING, ..is.clone() },
        };
        let columns = was.columns.iter().zip(&is.columns).map(pair).collect();
        Translator { columns, text: Vec::new(), scratch: copy_text::TextBuffers::default() }
    }

    /// Appends the row and returns its format.
    pub fn row(&mut self, format: RowFormat, row: &[u8], out: &mut Vec<u8>) -> RowFormat {
        let start = out.len();
        if format == RowFormat::Binary && self.binary(row, out).is_some() {
            return RowFormat::Binary;
        }
        out.truncate(start);
        for (at, field) in fields(format, row).enumerate() {
            if at > 0 {
                out.push(b'\t');
            }
            self.put_text(at, format, field, out);
        }
        out.push(b'\n');
        RowFormat::Text
    }

    /// `None`: a value has no binary form.
    fn binary(&mut self, row: &[u8], out: &mut Vec<u8>) -> Option<()> {
        // A table with such a column takes no row in binary form, even if the column's value is NULL.
        if self.columns.iter().any(|pair| pair.is.column_type == ColumnType::TextOnly) {
            return None;
        }
        out.extend_from_slice(&(self.columns.len() as u16).to_be_bytes());
        for (pair, field) in self.columns.iter().zip(fields(RowFormat::Binary, row)) {
            match field.value() {
                Some(value) if !pair.stays && !field.is_unchanged() => {
                    self.text.clear();
                    pair.was.column_type.print(&value, &mut self.text);
                    let text = Value::Text(std::str::from_utf8(&self.text).ok()?);
                    column::field(&pair.is, VectorOptions::default(), &text, out).ok()?;
                }
                _ => out.extend_from_slice(field.bytes()),
            }
        }
        Some(())
    }

    fn put_text(&mut self, at: usize, format: RowFormat, field: EncodedField<'_>, out: &mut Vec<u8>) {
        let Some(pair) = self.columns.get(at) else { return };
        if field.is_unchanged() {
            return out.extend_from_slice(crate::batch::UNCHANGED_TEXT);
        }
        let Some(value) = field.value() else { return out.extend_from_slice(b"\\N") };
        if format == RowFormat::Text && pair.stays {
            return out.extend_from_slice(field.bytes());
        }
        self.text.clear();
        match format {
            RowFormat::Text => self.text.extend_from_slice(&value),
            RowFormat::Binary => pair.was.column_type.print(&value, &mut self.text),
        }
        let start = out.len();
        let read = std::str::from_utf8(&self.text).is_ok_and(|text| {
            let text = Value::Text(text);
            copy_text::field(&pair.is, VectorOptions::default(), &text, &mut self.scratch, out).is_ok()
        });
        if !read {
            out.truncate(start);
            copy_text::escape(&self.text, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::UNCHANGED_LENGTH;

    fn table(column_types: &[ColumnType]) -> TargetTable {
        let column = |column_type: &ColumnType| TargetColumn {
            name: "c".into(),
            type_name: "t".into(),
            column_type: column_type.clone(),
            not_null: false,
            dimension: None,
            source: DataType::STRING,
        };
        TargetTable {
            schema: "s".into(),
            table: "t".into(),
            columns: column_types.iter().map(column).collect(),
            key: None,
            key_is_bytewise: true,
            other_unique: false,
        }
    }

    fn row(fields: &[&[u8]]) -> Vec<u8> {
        let mut row = (fields.len() as u16).to_be_bytes().to_vec();
        for field in fields {
            row.extend_from_slice(&(field.len() as u32).to_be_bytes());
            row.extend_from_slice(field);
        }
        row
    }

    fn translated(was: &[ColumnType], is: &[ColumnType], format: RowFormat, row: &[u8]) -> (RowFormat, Vec<u8>) {
        let mut out = Vec::new();
        let format = Translator::new(&table(was), &table(is)).row(format, row, &mut out);
        (format, out)
    }

    #[test]
    fn numbers_take_their_new_width() {
        let was = [ColumnType::Int4, ColumnType::Int4, ColumnType::Float4];
        let is = [ColumnType::Int8, ColumnType::Float4, ColumnType::Float8];
        let old = row(&[&(-7_i32).to_be_bytes(), &12_i32.to_be_bytes(), &0.1_f32.to_be_bytes()]);
        let new = row(&[&(-7_i64).to_be_bytes(), &12_f32.to_be_bytes(), &0.1_f64.to_be_bytes()]);
        assert_eq!(translated(&was, &is, RowFormat::Binary, &old), (RowFormat::Binary, new));
    }

    #[test]
    fn an_array_becomes_a_vector() {
        let mut array: Vec<u8> = [1_u32, 0, 700, 2, 1].iter().flat_map(|word| word.to_be_bytes()).collect();
        let mut vector = [0, 2, 0, 0].to_vec();
        for number in [0.1_f32, -2.5] {
            array.extend_from_slice(&[0, 0, 0, 4]);
            array.extend_from_slice(&number.to_be_bytes());
            vector.extend_from_slice(&number.to_be_bytes());
        }
        let (was, is) = ([ColumnType::Float4Array], [ColumnType::Vector]);
        assert_eq!(translated(&was, &is, RowFormat::Binary, &row(&[&array])), (RowFormat::Binary, row(&[&vector])));
        assert_eq!(
            translated(&was, &is, RowFormat::Text, b"{0.1,-2.5}\n"),
            (RowFormat::Text, b"[0.1,-2.5]\n".to_vec())
        );
    }

    #[test]
    fn a_value_that_does_not_fit_is_sent_as_text_so_that_the_server_refuses_it() {
        let was = [ColumnType::Int8, ColumnType::Text, ColumnType::Text];
        let is = [ColumnType::Int2, ColumnType::Text, ColumnType::Int4];
        let old = row(&[&70_000_i64.to_be_bytes(), b"a\tb", b"x"]);
        assert_eq!(translated(&was, &is, RowFormat::Binary, &old), (RowFormat::Text, b"70000\ta\\tb\tx\n".to_vec()));
    }

    #[test]
    fn a_row_with_a_column_that_is_read_as_text_only_is_not_sent_in_binary_form() {
        let (was, is) = ([ColumnType::Int4, ColumnType::Text], [ColumnType::Int4, ColumnType::TextOnly]);
        let old =
            [&2_u16.to_be_bytes()[..], &4_u32.to_be_bytes(), &7_i32.to_be_bytes(), &(-1_i32).to_be_bytes()].concat();
        assert_eq!(translated(&was, &is, RowFormat::Binary, &old), (RowFormat::Text, b"7\t\\N\n".to_vec()));
    }

    #[test]
    fn nulls_and_missing_values_of_an_update_stay_as_they_are() {
        let (was, is) = ([ColumnType::Int4, ColumnType::Int4], [ColumnType::Int8, ColumnType::Int8]);
        let old = [&2_u16.to_be_bytes()[..], &(-1_i32).to_be_bytes(), &UNCHANGED_LENGTH.to_be_bytes()].concat();
        assert_eq!(translated(&was, &is, RowFormat::Binary, &old), (RowFormat::Binary, old));
        assert_eq!(translated(&was, &is, RowFormat::Text, b"\\N\t\\U\n"), (RowFormat::Text, b"\\N\t\\U\n".to_vec()));
    }
}
