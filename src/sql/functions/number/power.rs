//! POWER, SQRT, EXP, LN and LOG10. They calculate with DOUBLE.

use crate::sql::functions::definition::*;

pub const POWER: Function = Function {
    name: "POWER",
    parameters: Parameters::of(&[Real, Real]),
    form: "POWER(base, exponent)",
    meaning: "A power, DOUBLE.",
    plan: |operands| Ok(Expression::call(RealFunction::Power, operands, DataType::Double)),
};

pub const SQRT: Function = Function {
    name: "SQRT",
    parameters: Parameters::of(&[Real]),
    form: "SQRT(number)",
    meaning: "The square root, DOUBLE.",
    plan: |operands| Ok(Expression::call(RealFunction::SquareRoot, operands, DataType::Double)),
};

pub const EXP: Function = Function {
    name: "EXP",
    parameters: Parameters::of(&[Real]),
    form: "EXP(number)",
    meaning: "e to the power of the number, DOUBLE.",
    plan: |operands| Ok(Expression::call(RealFunction::Exponential, operands, DataType::Double)),
};

pub const LN: Function = Function {
    name: "LN",
    parameters: Parameters::of(&[Real]),
    form: "LN(number)",
    meaning: "The natural logarithm, DOUBLE.",
    plan: |operands| Ok(Expression::call(RealFunction::NaturalLogarithm, operands, DataType::Double)),
};

pub const LOG10: Function = Function {
    name: "LOG10",
    parameters: Parameters::of(&[Real]),
    form: "LOG10(number)",
    meaning: "The logarithm to the base 10, DOUBLE.",
    plan: |operands| Ok(Expression::call(RealFunction::DecimalLogarithm, operands, DataType::Double)),
};

#[derive(Debug, PartialEq)]
enum RealFunction {
    Power,
    SquareRoot,
    Exponential,
    NaturalLogarithm,
    DecimalLogarithm,
}

impl Evaluate for RealFunction {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        let value = match (self, operands.values) {
            (RealFunction::Power, [Value::Double(base), Value::Double(exponent)]) => base.powf(*exponent),
            (RealFunction::SquareRoot, [Value::Double(value)]) => value.sqrt(),
            (RealFunction::Exponential, [Value::Double(value)]) => value.exp(),
            (RealFunction::NaturalLogarithm, [Value::Double(value)]) => value.ln(),
            (RealFunction::DecimalLogarithm, [Value::Double(value)]) => value.log10(),
            (
                RealFunction::Power
                | RealFunction::SquareRoot
                | RealFunction::Exponential
                | RealFunction::NaturalLogarithm
                | RealFunction::DecimalLogarithm,
                _,
            ) => return operands.unexpected(),
        };
        Ok(Value::Double(value))
    }
}
