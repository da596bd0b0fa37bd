//! `NAME=VALUE` arguments. A value may be a secret, so they are read here and not by clap, whose errors repeat them.

use super::Exit;
use super::console::Console;

/// Reads all values of an argument. The error names the first wrong value, by its text before the `=`.
pub fn assignments<T>(
    argument: &str,
    texts: &[String],
    read: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<Vec<T>, String> {
    let read = |(number, text): (usize, &String)| {
        read(text).map_err(|wrong| match text.split_once(['=', ':']) {
            Some((name, _)) => format!("{argument} {name}…: {wrong}"),
            None => format!("{argument} number {}: {wrong}", number + 1),
        })
    };
    texts.iter().enumerate().map(read).collect()
}

/// Splits `NAME=VALUE`.
pub fn property(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

/// Says what is wrong with the arguments.
pub fn misuse(console: &Console, message: &str) -> Exit {
    console.error(&message);
    Exit::Misuse
}
