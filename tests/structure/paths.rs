//! The paths that a file uses, and for each path the file that defines its item.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenTree;

use crate::source::{File, is_punct};

/// A path from the crate's root: `["kafka", "reader", "KafkaReader"]`.
pub type Absolute = Vec<String>;

#[derive(Default)]
struct Module {
    /// The names that the file itself defines.
    items: BTreeSet<String>,
    /// The names that it imports, and the path that each stands for.
    imports: BTreeMap<String, Absolute>,
    /// The modules of which it imports all names.
    globs: Vec<Absolute>,
    /// Every path that it names outside its tests.
    paths: Vec<Absolute>,
}

/// The modules of one crate, by their paths.
pub struct Crate<'a> {
    files: BTreeMap<Absolute, &'a File>,
    modules: BTreeMap<Absolute, Module>,
}

impl<'a> Crate<'a> {
    /// `folder`: the folder of its `lib.rs` or `main.rs`, below src/.
    pub fn new(folder: &str, files: impl IntoIterator<Item = &'a File>) -> Crate<'a> {
        let files = files.into_iter().filter(|file| !file.is_tests());
        let files: BTreeMap<Absolute, &File> = files.map(|file| (module_of(folder, &file.path), file)).collect();
        let mut this = Crate { files, modules: BTreeMap::new() };
        for (module, file) in &this.files {
            let mut scan = Scan { of: &this, file: module, found: Module::default() };
            scan.top_level(&file.tokens);
            scan.everything(&file.tokens, module);
            let found = scan.found;
            this.modules.insert(module.clone(), found);
        }
        this
    }

    /// Each file, and each path that it names in this crate.
    pub fn named(&self) -> impl Iterator<Item = (&'a File, &Absolute)> {
        self.files.iter().flat_map(|(module, file)| self.modules[module].paths.iter().map(|path| (*file, path)))
    }

    /// The file that defines the path's item. Re-exports are followed.
    pub fn definition(&self, path: &[String]) -> &'a File {
        self.files[&self.resolve(path, 0).0]
    }

    /// The module of the file, and the rest of the path within it.
    fn resolve(&self, path: &[String], depth: usize) -> (Absolute, Vec<String>) {
        let mut module = Absolute::new();
        for (at, name) in path.iter().enumerate() {
            module.push(name.clone());
            if self.files.contains_key(&module) {
                continue;
            }
            module.pop();
            let rest = path[at..].to_vec();
            let Some(here) = self.modules.get(&module).filter(|here| depth < 10 && !here.items.contains(name)) else {
                return (module, rest);
            };
            if let Some(meant) = here.imports.get(name) {
                return self.resolve(&[meant, &rest[1..]].concat(), depth + 1);
            }
            for glob in &here.globs {
                let (found, rest) = self.resolve(&[glob.as_slice(), &rest].concat(), depth + 1);
                if rest.first().is_some_and(|name| self.modules[&found].items.contains(name)) {
                    return (found, rest);
                }
            }
            return (module, rest);
        }
        (module, Vec::new())
    }
}

/// `["kafka", "read", "reader"]` of `kafka/read/reader.rs`, `["kafka"]` of `kafka/mod.rs`.
fn module_of(folder: &str, path: &str) -> Absolute {
    let below = path.strip_prefix(folder).unwrap_or(path).trim_end_matches(".rs");
    let mut parts: Absolute = below.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}

struct Scan<'a, 'b> {
    of: &'b Crate<'a>,
    file: &'b Absolute,
    found: Module,
}

impl Scan<'_, '_> {
    /// The names that the file defines and imports outside of all braces.
    fn top_level(&mut self, tokens: &[TokenTree]) {
        const DEFINES: [&str; 9] = ["fn", "struct", "enum", "union", "trait", "type", "const", "static", "mod"];
        for (at, token) in tokens.iter().enumerate() {
            let word = token.to_string();
            match tokens.get(at + 1) {
                Some(TokenTree::Ident(name)) if DEFINES.contains(&word.as_str()) => {
                    self.found.items.insert(name.to_string());
                }
                Some(TokenTree::Punct(_)) if word == "macro_rules" => {
                    self.found.items.extend(tokens.get(at + 2).map(ToString::to_string));
                }
                _ if word == "use" => {
                    for (path, name) in leaves(&tokens[at + 1..], &[]) {
                        let Some(path) = self.absolute(&path, self.file) else { continue };
                        match name {
                            Some(name) => _ = self.found.imports.insert(name, path),
                            None => self.found.globs.push(path),
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// All paths, also those in braces and in calls of macros.
    fn everything(&mut self, tokens: &[TokenTree], module: &Absolute) {
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Ident(word) if word == "use" => {
                    let all = leaves(&tokens[at + 1..], &[]);
                    let all: Vec<_> = all.iter().filter_map(|(path, _)| self.absolute(path, module)).collect();
                    self.found.paths.extend(all);
                    at += tokens[at..].iter().position(|token| is_punct(token, ';')).unwrap_or(tokens.len() - at);
                }
                TokenTree::Ident(word) if word == "mod" => {
                    if let Some(TokenTree::Group(body)) = tokens.get(at + 2) {
                        let inner = [module.as_slice(), &[tokens[at + 1].to_string()]].concat();
                        self.everything(&body.stream().into_iter().collect::<Vec<_>>(), &inner);
                    }
                    at += 2;
                }
                TokenTree::Ident(_) => {
                    let (path, end) = path_at(tokens, at);
                    let known =
                        path.len() > 1 && !(at > 1 && is_punct(&tokens[at - 1], ':') && is_punct(&tokens[at - 2], ':'));
                    if known {
                        let imported = self.found.imports.get(&path[0]).map(|meant| [meant, &path[1..]].concat());
                        self.found.paths.extend(self.absolute(&path, module).or(imported));
                    }
                    at = end - 1;
                }
                TokenTree::Group(group) => {
                    self.everything(&group.stream().into_iter().collect::<Vec<_>>(), module);
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// The path from the crate's root. `None` if it leads into another crate or begins with an imported name.
    fn absolute(&self, path: &[String], module: &Absolute) -> Option<Absolute> {
        let mut base = module.clone();
        let mut rest = path;
        match path[0].as_str() {
            "crate" => {
                base.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|first| first == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            child => {
                let child = [module.as_slice(), &[child.to_owned()]].concat();
                self.of.files.contains_key(&child).then_some(())?;
            }
        }
        Some([base.as_slice(), rest].concat())
    }
}

/// The names from `at` on that are joined by `::`, and where they end.
fn path_at(tokens: &[TokenTree], at: usize) -> (Vec<String>, usize) {
    let mut path = vec![tokens[at].to_string()];
    let mut end = at + 1;
    while let [TokenTree::Punct(first), TokenTree::Punct(second), TokenTree::Ident(name), ..] = &tokens[end..] {
        if first.as_char() != ':' || second.as_char() != ':' {
            break;
        }
        path.push(name.to_string());
        end += 3;
    }
    (path, end)
}

/// The paths of one `use`, from after the word `use` on: each with the name that it gets in this file, or without a name for `*`.
fn leaves(tokens: &[TokenTree], before: &[String]) -> Vec<(Vec<String>, Option<String>)> {
    let mut found = Vec::new();
    let mut path = before.to_vec();
    let mut name = None;
    let mut rest = tokens.iter().peekable();
    loop {
        match rest.next() {
            Some(TokenTree::Ident(word)) if word == "as" => name = rest.next().map(ToString::to_string),
            Some(TokenTree::Ident(word)) => path.push(word.to_string()),
            Some(TokenTree::Group(group)) => {
                found.extend(leaves(&group.stream().into_iter().collect::<Vec<_>>(), &path));
                path.clear();
            }
            Some(TokenTree::Punct(sign)) if sign.as_char() == '*' => {
                found.push((std::mem::take(&mut path), None));
            }
            Some(TokenTree::Punct(sign)) if sign.as_char() == ':' => {}
            end => {
                if path.len() > before.len() {
                    if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
                        path.pop();
                    }
                    let own = path.last().cloned();
                    found.push((path, name.take().or(own)));
                }
                path = before.to_vec();
                // A comma separates the paths of a list.
                if !end.is_some_and(|end| is_punct(end, ',')) {
                    return found;
                }
            }
        }
    }
}
