//! Writes results to stdout, and to stderr log lines, errors and the live progress line, which log lines must not break.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use indicatif::MultiProgress;
use log::LevelFilter;

#[derive(clap::Args)]
#[command(next_help_heading = "Output")]
pub struct LogArguments {
    /// Log more: -v what each part decides, -vv every batch
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
    /// Log less: -q warnings and errors only, without progress; -qq errors only
    #[arg(short, long, action = clap::ArgAction::Count, global = true, conflicts_with = "verbose")]
    quiet: u8,
    /// Log levels by module, such as `warn,vecsink::postgres=debug`; replaces what -v and -q choose
    #[arg(long, value_name = "FILTER", global = true, value_parser = log_filter)]
    log: Option<String>,
}

/// Checks a filter: `level`, `module` or `module=level`, several of them with commas in between, and a `/pattern` at the end if wanted.
fn log_filter(text: &str) -> Result<String, String> {
    let (levels, _) = text.split_once('/').unwrap_or((text, ""));
    for part in levels.split(',') {
        let level = part.split_once('=').map_or("", |(_, level)| level.trim());
        if !level.is_empty() && level.parse::<LevelFilter>().is_err() {
            return Err(format!("'{level}' is not a log level; use off, error, warn, info, debug or trace"));
        }
    }
    Ok(text.to_owned())
}

impl LogArguments {
    fn filter(&self) -> String {
        if let Some(filter) = &self.log {
            return filter.clone();
        }
        // The log lines of other libraries only help to find faults in these libraries.
        match (self.quiet, self.verbose) {
            (0, 0) => "warn,vecsink=info",
            (0, 1) => "info,vecsink=debug",
            (0, _) => "debug,vecsink=trace",
            (1, _) => "warn",
            _ => "error",
        }
        .to_owned()
    }
}

/// Stderr and stdout, and whether they are terminals.
pub struct Console {
    pub progress: ProgressDisplay,
    pub colors: bool,
    output_colors: bool,
    screen: MultiProgress,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressDisplay {
    /// A line that is redrawn.
    Live,
    /// A log line every 10 s.
    Logged,
    Hidden,
}

impl Console {
    pub fn new(arguments: &LogArguments) -> Self {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let capable = variable("TERM").is_none_or(|term| term != "dumb");
        let wanted = capable && variable("NO_COLOR").is_none();
        let terminal = capable && io::stderr().is_terminal();
        let progress = match (arguments.quiet > 0, terminal) {
            (true, _) => ProgressDisplay::Hidden,
            (false, true) => ProgressDisplay::Live,
            (false, false) => ProgressDisplay::Logged,
        };
        let console = Console {
            progress,
            colors: wanted && terminal,
            output_colors: wanted && io::stdout().is_terminal(),
            screen: MultiProgress::new(),
        };
        console.start_log(&arguments.filter());
        console
    }

    fn start_log(&self, filter: &str) {
        let style = if self.colors { env_logger::WriteStyle::Always } else { env_logger::WriteStyle::Never };
        env_logger::Builder::new()
            .filter_level(LevelFilter::Off)
            .parse_filters(filter)
            .write_style(style)
            .format_timestamp_millis()
            .format_target(false)
            .target(env_logger::Target::Pipe(Box::new(AboveProgress(self.screen.clone()))))
            .init();
    }

    /// The part of the terminal where the live line is drawn.
    pub fn screen(&self) -> &MultiProgress {
        &self.screen
    }

    /// The error that ends the command. It is shown at every log level.
    pub fn error(&self, error: &dyn Display) {
        let label = paint(self.colors, Color::Red, "error:");
        self.print_error_line(&format!("{label} {error}"));
    }

    /// Prints a line on stderr as it is. For messages that begin with a place in a file, to which editors can jump.
    pub fn print_error_line(&self, line: &str) {
        // If stderr is closed, only the exit code tells the outcome.
        let _ = self.screen.suspend(|| writeln!(io::stderr().lock(), "{line}"));
    }

    /// The command's result, on stdout.
    pub fn print(&self, text: &str) {
        let written = self.screen.suspend(|| writeln!(io::stdout().lock(), "{text}"));
        // A program that closes the pipe early, as `head` does, needs no more.
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.error(&format!("stdout can't be written: {error}"));
        }
    }

    /// Colours text that goes to stdout.
    pub fn paint_output(&self, color: Color, text: &str) -> String {
        paint(self.output_colors, color, text)
    }
}

#[derive(Debug, Clone, Copy)]
pub enum Color {
    Red = 31,
    Yellow = 33,
}

pub fn paint(colors: bool, color: Color, text: &str) -> String {
    if colors { format!("\x1b[1;{}m{text}\x1b[0m", color as u8) } else { text.to_owned() }
}

/// Hides the live line while a log line is written.
struct AboveProgress(MultiProgress);

impl Write for AboveProgress {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().lock().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
