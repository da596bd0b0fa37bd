//! Expressions that are nested as deep as the plan allows.

use bumpalo::Bump;

use super::*;
use crate::job::tests::safety::STACK;
use crate::sql::expression::Literal;
use crate::sql::functions::number::operation::Operation;
use crate::types::data_type::DataType;

/// Applies a filter on a small stack.
fn selected_on_a_small_stack(filter: Expression) -> bool {
    let mut mapping = mapping(vec![(Expression::Column(0, DataType::Int), false)]);
    mapping.filter = Some(filter);
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        let (selection, arena, row) = (Selection::new(&mapping), Bump::new(), [Value::Int(1)]);
        matches!(selection.apply(&row, &[], &arena), Ok(Selected::Row(_)))
    });
    thread.unwrap().join().unwrap()
}

#[test]
fn no_depth_that_the_plan_allows_exhausts_the_stack() {
    let column = || Expression::Column(0, DataType::Int);
    let is_null = || Expression::IsNull(Box::new(column()));
    let chain = (0..1400).fold(is_null(), |chain, _| Expression::Or(Box::new(chain), Box::new(is_null())));
    assert!(!selected_on_a_small_stack(chain));
    let sum = (0..1400).fold(column(), |sum, _| {
        let one = Expression::Literal(Literal::Int(1), DataType::Int);
        Expression::call(Operation::Add, vec![sum, one], DataType::Int)
    });
    assert!(!selected_on_a_small_stack(Expression::IsNull(Box::new(sum))));
}
