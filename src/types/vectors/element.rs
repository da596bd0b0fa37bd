//! The elements of vectors: their bytes in each kind of column, and the code that writes them.

use crate::types::float;
use crate::types::number::Number;

/// One element's bytes in a column.
pub trait ElementSlot {
    type Number: Number;
    /// The bytes of the whole element.
    const WIDTH: usize;
    fn put(value: Self::Number, slot: &mut [u8]);

    /// The number in a slot. `None`: the slot holds NULL.
    #[inline(always)]
    fn get(slot: &[u8]) -> Option<Self::Number> {
        let at = Self::WIDTH.checked_sub(size_of::<Self::Number>())?;
        Self::Number::from_bytes(slot.get(at..)?)
    }
}

/// pgvector's `vector`: a float4 without its length.
pub struct Bare;
/// `float4[]`: each element with its length before it.
pub struct Sized4;
/// `float8[]`: each element with its length before it.
pub struct Sized8;

impl ElementSlot for Bare {
    type Number = f32;
    const WIDTH: usize = 4;

    #[inline(always)]
    fn put(value: f32, slot: &mut [u8]) {
        slot.copy_from_slice(&value.to_be_bytes());
    }
}

impl ElementSlot for Sized4 {
    type Number = f32;
    const WIDTH: usize = 8;

    #[inline(always)]
    fn put(value: f32, slot: &mut [u8]) {
        slot.copy_from_slice(&(4 << 32 | u64::from(value.to_bits())).to_be_bytes());
    }
}

impl ElementSlot for Sized8 {
    type Number = f64;
    const WIDTH: usize = 12;

    #[inline(always)]
    fn put(value: f64, slot: &mut [u8]) {
        let (length, number) = slot.split_at_mut(4);
        length.copy_from_slice(&8_u32.to_be_bytes());
        number.copy_from_slice(&value.to_be_bytes());
    }
}

/// The length that stands for NULL.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// Facts about the elements that were written.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub nulls: usize,
    /// NaN or an infinity is among the elements.
    pub not_finite: bool,
}

/// Writes elements one after another into room that was made before.
pub struct ElementWriter<'a, S> {
    room: &'a mut [u8],
    pub contents: Contents,
    slot: std::marker::PhantomData<S>,
}

impl<'a, S: ElementSlot> ElementWriter<'a, S> {
    /// Makes room for `count` elements at the end of `out`.
    pub fn reserve(out: &'a mut Vec<u8>, count: usize) -> Self {
        let start = out.len();
        out.resize(start + count * S::WIDTH, 0);
        ElementWriter { room: &mut out[start..], contents: Contents::default(), slot: std::marker::PhantomData }
    }

    /// Writes the numbers of a list from `at` on, as far as [`float::run`] reads them. Returns the place where it stopped.
    #[inline(always)]
    pub fn put_run(&mut self, text: &[u8], at: usize) -> usize {
        let room = std::mem::take(&mut self.room);
        // This is moved into `put`, so that it stays in registers.
        let mut slots = room.chunks_exact_mut(S::WIDTH);
        let put = move |value| {
            if let Some(slot) = slots.next() {
                S::put(value, slot);
            }
        };
        let (count, end) = float::run(text, at, put);
        self.room = room.get_mut(count * S::WIDTH..).unwrap_or_default();
        end
    }

    /// Writes a number that is known to be neither NaN nor infinite.
    #[inline(always)]
    pub fn put_finite(&mut self, value: S::Number) {
        let (slot, room) = std::mem::take(&mut self.room).split_at_mut(S::WIDTH);
        S::put(value, slot);
        self.room = room;
    }

    pub fn put(&mut self, value: S::Number) {
        self.contents.not_finite |= !value.is_finite();
        self.put_finite(value);
    }

    /// Writes all numbers, without a branch for each.
    #[inline(always)]
    pub fn put_all<T: Copy>(&mut self, values: &[T], number: impl Fn(T) -> S::Number) {
        let (slots, room) = std::mem::take(&mut self.room).split_at_mut(values.len() * S::WIDTH);
        let mut all_finite = true;
        for (slot, value) in slots.chunks_exact_mut(S::WIDTH).zip(values) {
            let value = number(*value);
            all_finite &= value.is_finite();
            S::put(value, slot);
        }
        self.contents.not_finite |= !all_finite;
        self.room = room;
    }

    pub fn put_null(&mut self) {
        let (slot, room) = std::mem::take(&mut self.room).split_at_mut(NULL.len());
        slot.copy_from_slice(&NULL);
        self.room = room;
        self.contents.nulls += 1;
    }

    /// The facts about the elements, and how many bytes of room are left at the end.
    pub fn finish(self) -> (Contents, usize) {
        (self.contents, self.room.len())
    }
}
