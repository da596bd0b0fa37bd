//! The modules of src/, parsed. A name is followed through `pub use` to the item that it stands for.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use quote::ToTokens;
use syn::{Attribute, Item, ItemImpl, ItemMacro, UseTree, Visibility};

/// A name that lib.rs exports.
pub struct Export {
    pub path: Vec<String>,
    /// `feature = "kafka": ` for an item that only some builds have.
    pub condition: String,
}

pub enum Found<'a> {
    Item {
        item: &'a Item,
        /// The first part of the item's path. Its methods are in the same folder.
        folder: &'a str,
    },
    MadeBy(&'a ItemMacro),
}

/// Each file of src/ by its module path; lib.rs has an empty one.
pub struct Modules(BTreeMap<Vec<String>, syn::File>);

impl Modules {
    pub fn read() -> Modules {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut modules = BTreeMap::new();
        read_folder(&root, &mut Vec::new(), &mut modules);
        assert!(modules.len() > 100, "the sources are found");
        Modules(modules)
    }

    pub fn exports(&self) -> Vec<Export> {
        let mut exports = Vec::new();
        for item in &self.0[&Vec::new()].items {
            let Item::Use(item) = item else { continue };
            if !is_public(&item.vis) || item.attrs.iter().any(is_hidden) {
                continue;
            }
            let condition: String = item.attrs.iter().filter_map(condition).collect();
            each_name(&item.tree, &mut Vec::new(), &mut |path, _| {
                exports.push(Export { path: path.to_vec(), condition: condition.clone() });
            });
        }
        exports.sort_by(|a, b| a.path.last().cmp(&b.path.last()));
        exports
    }

    /// The item that a path from the crate's root leads to.
    pub fn find(&self, path: &[String]) -> Option<Found<'_>> {
        let (name, module) = path.split_last()?;
        let Some((module, file)) = self.0.get_key_value(module) else {
            // The part before the last one isn't a module of this crate, or it is a name that its parent exports.
            return None;
        };
        if let Some(item) = file.items.iter().find(|item| name_of(item).as_deref() == Some(name)) {
            return Some(Found::Item { item, folder: module.first()? });
        }
        for item in &file.items {
            let Item::Use(item) = item else { continue };
            let mut target = None;
            each_name(&item.tree, &mut Vec::new(), &mut |path, exported| {
                if exported == name {
                    target = Some(absolute(path, module));
                }
            });
            if let Some(found) = target.and_then(|target| self.find(&target)) {
                return Some(found);
            }
        }
        let mut calls = file.items.iter().filter_map(|item| match item {
            Item::Macro(call) if call.ident.is_none() => Some(call),
            _ => None,
        });
        calls.next_back().map(Found::MadeBy)
    }

    /// The `impl` blocks of a type in one folder.
    pub fn implementations(&self, folder: &str, name: &str) -> Vec<&ItemImpl> {
        let files = self.0.iter().filter(|(path, _)| path.first().is_some_and(|first| first == folder));
        let blocks = files.flat_map(|(_, file)| &file.items).filter_map(|item| match item {
            Item::Impl(block) => Some(block),
            _ => None,
        });
        let is_of_type = |block: &&ItemImpl| match &*block.self_ty {
            syn::Type::Path(of) => of.path.segments.last().is_some_and(|last| last.ident == name),
            _ => false,
        };
        blocks.filter(is_of_type).collect()
    }
}

fn read_folder(folder: &Path, path: &mut Vec<String>, modules: &mut BTreeMap<Vec<String>, syn::File>) {
    for entry in fs::read_dir(folder).expect("src/ can be listed") {
        let entry = entry.expect("src/ can be listed").path();
        let name = entry.file_stem().and_then(|name| name.to_str()).expect("names are UTF-8").to_owned();
        if entry.is_dir() {
            path.push(name);
            read_folder(&entry, path, modules);
            path.pop();
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let own = if matches!(name.as_str(), "mod" | "lib") { None } else { Some(name) };
            let text = fs::read_to_string(&entry).expect("sources can be read");
            let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", entry.display()));
            modules.insert(path.iter().cloned().chain(own).collect(), file);
        }
    }
}

/// Calls `found` with the path and the name of everything that a `use` brings in.
fn each_name(tree: &UseTree, path: &mut Vec<String>, found: &mut dyn FnMut(&[String], &str)) {
    match tree {
        UseTree::Path(part) => {
            path.push(part.ident.to_string());
            each_name(&part.tree, path, found);
            path.pop();
        }
        UseTree::Name(part) => {
            let name = part.ident.to_string();
            path.push(name.clone());
            found(path, &name);
            path.pop();
        }
        UseTree::Rename(part) => {
            path.push(part.ident.to_string());
            found(path, &part.rename.to_string());
            path.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| each_name(tree, path, found)),
        UseTree::Glob(_) => {}
    }
}

/// A path of a `use` in `module`, from the crate's root.
fn absolute(path: &[String], module: &[String]) -> Vec<String> {
    let mut base = module.to_vec();
    let mut rest = path;
    while let Some((first, after)) = rest.split_first() {
        match first.as_str() {
            "crate" => base.clear(),
            "super" => {
                base.pop();
            }
            "self" => {}
            _ => break,
        }
        rest = after;
    }
    base.extend_from_slice(rest);
    base
}

fn name_of(item: &Item) -> Option<String> {
    Some(match item {
        Item::Struct(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Const(item) => item.ident.to_string(),
        _ => return None,
    })
}

pub fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

pub fn is_hidden(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc") && attribute.to_token_stream().to_string().contains("hidden")
}

fn condition(attribute: &Attribute) -> Option<String> {
    let list = attribute.meta.require_list().ok()?;
    list.path.is_ident("cfg").then(|| format!("{}: ", list.tokens))
}
