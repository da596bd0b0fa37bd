//! The errors of a job file, and the notices for the user.

use crate::error::{Diagnostic, Location};

#[derive(Debug, Default)]
pub struct Report {
    pub diagnostics: Vec<Diagnostic>,
    pub notices: Vec<String>,
}

impl Report {
    pub fn error(&mut self, location: Option<Location>, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic { location, message: message.into() });
    }

    /// A table that is used twice gives each notice twice. The second one is left out.
    pub fn notice(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.notices.contains(&text) {
            self.notices.push(text);
        }
    }

    /// The value. `None`: the error was added.
    pub fn note<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|diagnostic| self.diagnostics.push(diagnostic)).ok()
    }

    /// All errors in the order of the file. Those of the command line come last.
    pub fn into_errors(mut self) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(|diagnostic| (diagnostic.location.is_none(), diagnostic.location));
        let mut errors: Vec<Diagnostic> = Vec::with_capacity(self.diagnostics.len());
        for diagnostic in self.diagnostics {
            if !errors.contains(&diagnostic) {
                errors.push(diagnostic);
            }
        }
        errors
    }
}
