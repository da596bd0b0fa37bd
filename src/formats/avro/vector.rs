//! Arrays of floats. Each block is copied at once, without a [`Value`] for each number.

use bumpalo::Bump;
use bumpalo::collections::Vec;

use super::cursor::AvroCursor;
use super::plan::{NumberWidth, VectorPlan};
use crate::formats::decode_error::DecodeError;
use crate::types::value::Vector;

/// Reads the array. `None`: one of its numbers is null, or the array is damaged. Then the cursor is where it was before.
pub fn read<'a>(
    plan: &VectorPlan,
    cursor: &mut AvroCursor<'a>,
    arena: &'a Bump,
) -> Result<Option<Vector<'a>>, DecodeError> {
    let stride = match plan.written {
        NumberWidth::Float => 4,
        NumberWidth::Double => 8,
    } + usize::from(plan.tag.is_some());
    let mut ahead = cursor.clone();
    let mut first: &[u8] = &[];
    let mut others = Vec::new_in(arena);
    loop {
        let (count, _) = ahead.block()?;
        if count == 0 {
            break;
        }
        let block = count.checked_mul(stride).and_then(|length| ahead.take(length).ok());
        let Some(block) = block else { return Ok(None) };
        if let Some(tag) = plan.tag
            && block.chunks_exact(stride).any(|number| number[0] != tag)
        {
            return Ok(None);
        }
        if first.is_empty() {
            first = block;
        } else {
            others.push(block);
        }
    }
    *cursor = ahead;
    let blocks = Blocks { first, others: &others };
    let float = |bytes: [u8; 4]| f32::from_le_bytes(bytes);
    let widened = |bytes: [u8; 4]| f64::from(f32::from_le_bytes(bytes));
    let double = |bytes: [u8; 8]| f64::from_le_bytes(bytes);
    // Each case has its own length as a constant, so that the compiler can use it.
    Ok(Some(match (plan.written, plan.read, plan.tag) {
        (NumberWidth::Float, NumberWidth::Float, None) => Vector::Float(blocks.numbers::<4, 4, _>(float, arena)),
        (NumberWidth::Float, NumberWidth::Float, Some(_)) => Vector::Float(blocks.numbers::<4, 5, _>(float, arena)),
        (NumberWidth::Float, NumberWidth::Double, None) => Vector::Double(blocks.numbers::<4, 4, _>(widened, arena)),
        (NumberWidth::Float, NumberWidth::Double, Some(_)) => Vector::Double(blocks.numbers::<4, 5, _>(widened, arena)),
        (NumberWidth::Double, _, None) => Vector::Double(blocks.numbers::<8, 8, _>(double, arena)),
        (NumberWidth::Double, _, Some(_)) => Vector::Double(blocks.numbers::<8, 9, _>(double, arena)),
    }))
}

/// The blocks of an array. Most arrays have one.
struct Blocks<'b> {
    first: &'b [u8],
    others: &'b [&'b [u8]],
}

impl Blocks<'_> {
    /// The numbers. Each of them takes `S` bytes: first its tag, then the `N` bytes of the number.
    fn numbers<'a, const N: usize, const S: usize, T: Copy + 'a>(
        &self,
        number: impl Fn([u8; N]) -> T,
        arena: &'a Bump,
    ) -> &'a [T] {
        let of = |chunk: &[u8; S]| number(std::array::from_fn(|index| chunk[S - N + index]));
        let first = self.first.as_chunks::<S>().0;
        if self.others.is_empty() {
            return arena.alloc_slice_fill_iter(first.iter().map(of));
        }
        let count = first.len() + self.others.iter().map(|block| block.len() / S).sum::<usize>();
        let mut all = Vec::with_capacity_in(count, arena);
        all.extend(first.iter().map(of));
        for block in self.others {
            all.extend(block.as_chunks::<S>().0.iter().map(of));
        }
        all.into_bump_slice()
    }
}
