//! Expressions for the parts of a value: fields of a ROW, elements of an ARRAY, values of a MAP.

use sqlparser::ast::{AccessExpr, Expr, Ident, Subscript};

use super::expression::{Planned, Scope};
use super::refuse::place;
use crate::options::nearest::nearest;
use crate::sql::expression::Expression;
use crate::sql::functions::nested::element::element;
use crate::sql::parse::{error, location};
use crate::types::data_type::DataType;

impl Scope<'_> {
    /// `table.column`, `column.field`, `table.column.field` …
    #[inline(never)]
    pub(super) fn qualified(&self, parts: &[Ident]) -> Planned<Expression> {
        let is_column = |name: &Ident| self.columns.iter().any(|known| known.name == name.value);
        match parts {
            [table, column, fields @ ..]
                if table.value == self.qualifier && (is_column(column) || !is_column(table)) =>
            {
                self.fields(self.column(column)?, fields)
            }
            [column, fields @ ..] if is_column(column) => self.fields(self.column(column)?, fields),
            [first, ..] => {
                let message = format!("unknown table '{}'; the query reads '{}'", first.value, self.qualifier);
                Err(error(place(first.span.start, self.at), message))
            }
            [] => Err(error(self.at, "expected a column")),
        }
    }

    fn fields(&self, mut value: Expression, names: &[Ident]) -> Planned<Expression> {
        for name in names {
            value = field(value, name)?;
        }
        Ok(value)
    }

    /// `value[index].field …`, where the value may be `table.column.field …`
    #[inline(never)]
    pub(super) fn access(&self, root: &Expr, chain: &[AccessExpr]) -> Planned<Expression> {
        let (mut value, behind) = self.named(root, chain)?;
        for access in behind {
            value = match access {
                AccessExpr::Dot(Expr::Identifier(name)) => field(value, name)?,
                AccessExpr::Subscript(Subscript::Index { index }) => {
                    element(value, self.expression(index)?).map_err(|message| error(self.place(index), message))?
                }
                _ => return Err(error(self.place(root), "not supported: this access to a part of a value")),
            };
        }
        Ok(value)
    }

    /// The value that the leading names stand for, and the accesses after them. The parser takes the first name as the
    /// value's, but it can be the table's name. Only all names together show which it is.
    fn named<'e>(&self, root: &Expr, chain: &'e [AccessExpr]) -> Planned<(Expression, &'e [AccessExpr])> {
        let Expr::Identifier(first) = root else { return Ok((self.expression(root)?, chain)) };
        let mut names = vec![first.clone()];
        names.extend(chain.iter().map_while(|access| match access {
            AccessExpr::Dot(Expr::Identifier(name)) => Some(name.clone()),
            _ => None,
        }));
        let behind = chain.get(names.len() - 1..).unwrap_or_default();
        match names.as_slice() {
            [column] => Ok((self.column(column)?, behind)),
            names => Ok((self.qualified(names)?, behind)),
        }
    }
}

fn field(value: Expression, name: &Ident) -> Planned<Expression> {
    let at = location(name.span.start);
    let DataType::Row(fields) = value.data_type() else {
        return Err(error(at, format!("'.{}' takes a field of a ROW, found {}", name.value, value.type_ref())));
    };
    match fields.iter().position(|field| field.name == name.value) {
        Some(index) => Ok(Expression::Field(value.into(), index, fields[index].data_type.clone())),
        None => {
            let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            let suggestion = match nearest(&name.value, names.iter().copied()) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("it has {}", names.join(", ")),
            };
            Err(error(at, format!("the ROW has no field '{}'; {suggestion}", name.value)))
        }
    }
}
