//! What reading a job file finds besides the job: errors, and notices for the user.

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

    /// A table used twice says everything twice; once is enough.
    pub fn notice(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.notices.contains(&text) {
            self.notices.push(text);
        }
    }

    /// The value, or `None` with the error noted.
    pub fn note<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|diagnostic| self.diagnostics.push(diagnostic)).ok()
    }

    /// All errors in the order of the file, those of the command line last.
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
