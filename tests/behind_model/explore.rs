//! Tries all orders of the steps of a case, the short ones first, so that a mistake is shown by as few steps as possible.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::state::{Case, State};
use crate::world::{Action, Property, World};

/// What the checker has tried.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tried {
    pub states: usize,
    /// In how many of them all sessions have ended.
    pub ends: usize,
}

/// The state from which another one was reached first, and how; `None`: the case begins with it.
type Origin = Option<(u64, Action)>;

/// Tries all cases. `Err`: a property that counts does not hold, and the steps that lead to this state.
pub fn explore(world: &World, counts: impl Fn(Property) -> bool) -> Result<Tried, String> {
    let mut tried = Tried::default();
    for case in &world.cases {
        let (states, ends) = explore_case(world, case, &counts)?;
        assert!(ends > 0, "no order of the steps comes to an end: {case:?}");
        tried = Tried { states: tried.states + states, ends: tried.ends + ends };
    }
    Ok(tried)
}

fn explore_case(world: &World, case: &Case, counts: &impl Fn(Property) -> bool) -> Result<(usize, usize), String> {
    let start = State::new(case);
    let mut origins: HashMap<u64, Origin> = HashMap::from([(number_of(&start), None)]);
    let mut waiting = VecDeque::from([start.clone()]);
    let mut ends = 0;
    while let Some(state) = waiting.pop_front() {
        let own = number_of(&state);
        let next = world.next(case, &state);
        if let Some(property) =
            world.broken(case, &state, !next.is_empty()).into_iter().find(|property| counts(*property))
        {
            let steps = steps_to(world, case, start, own, &origins);
            return Err(format!("not always: {property:?}\n{case:?}\n{}", steps.join("\n")));
        }
        ends += usize::from(world.have_all_ended(case, &state));
        for (action, next) in next {
            origins.entry(number_of(&next)).or_insert_with(|| {
                waiting.push_back(next);
                Some((own, action))
            });
        }
    }
    Ok((origins.len(), ends))
}

/// A hash of 64 bits stands for a state. A case has a few thousand states.
fn number_of(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

fn steps_to(world: &World, case: &Case, start: State, mut to: u64, origins: &HashMap<u64, Origin>) -> Vec<String> {
    let mut actions = Vec::new();
    while let Some((from, action)) = origins[&to] {
        actions.push(action);
        to = from;
    }
    let mut state = start;
    let mut steps = Vec::new();
    for action in actions.into_iter().rev() {
        steps.push(world.describe(case, &state, action));
        let next = world.next(case, &state).into_iter().find(|(other, _)| *other == action);
        state = next.expect("the same step as before").1;
    }
    steps
}
