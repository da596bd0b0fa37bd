//! Arithmetic and functions of numbers.

pub mod arithmetic;
mod decimal;
mod floor;
mod integer;
pub mod operation;
mod power;
mod round;
pub mod sign;

use super::definition::Function;

pub const FUNCTIONS: &[Function] = &[
    sign::ABS,
    sign::SIGN,
    arithmetic::MOD,
    floor::FLOOR,
    floor::CEIL,
    floor::CEILING,
    round::ROUND,
    round::TRUNCATE,
    power::POWER,
    power::SQRT,
    power::EXP,
    power::LN,
    power::LOG10,
];
