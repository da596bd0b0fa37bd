//! Makes a row of the fields of a message. A field can come in several parts: a list can come element by element. A nested
//! message can come twice; then the fields of the second part replace those of the first.

use bumpalo::Bump;
use bumpalo::collections::Vec;

use super::shape::{Enumeration, FieldReading, ProtobufAbsent, ProtobufField, ProtobufKind, ProtobufMessage};
use super::wire::{Wire, WireType};
use crate::excerpt::Excerpt;
use crate::formats::decode_error::DecodeError;
use crate::types::value::{Value, Vector};

/// The values of a message's columns that were read so far.
pub struct Building<'a> {
    parts: &'a mut [FieldPart<'a>],
    seen: u64,
}

/// The part of a field that was read so far.
enum FieldPart<'a> {
    Nothing,
    Value(Value<'a>),
    Message(Building<'a>),
    List(Vec<'a, Value<'a>>),
    /// Numbers that came packed and in one part, as those of vectors usually do.
    Packed(Vector<'a>),
    Floats(Vec<'a, f32>),
    Doubles(Vec<'a, f64>),
    Map(Vec<'a, (Value<'a>, Value<'a>)>),
}

type Read<T> = Result<T, DecodeError>;

impl<'a> Building<'a> {
    pub fn new(shape: &ProtobufMessage, arena: &'a Bump) -> Self {
        Building { parts: arena.alloc_slice_fill_with(shape.absent.len(), |_| FieldPart::Nothing), seen: 0 }
    }

    /// Reads the fields up to the end of `wire`.
    pub fn read(&mut self, shape: &ProtobufMessage, wire: &mut Wire<'a>, arena: &'a Bump) -> Read<()> {
        let mut hint = 0;
        while !wire.is_at_end() {
            let (number, wire_type) = wire.tag()?;
            let Some(field) = shape.find(number, &mut hint) else {
                wire.skipped += 1;
                wire.skip(number, wire_type)?;
                continue;
            };
            self.field(field, wire_type, wire, arena).map_err(|fault| fault.in_field(&field.name))?;
        }
        Ok(())
    }

    fn field(&mut self, field: &ProtobufField, wire_type: WireType, wire: &mut Wire<'a>, arena: &'a Bump) -> Read<()> {
        let is_taken = match &field.column {
            Some((column, reading)) => match self.parts.get_mut(*column) {
                Some(part) => part.take(reading, field.number, wire_type, wire, arena)?,
                None => false,
            },
            None => {
                wire.skip(field.number, wire_type)?;
                wire.skipped += 1;
                self.clear(field);
                self.seen |= field.required;
                return Ok(());
            }
        };
        if is_taken {
            self.clear(field);
            self.seen |= field.required;
        } else {
            wire.skipped += 1;
        }
        Ok(())
    }

    /// Removes the other members of the field's oneof, because the last member counts.
    #[inline]
    fn clear(&mut self, field: &ProtobufField) {
        for other in &field.others {
            if let Some(part) = self.parts.get_mut(*other) {
                *part = FieldPart::Nothing;
            }
        }
    }

    /// Makes the row. `at` is the message's end, for the error about a missing field.
    pub fn finish(self, shape: &ProtobufMessage, at: usize, arena: &'a Bump) -> Read<&'a [Value<'a>]> {
        if let Some(name) = shape.missing(self.seen) {
            return Err(DecodeError::new(at, "the required field is missing").in_field(name));
        }
        let row = arena.alloc_slice_fill_copy(self.parts.len(), Value::Null);
        for (index, (value, part)) in row.iter_mut().zip(self.parts).enumerate() {
            *value = match std::mem::replace(part, FieldPart::Nothing) {
                FieldPart::Nothing => shape.absent.get(index).map_or(Value::Null, |absent| absent.value(arena)),
                FieldPart::Value(value) => value,
                FieldPart::Message(building) => match shape.nested(index) {
                    Some((name, nested)) => {
                        Value::Row(building.finish(nested, at, arena).map_err(|fault| fault.in_field(name))?)
                    }
                    None => Value::Null,
                },
                FieldPart::List(values) => Value::Array(values.into_bump_slice()),
                FieldPart::Packed(vector) => Value::Vector(vector),
                FieldPart::Floats(values) => Value::Vector(Vector::Float(values.into_bump_slice())),
                FieldPart::Doubles(values) => Value::Vector(Vector::Double(values.into_bump_slice())),
                FieldPart::Map(mut entries) => {
                    drop_repeated(&mut entries, arena);
                    Value::Map(entries.into_bump_slice())
                }
            };
        }
        Ok(row)
    }
}

impl<'a> FieldPart<'a> {
    /// Takes a value after its tag. `false`: the field can't have such a value, so it was skipped.
    #[inline]
    fn take(
        &mut self,
        reading: &FieldReading,
        number: u32,
        wire_type: WireType,
        wire: &mut Wire<'a>,
        arena: &'a Bump,
    ) -> Read<bool> {
        match reading {
            FieldReading::One(kind) if wire_type == kind.wire_type() => self.one(kind, number, wire, arena),
            FieldReading::List(kind) if wire_type == WireType::Delimited && kind.can_be_packed() => {
                let range = wire.delimited()?;
                self.packed(kind, range, wire, arena)?;
                Ok(true)
            }
            FieldReading::List(kind) if wire_type == kind.wire_type() => self.element(kind, number, wire, arena),
            FieldReading::Map(entry) if wire_type == WireType::Delimited => {
                let range = wire.delimited()?;
                let (key, value, no_key, no_value) = &**entry;
                let read = wire.within(range, |wire| map_entry((key, no_key), (value, no_value), wire, arena))?;
                let Some(entry) = read else { return Ok(false) };
                match self {
                    FieldPart::Map(entries) => entries.push(entry),
                    _ => *self = FieldPart::Map(bumpalo::vec![in arena; entry]),
                }
                Ok(true)
            }
            _ => {
                wire.skip(number, wire_type)?;
                Ok(false)
            }
        }
    }

    fn one(&mut self, kind: &ProtobufKind, number: u32, wire: &mut Wire<'a>, arena: &'a Bump) -> Read<bool> {
        let (ProtobufKind::Message(shape) | ProtobufKind::Group(shape)) = kind else {
            let Some(value) = single(kind, wire, arena)? else { return Ok(false) };
            *self = FieldPart::Value(value);
            return Ok(true);
        };
        let range = nested(kind, number, wire)?;
        if !matches!(self, FieldPart::Message(_)) {
            *self = FieldPart::Message(Building::new(shape, arena));
        }
        if let FieldPart::Message(building) = self {
            wire.within(range, |wire| building.read(shape, wire, arena))?;
        }
        Ok(true)
    }

    fn element(&mut self, kind: &ProtobufKind, number: u32, wire: &mut Wire<'a>, arena: &'a Bump) -> Read<bool> {
        match kind {
            ProtobufKind::Float => self.floats(arena).push(f32::from_le_bytes(wire.fixed()?)),
            ProtobufKind::Double => self.doubles(arena).push(f64::from_le_bytes(wire.fixed()?)),
            ProtobufKind::Message(shape) | ProtobufKind::Group(shape) => {
                let range = nested(kind, number, wire)?;
                let list = self.list(arena);
                let row = wire.within(range, |wire| {
                    let mut building = Building::new(shape, arena);
                    building.read(shape, wire, arena)?;
                    building.finish(shape, range.1, arena)
                });
                list.push(Value::Row(row.map_err(|fault| fault.in_element(list.len()))?));
            }
            kind => {
                let list = self.list(arena);
                let Some(value) = single(kind, wire, arena).map_err(|fault| fault.in_element(list.len()))? else {
                    return Ok(false);
                };
                list.push(value);
            }
        }
        Ok(true)
    }

    /// Takes packed numbers: they come one after another, without tags.
    fn packed(&mut self, kind: &ProtobufKind, range: (usize, usize), wire: &mut Wire<'a>, arena: &'a Bump) -> Read<()> {
        let bytes = wire.bytes(range);
        let is_first = matches!(self, FieldPart::Nothing);
        match kind {
            ProtobufKind::Float => {
                let numbers = whole::<4>(bytes, range.0)?.iter().map(|bytes| f32::from_le_bytes(*bytes));
                match is_first {
                    true => *self = FieldPart::Packed(Vector::Float(all(numbers, 0.0, arena))),
                    false => self.floats(arena).extend(numbers),
                }
            }
            ProtobufKind::Double => {
                let numbers = whole::<8>(bytes, range.0)?.iter().map(|bytes| f64::from_le_bytes(*bytes));
                match is_first {
                    true => *self = FieldPart::Packed(Vector::Double(all(numbers, 0.0, arena))),
                    false => self.doubles(arena).extend(numbers),
                }
            }
            kind => {
                let list = self.list(arena);
                wire.within(range, |wire| {
                    while !wire.is_at_end() {
                        let value = single(kind, wire, arena).map_err(|fault| fault.in_element(list.len()))?;
                        wire.skipped += u64::from(value.is_none());
                        list.extend(value);
                    }
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    fn list(&mut self, arena: &'a Bump) -> &mut Vec<'a, Value<'a>> {
        if !matches!(self, FieldPart::List(_)) {
            *self = FieldPart::List(Vec::new_in(arena));
        }
        match self {
            FieldPart::List(values) => values,
            _ => unreachable!("the lines above have set this variant"),
        }
    }

    fn floats(&mut self, arena: &'a Bump) -> &mut Vec<'a, f32> {
        match self {
            FieldPart::Floats(_) => {}
            FieldPart::Packed(Vector::Float(first)) => {
                *self = FieldPart::Floats(Vec::from_iter_in(first.iter().copied(), arena))
            }
            _ => *self = FieldPart::Floats(Vec::new_in(arena)),
        }
        match self {
            FieldPart::Floats(values) => values,
            _ => unreachable!("the lines above have set this variant"),
        }
    }

    fn doubles(&mut self, arena: &'a Bump) -> &mut Vec<'a, f64> {
        match self {
            FieldPart::Doubles(_) => {}
            FieldPart::Packed(Vector::Double(first)) => {
                *self = FieldPart::Doubles(Vec::from_iter_in(first.iter().copied(), arena))
            }
            _ => *self = FieldPart::Doubles(Vec::new_in(arena)),
        }
        match self {
            FieldPart::Doubles(values) => values,
            _ => unreachable!("the lines above have set this variant"),
        }
    }
}

/// Splits the bytes into numbers of N bytes.
fn whole<const N: usize>(bytes: &[u8], at: usize) -> Read<&[[u8; N]]> {
    match bytes.as_chunks() {
        (numbers, []) => Ok(numbers),
        _ => {
            Err(DecodeError::new(at, format!("found {} bytes where packed numbers of {N} were expected", bytes.len())))
        }
    }
}

/// Copies all numbers of a vector. The compiler makes a single copy of this loop.
fn all<T: Copy>(numbers: impl ExactSizeIterator<Item = T>, zero: T, arena: &Bump) -> &[T] {
    let vector = arena.alloc_slice_fill_copy(numbers.len(), zero);
    for (slot, number) in vector.iter_mut().zip(numbers) {
        *slot = number;
    }
    vector
}

/// The range of bytes with the fields of a nested message.
fn nested(kind: &ProtobufKind, number: u32, wire: &mut Wire<'_>) -> Read<(usize, usize)> {
    match kind {
        ProtobufKind::Group(_) => wire.group(number),
        _ => wire.delimited(),
    }
}

/// A value of a kind that never comes in parts. `None`: a number that the enumeration doesn't have.
#[inline]
fn single<'a>(kind: &ProtobufKind, wire: &mut Wire<'a>, arena: &'a Bump) -> Read<Option<Value<'a>>> {
    let zigzag = |value: u64| (value >> 1) as i64 ^ -((value & 1) as i64);
    Ok(Some(match kind {
        ProtobufKind::Bool => Value::Bool(wire.varint()? != 0),
        ProtobufKind::Int32 => Value::Int((wire.varint()? as i32).into()),
        ProtobufKind::Uint32 => Value::Int((wire.varint()? as u32).into()),
        ProtobufKind::Sint32 => Value::Int(zigzag((wire.varint()? as u32).into())),
        ProtobufKind::Int64 => Value::Int(wire.varint()? as i64),
        ProtobufKind::Sint64 => Value::Int(zigzag(wire.varint()?)),
        ProtobufKind::Fixed32 => Value::Int(u32::from_le_bytes(wire.fixed()?).into()),
        ProtobufKind::Sfixed32 => Value::Int(i32::from_le_bytes(wire.fixed()?).into()),
        ProtobufKind::Fixed64 => Value::Int(i64::from_le_bytes(wire.fixed()?)),
        ProtobufKind::Float => Value::Float(f32::from_le_bytes(wire.fixed()?)),
        ProtobufKind::Double => Value::Double(f64::from_le_bytes(wire.fixed()?)),
        ProtobufKind::Text => Value::Text(text(wire)?),
        ProtobufKind::Bytes => {
            let range = wire.delimited()?;
            Value::Bytes(wire.bytes(range))
        }
        ProtobufKind::Enum(enumeration) => return named(enumeration, wire, arena),
        ProtobufKind::Instant => {
            let range = wire.delimited()?;
            wire.within(range, instant)?
        }
        // These kinds can come in parts.
        ProtobufKind::Message(_) | ProtobufKind::Group(_) => return Ok(None),
    }))
}

fn text<'a>(wire: &mut Wire<'a>) -> Read<&'a str> {
    let range = wire.delimited()?;
    let bytes = wire.bytes(range);
    simdutf8::basic::from_utf8(bytes)
        .map_err(|_| DecodeError::new(range.0, format!("found {} where text in UTF-8 was expected", Excerpt(bytes))))
}

fn named<'a>(enumeration: &Enumeration, wire: &mut Wire<'a>, arena: &'a Bump) -> Read<Option<Value<'a>>> {
    let at = wire.at();
    let number = wire.varint()? as i32;
    if !enumeration.takes(number) {
        return Ok(None);
    }
    if let Some(name) = enumeration.name(number) {
        return Ok(Some(Value::Text(arena.alloc_str(name))));
    }
    let value = i64::from(number);
    if value < enumeration.least || value > enumeration.most {
        let reason =
            format!("found {value} where a number from {} to {} was expected", enumeration.least, enumeration.most);
        return Err(DecodeError::new(at, reason));
    }
    Ok(Some(Value::Int(value)))
}

/// `google.protobuf.Timestamp`: seconds since 1970 and nanoseconds.
fn instant<'a>(wire: &mut Wire<'a>) -> Read<Value<'a>> {
    let start = wire.at();
    let (mut seconds, mut nanos) = (0, 0);
    while !wire.is_at_end() {
        match wire.tag()? {
            (1, WireType::Varint) => seconds = wire.varint()? as i64,
            (2, WireType::Varint) => nanos = wire.varint()? as i32,
            (number, wire_type) => wire.skip(number, wire_type)?,
        }
    }
    // The definition of Timestamp allows the years 1 to 9999.
    match u32::try_from(nanos) {
        Ok(nanos @ 0..1_000_000_000) if (-62_135_596_800..=253_402_300_799).contains(&seconds) => {
            Ok(Value::Instant { seconds, nanos })
        }
        _ => Err(DecodeError::new(start, format!("found a Timestamp of {seconds} seconds and {nanos} nanoseconds"))),
    }
}

/// The key and value of an entry. `None`: the value is a number that its enumeration doesn't have.
fn map_entry<'a>(
    key: (&ProtobufKind, &ProtobufAbsent),
    value: (&ProtobufKind, &ProtobufAbsent),
    wire: &mut Wire<'a>,
    arena: &'a Bump,
) -> Read<Option<(Value<'a>, Value<'a>)>> {
    let (mut of_key, mut of_value) = (FieldPart::Nothing, FieldPart::Nothing);
    while !wire.is_at_end() {
        let (number, wire_type) = wire.tag()?;
        let (part, kind, name) = match number {
            1 if wire_type == key.0.wire_type() => (&mut of_key, key.0, "key"),
            2 if wire_type == value.0.wire_type() => (&mut of_value, value.0, "value"),
            _ => {
                wire.skip(number, wire_type)?;
                continue;
            }
        };
        if !part.one(kind, number, wire, arena).map_err(|fault| fault.in_field(name))? {
            return Ok(None);
        }
    }
    let at = wire.at();
    let whole = |part: FieldPart<'a>, (kind, absent): (&ProtobufKind, &ProtobufAbsent)| match (part, kind) {
        (FieldPart::Value(value), _) => Ok(value),
        (FieldPart::Message(building), ProtobufKind::Message(shape) | ProtobufKind::Group(shape)) => {
            building.finish(shape, at, arena).map(Value::Row)
        }
        _ => Ok(absent.value(arena)),
    };
    Ok(Some((whole(of_key, key)?, whole(of_value, value)?)))
}

/// If a key comes twice, the last value counts.
fn drop_repeated<'a>(entries: &mut Vec<'a, (Value<'a>, Value<'a>)>, arena: &'a Bump) {
    let order_of = |value: &Value<'a>| match value {
        Value::Text(text) => (0, *text),
        Value::Int(value) => (*value, ""),
        Value::Bool(value) => (i64::from(*value), ""),
        _ => (0, ""),
    };
    let key = |index: usize| entries.get(index).map(|(key, _)| order_of(key));
    let mut order = Vec::from_iter_in(0..entries.len(), arena);
    order.sort_unstable_by_key(|&index| (key(index), index));
    let mut is_last = Vec::from_iter_in(std::iter::repeat_n(true, entries.len()), arena);
    for pair in order.windows(2) {
        if key(pair[0]) == key(pair[1]) {
            is_last[pair[0]] = false;
        }
    }
    let mut kept = is_last.into_iter();
    entries.retain(|_| kept.next().unwrap_or(true));
}

impl ProtobufAbsent {
    fn value<'a>(&self, arena: &'a Bump) -> Value<'a> {
        match self {
            ProtobufAbsent::Null => Value::Null,
            ProtobufAbsent::Bool(value) => Value::Bool(*value),
            ProtobufAbsent::Int(value) => Value::Int(*value),
            ProtobufAbsent::Float(value) => Value::Float(*value),
            ProtobufAbsent::Double(value) => Value::Double(*value),
            ProtobufAbsent::Text(text) if text.is_empty() => Value::Text(""),
            ProtobufAbsent::Text(text) => Value::Text(arena.alloc_str(text)),
            ProtobufAbsent::Bytes(bytes) => Value::Bytes(arena.alloc_slice_copy(bytes)),
            ProtobufAbsent::Array => Value::Array(&[]),
            ProtobufAbsent::Map => Value::Map(&[]),
            ProtobufAbsent::Row(fields) => {
                Value::Row(arena.alloc_slice_fill_iter(fields.iter().map(|absent| absent.value(arena))))
            }
            ProtobufAbsent::Instant => Value::Instant { seconds: 0, nanos: 0 },
        }
    }
}
