//! JSON values → values of declared types, straight from the message's bytes.

use bumpalo::Bump;
use bumpalo::collections::{String, Vec};

use super::cursor::JsonCursor;
use super::shape::{self, JsonElements, JsonField, JsonFields, JsonKind, JsonType};
use super::vector::{JsonFloat, plain_numbers};
use super::{print, scalar};
use crate::excerpt::Excerpt;
use crate::formats::decode_error::DecodeError;
use crate::formats::json::options::TimestampStandard;
use crate::types::value::Value;

/// The rules for single values: the format's options, and the behaviour of Flink's decoder for the format.
#[derive(Debug, Clone, Copy)]
pub struct JsonRules {
    /// A value that doesn't fit its type becomes NULL.
    pub ignore_parse_errors: bool,
    pub timestamps: TimestampStandard,
    /// If a number with a fraction becomes a text, it is printed as a double. `false`: the text is the number as it is
    /// written.
    pub numbers_as_doubles: bool,
}

pub struct JsonReader<'a> {
    cursor: JsonCursor<'a>,
    arena: &'a Bump,
    rules: JsonRules,
    /// Values that became NULL because they don't fit their type.
    pub nulled: u64,
    /// Fields that the table has no column for.
    pub unknown: u64,
}

impl<'a> JsonReader<'a> {
    pub fn new(message: &'a [u8], rules: JsonRules, arena: &'a Bump) -> Self {
        JsonReader { cursor: JsonCursor::new(message), arena, rules, nulled: 0, unknown: 0 }
    }

    /// The row of the message's only object. Text after the object is ignored.
    pub fn message(&mut self, fields: &JsonFields) -> Result<&'a [Value<'a>], DecodeError> {
        match self.cursor.peek() {
            Some(b'{') => self.row(fields),
            _ => Err(self.cursor.unexpected("a JSON object")),
        }
    }

    fn value(&mut self, shape: &JsonType) -> Result<Value<'a>, DecodeError> {
        let next = self.cursor.peek();
        let start = self.cursor.at();
        let value = match next {
            Some(b'"') => {
                let quoted = self.cursor.string()?;
                scalar::from_string(&shape.kind, quoted, self.rules.timestamps, self.arena)
            }
            Some(b'-' | b'0'..=b'9') => {
                let number = self.cursor.number()?;
                scalar::from_number(&shape.kind, number, self.rules.numbers_as_doubles, self.arena)
            }
            Some(b'[') => match &shape.kind {
                JsonKind::Array(elements) => return self.array(elements),
                _ => self.other(shape)?,
            },
            Some(b'{') => match &shape.kind {
                JsonKind::Row(fields) => return self.row(fields).map(Value::Row),
                JsonKind::Map(values) => return self.map(values),
                _ => self.other(shape)?,
            },
            Some(b'n') => {
                self.cursor.word("null")?;
                return Ok(Value::Null);
            }
            Some(b't') => {
                self.cursor.word("true")?;
                scalar::from_boolean(&shape.kind, true)
            }
            Some(b'f') => {
                self.cursor.word("false")?;
                scalar::from_boolean(&shape.kind, false)
            }
            _ => return Err(self.cursor.unexpected("a value")),
        };
        match value {
            Some(value) => Ok(value),
            None => self.unfit(shape, start),
        }
    }

    /// Reads an object or array whose column has another type. A STRING gets its text. For other types the value doesn't
    /// fit.
    fn other(&mut self, shape: &JsonType) -> Result<Option<Value<'a>>, DecodeError> {
        if !matches!(shape.kind, JsonKind::Text) {
            self.cursor.skip_value(0)?;
            return Ok(None);
        }
        // This is enough for most texts. The string grows if it isn't.
        let room = self.cursor.rest().len().min(512);
        let mut text = String::with_capacity_in(room, self.arena);
        print::value(&mut self.cursor, 0, &mut text)?;
        Ok(Some(Value::Text(text.into_bump_str())))
    }

    #[cold]
    fn unfit(&mut self, shape: &JsonType, start: usize) -> Result<Value<'a>, DecodeError> {
        if self.rules.ignore_parse_errors {
            self.nulled += 1;
            return Ok(Value::Null);
        }
        let found = Excerpt(self.cursor.since(start).as_bytes());
        let expected = shape::expected(&shape.data_type, self.rules.timestamps);
        let reason = format!("found {found} where {} was expected: {expected}", shape.data_type);
        Err(DecodeError::new(start, reason))
    }

    /// The object at the current place.
    fn row(&mut self, fields: &JsonFields) -> Result<&'a [Value<'a>], DecodeError> {
        let start = self.cursor.at();
        let row = self.arena.alloc_slice_fill_copy(fields.len(), fields.absent());
        self.cursor.skip(1);
        let mut has_more = !self.cursor.accept(b'}');
        let mut place = 0;
        while has_more {
            match self.field(fields, place)? {
                Some((index, field)) => {
                    let value = self.column(fields, field).map_err(|fault| fault.in_field(&field.name))?;
                    if let Some(slot) = row.get_mut(index) {
                        *slot = value;
                    }
                    place = index + 1;
                }
                None => {
                    self.unknown += u64::from(!fields.is_envelope());
                    self.cursor.skip_value(0)?;
                }
            }
            has_more = self.cursor.has_more(b'}')?;
        }
        match fields.first_refused(row) {
            Some(field) => Err(DecodeError::new(start, "the field is missing").in_field(&field.name)),
            None => Ok(row),
        }
    }

    #[inline]
    fn column(&mut self, fields: &JsonFields, field: &JsonField) -> Result<Value<'a>, DecodeError> {
        self.cursor.peek();
        match fields.placeholder(self.cursor.rest()) {
            Some(placeholder) => {
                self.cursor.skip(placeholder.len());
                Ok(Value::Unchanged)
            }
            None => self.value(&field.shape),
        }
    }

    /// Takes a field's name. `None`: the table has no such column.
    #[inline]
    fn field<'f>(
        &mut self,
        fields: &'f JsonFields,
        place: usize,
    ) -> Result<Option<(usize, &'f JsonField)>, DecodeError> {
        if let Some((index, field)) = fields.follower(place)
            && self.cursor.accept_name(field.quoted())
        {
            return Ok(Some((index, field)));
        }
        let name = self.cursor.name()?;
        Ok(fields.find(name.text(self.arena), place))
    }

    fn array(&mut self, elements: &JsonElements) -> Result<Value<'a>, DecodeError> {
        match elements.shape.kind {
            JsonKind::Float => self.vector::<f32>(elements),
            JsonKind::Double => self.vector::<f64>(elements),
            _ => {
                self.cursor.skip(1);
                let values = Vec::with_capacity_in(self.room(elements), self.arena);
                let has_more = !self.cursor.accept(b']');
                self.elements(elements, values, has_more)
            }
        }
    }

    /// The array that begins at the current place. If one of its elements is NULL, its floats can't be packed.
    fn vector<F: JsonFloat>(&mut self, elements: &JsonElements) -> Result<Value<'a>, DecodeError> {
        self.cursor.skip(1);
        let mut numbers = Vec::with_capacity_in(self.room(elements), self.arena);
        let mut has_more = !self.cursor.accept(b']');
        while has_more && plain_numbers(&mut self.cursor, &mut numbers)? {
            let value = self.value(&elements.shape).map_err(|fault| fault.in_element(numbers.len()))?;
            has_more = self.cursor.has_more(b']')?;
            match F::of(value) {
                Some(number) => numbers.push(number),
                None => {
                    let mut values = Vec::with_capacity_in(self.room(elements), self.arena);
                    values.extend(numbers.iter().map(|number| F::value(*number)));
                    values.push(value);
                    return self.elements(elements, values, has_more);
                }
            }
        }
        elements.count.set(numbers.len());
        Ok(Value::Vector(F::vector(numbers.into_bump_slice())))
    }

    /// The number of elements to make room for: as many as the last time, but not more than fit into the rest of the
    /// message.
    fn room(&self, elements: &JsonElements) -> usize {
        elements.count.get().min(self.cursor.rest().len() / 2)
    }

    /// Reads the rest of an array, from its next element on.
    fn elements(
        &mut self,
        elements: &JsonElements,
        mut values: Vec<'a, Value<'a>>,
        mut has_more: bool,
    ) -> Result<Value<'a>, DecodeError> {
        while has_more {
            let value = self.value(&elements.shape).map_err(|fault| fault.in_element(values.len()))?;
            values.push(value);
            has_more = self.cursor.has_more(b']')?;
        }
        elements.count.set(values.len());
        Ok(Value::Array(values.into_bump_slice()))
    }

    /// If a key comes twice, the last value counts.
    fn map(&mut self, shape: &JsonType) -> Result<Value<'a>, DecodeError> {
        let mut entries = Vec::new_in(self.arena);
        self.cursor.skip(1);
        let mut has_more = !self.cursor.accept(b'}');
        while has_more {
            let key = self.cursor.name()?.text(self.arena);
            let value = self.value(shape).map_err(|fault| fault.in_field(key))?;
            entries.push((Value::Text(key), value));
            has_more = self.cursor.has_more(b'}')?;
        }
        if entries.len() > 1 {
            self.drop_repeated(&mut entries);
        }
        Ok(Value::Map(entries.into_bump_slice()))
    }

    fn drop_repeated(&self, entries: &mut Vec<'a, (Value<'a>, Value<'a>)>) {
        let key = |index: usize| match entries.get(index) {
            Some((Value::Text(key), _)) => *key,
            _ => "",
        };
        let mut order = Vec::from_iter_in(0..entries.len(), self.arena);
        order.sort_unstable_by_key(|&index| (key(index), index));
        let mut is_last = Vec::from_iter_in(std::iter::repeat_n(true, entries.len()), self.arena);
        let mut any = false;
        for pair in order.windows(2) {
            if key(pair[0]) == key(pair[1]) {
                is_last[pair[0]] = false;
                any = true;
            }
        }
        if any {
            let mut kept = is_last.into_iter();
            entries.retain(|_| kept.next().unwrap_or(true));
        }
    }
}
