//! FLOAT and DOUBLE as Java's `toString` prints them.

use std::fmt::{self, Write};

pub(crate) fn write_float(value: f32, out: &mut impl Write) -> fmt::Result {
    real(value.into(), format_args!("{value:?}"), format_args!("{value:e}"), out)
}

pub(crate) fn write_double(value: f64, out: &mut impl Write) -> fmt::Result {
    real(value, format_args!("{value:?}"), format_args!("{value:e}"), out)
}

/// Numbers from 10^-3 up to 10^7 are printed plain, others as `1.0E10`. There is always a point.
fn real(value: f64, plain: fmt::Arguments<'_>, scientific: fmt::Arguments<'_>, out: &mut impl Write) -> fmt::Result {
    let magnitude = value.abs();
    if value.is_nan() {
        out.write_str("NaN")
    } else if value.is_infinite() {
        out.write_str(if value < 0.0 { "-Infinity" } else { "Infinity" })
    } else if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
        out.write_fmt(plain)
    } else {
        scientific_java(scientific, out)
    }
}

/// `1e10` → `1.0E10`.
fn scientific_java(number: fmt::Arguments<'_>, out: &mut impl Write) -> fmt::Result {
    /// Rewrites the pieces in which the number is printed. The `e` is inside one of the pieces.
    struct Rewriter<'w, W> {
        out: &'w mut W,
        point: bool,
    }
    impl<W: Write> Write for Rewriter<'_, W> {
        fn write_str(&mut self, piece: &str) -> fmt::Result {
            for character in piece.chars() {
                match character {
                    'e' if self.point => self.out.write_char('E')?,
                    'e' => self.out.write_str(".0E")?,
                    other => {
                        self.point |= other == '.';
                        self.out.write_char(other)?;
                    }
                }
            }
            Ok(())
        }
    }
    Rewriter { out, point: false }.write_fmt(number)
}
