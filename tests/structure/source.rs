//! The files of src/: their text and their tokens.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

pub struct File {
    /// Its path below src/: `kafka/read/reader.rs`.
    pub path: String,
    pub text: String,
    /// Without comments. The items under `#[cfg(test)]` are left out.
    pub tokens: Vec<TokenTree>,
}

impl File {
    /// Whether the whole file is unit tests.
    pub fn is_tests(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs") || self.path.ends_with("_tests.rs")
    }

    /// Whether it is the root file of its folder (or of the whole crate).
    pub fn is_root(&self) -> bool {
        ["mod.rs", "lib.rs", "main.rs"].contains(&self.path.rsplit('/').next().unwrap_or_default())
    }

    /// `stop` of `stop.rs`, `kafka` of `kafka/read/mod.rs`.
    pub fn subject(&self) -> &str {
        self.path.split('/').next().map_or(&self.path, |first| first.trim_end_matches(".rs"))
    }
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All files under src/, in the order of their names.
pub fn files() -> Vec<File> {
    let mut paths = Vec::new();
    collect(&root(), &mut paths);
    paths.sort();
    assert!(paths.len() > 100, "the scan finds the sources");
    paths.iter().map(|path| read(path)).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn read(path: &Path) -> File {
    let text = fs::read_to_string(path).unwrap();
    let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let path = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
    File { path, text, tokens: without_tests(tokens.into_iter().collect()) }
}

/// Leaves out each item with the attribute `#[cfg(test)]`.
fn without_tests(tokens: Vec<TokenTree>) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        let is_test = is_punct(&token, '#') && rest.peek().is_some_and(|next| next.to_string() == "[cfg (test)]");
        if is_test {
            // The item ends with its braces or with a semicolon.
            rest.find(|token| is_punct(token, ';') || token.to_string().starts_with('{'));
        } else {
            kept.push(token);
        }
    }
    kept
}

pub fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}
