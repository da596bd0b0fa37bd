//! Rows as columns, in the form in which numeric programs have them.

use std::ops::Range;

use bumpalo::Bump;

use super::column::{Bitmap, ColumnValues};
use crate::types::value::Value;

/// Many rows as columns, borrowed from the host: nothing is copied before it is encoded.
///
/// If the columns have names, they may come in any order. If none has a name, they must be in the sink's order. All columns have
/// the same number of rows.
///
/// ```
/// use vecsink::{ColumnValues, Columns};
///
/// let ids = [1_i64, 2, 3];
/// let prices = [0.5_f64, 0.0, 1.5];
/// let embeddings = vec![0.25_f32; 3 * 128];
/// let batch = Columns::new()
///     .column("id", &ids)
///     .nullable("price", &prices, &[0b101])
///     .column("embedding", ColumnValues::matrix(&embeddings, 128));
/// assert_eq!(batch.rows(), Ok(3));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Columns<'a> {
    columns: Vec<HostColumn<'a>>,
    /// The range of rows that belongs to the batch. `None`: all rows.
    part: Option<Range<usize>>,
}

#[derive(Debug, Clone)]
struct HostColumn<'a> {
    name: Option<&'a str>,
    values: ColumnValues<'a>,
    validity: Option<Bitmap<'a>>,
}

impl<'a> Columns<'a> {
    /// No columns yet.
    pub fn new() -> Self {
        Columns::default()
    }

    /// Adds a column without NULLs.
    pub fn column(self, name: &'a str, values: impl Into<ColumnValues<'a>>) -> Self {
        self.add(Some(name), values, None::<Bitmap<'a>>)
    }

    /// Adds a column that may contain NULLs: a row's value is NULL if its bit is 0. The lowest bit of the first byte belongs to the
    /// first row.
    pub fn nullable(self, name: &'a str, values: impl Into<ColumnValues<'a>>, validity: impl Into<Bitmap<'a>>) -> Self {
        self.add(Some(name), values, Some(validity))
    }

    /// Adds a column with or without a name and a validity bitmap.
    pub fn add(
        mut self,
        name: Option<&'a str>,
        values: impl Into<ColumnValues<'a>>,
        validity: Option<impl Into<Bitmap<'a>>>,
    ) -> Self {
        self.columns.push(HostColumn { name, values: values.into(), validity: validity.map(Into::into) });
        self
    }

    /// The same columns, only with the rows from `rows.start` to before `rows.end`. Used to push the rest of a batch of which only the
    /// first rows were accepted.
    pub fn slice(&self, rows: Range<usize>) -> Columns<'a> {
        let start = self.part.as_ref().map_or(0, |part| part.start);
        let part = Some(start + rows.start..start + rows.end.max(rows.start));
        Columns { columns: self.columns.clone(), part }
    }

    /// The number of rows, or what is wrong with the columns.
    pub fn rows(&self) -> Result<usize, String> {
        let mut rows = None;
        for (at, column) in self.columns.iter().enumerate() {
            let named = |message: String| format!("column {}: {message}", self.label(at));
            let length = column.values.rows().map_err(named)?;
            if column.validity.is_some_and(|validity| validity.len() < length) {
                return Err(named(format!("its validity bitmap is too short for {length} rows")));
            }
            match rows {
                Some(rows) if rows != length => {
                    return Err(named(format!("it has {length} rows, {} has {rows}", self.label(0))));
                }
                _ => rows = Some(length),
            }
        }
        let all = rows.unwrap_or(0);
        match &self.part {
            None => Ok(all),
            Some(part) if part.end <= all => Ok(part.len()),
            Some(part) => Err(format!("rows up to {} are asked for, there are {all}", part.end)),
        }
    }

    fn label(&self, at: usize) -> String {
        match self.columns.get(at).and_then(|column| column.name) {
            Some(name) => name.to_owned(),
            None => format!("number {}", at + 1),
        }
    }

    /// For each of the wanted columns its index in this batch.
    pub fn order(&self, wanted: &[String]) -> Result<Vec<usize>, String> {
        let list = || wanted.join(", ");
        if self.columns.iter().all(|column| column.name.is_none()) {
            return match self.columns.len() == wanted.len() {
                true => Ok((0..wanted.len()).collect()),
                false => Err(format!(
                    "the batch has {} columns, the sink has {}: {}",
                    self.columns.len(),
                    wanted.len(),
                    list()
                )),
            };
        }
        let is = |at: usize, name: &str| self.columns.get(at).is_some_and(|column| column.name == Some(name));
        for at in 0..self.columns.len() {
            let label = self.label(at);
            if !wanted.iter().any(|name| is(at, name)) {
                return Err(format!("the sink has no column {label}; its columns are {}", list()));
            }
            if (0..at).any(|before| is(before, &label)) {
                return Err(format!("the batch has two columns {label}"));
            }
        }
        let place = |name: &String| {
            let found = (0..self.columns.len()).find(|at| is(*at, name));
            found.ok_or_else(|| {
                format!("the batch has no column {name}; open the sink with the columns that are pushed")
            })
        };
        wanted.iter().map(place).collect()
    }

    /// One value, or why it can't be read.
    #[inline]
    pub fn value<'b>(&'b self, column: usize, row: usize, arena: &'b Bump) -> Result<Value<'b>, String> {
        let row = row + self.part.as_ref().map_or(0, |part| part.start);
        let Some(column) = self.columns.get(column) else { return Ok(Value::Null) };
        if column.validity.is_some_and(|validity| !validity.get(row)) {
            return Ok(Value::Null);
        }
        column.values.value(row, arena)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn columns_are_found_by_name_or_by_place_but_not_by_both() {
        let (ids, names) = ([1_i32, 2], ["a", "b"]);
        let named = Columns::new().column("name", &names).column("id", &ids);
        assert_eq!(named.order(&wanted(&["id", "name"])), Ok(vec![1, 0]));
        assert!(named.order(&wanted(&["id", "name", "price"])).unwrap_err().contains("no column price"));
        assert!(named.order(&wanted(&["id"])).unwrap_err().contains("no column name"));
        let bare = Columns::new().add(None, &ids, None::<Bitmap<'_>>);
        assert_eq!(bare.order(&wanted(&["id"])), Ok(vec![0]));
        assert!(bare.order(&wanted(&["id", "name"])).is_err());
    }

    #[test]
    fn a_slice_counts_from_its_own_start() {
        let ids = [10_i64, 11, 12, 13];
        let batch = Columns::new().nullable("id", &ids, &[0b1011]).slice(1..4);
        let arena = Bump::new();
        assert_eq!(batch.rows(), Ok(3));
        assert_eq!(batch.value(0, 0, &arena), Ok(Value::Int(11)));
        assert_eq!(batch.value(0, 1, &arena), Ok(Value::Null));
        assert_eq!(batch.slice(2..3).value(0, 0, &arena), Ok(Value::Int(13)));
        assert!(batch.slice(2..9).rows().is_err());
    }

    #[test]
    fn columns_of_different_lengths_are_refused() {
        let (ids, names) = ([1_i32, 2], ["a"]);
        assert!(Columns::new().column("id", &ids).column("name", &names).rows().unwrap_err().contains("name"));
        assert!(Columns::new().nullable("id", &[1_i32; 9], &[0xff]).rows().unwrap_err().contains("bitmap"));
    }
}
