//! The parts of an item that users see, as text.

use quote::ToTokens;
use syn::{Attribute, Block, Fields, ImplItem, Item, ItemImpl, ItemMacro, TraitItem};

use crate::modules::{is_hidden, is_public};

/// An item without its documentation, private fields and bodies.
pub fn item(item: &Item) -> String {
    let mut item = item.clone();
    match &mut item {
        Item::Struct(item) => {
            keep(&mut item.attrs);
            public_fields(&mut item.fields);
        }
        Item::Enum(item) => {
            keep(&mut item.attrs);
            for variant in &mut item.variants {
                keep(&mut variant.attrs);
                variant.fields.iter_mut().for_each(|field| keep(&mut field.attrs));
            }
        }
        Item::Trait(item) => {
            keep(&mut item.attrs);
            for member in &mut item.items {
                if let TraitItem::Fn(function) = member {
                    keep(&mut function.attrs);
                    if let Some(body) = &mut function.default {
                        empty(body);
                    }
                }
            }
        }
        Item::Type(item) => keep(&mut item.attrs),
        Item::Fn(item) => {
            keep(&mut item.attrs);
            empty(&mut item.block);
        }
        Item::Const(item) => keep(&mut item.attrs),
        other => panic!("an item of a kind that this test doesn't know: {}", other.to_token_stream()),
    }
    pretty(item)
}

/// The public methods of an `impl` block, or the name of the trait that is implemented.
pub fn implementation(block: &ItemImpl) -> String {
    let mut block = block.clone();
    block.attrs.retain(|attribute| attribute.path().is_ident("cfg"));
    if block.trait_.is_some() {
        block.items.clear();
        return pretty(Item::Impl(block));
    }
    block.items.retain(|member| match member {
        ImplItem::Fn(function) => is_public(&function.vis) && !function.attrs.iter().any(is_hidden),
        ImplItem::Const(constant) => is_public(&constant.vis),
        _ => false,
    });
    for member in &mut block.items {
        if let ImplItem::Fn(function) = member {
            keep(&mut function.attrs);
            empty(&mut function.block);
        }
    }
    if block.items.is_empty() { String::new() } else { pretty(Item::Impl(block)) }
}

/// The arguments of a macro, without documentation: the names of which it makes items.
pub fn macro_call(call: &ItemMacro) -> String {
    let arguments = call.mac.tokens.clone().into_iter().filter_map(|token| match token {
        proc_macro2::TokenTree::Ident(name) => Some(name.to_string()),
        _ => None,
    });
    format!("{}!({})\n", call.mac.path.to_token_stream(), arguments.collect::<Vec<_>>().join(", "))
}

fn pretty(item: Item) -> String {
    let mut file = syn::parse_file("").expect("nothing is a file");
    file.items.push(item);
    prettyplease::unparse(&file).replace(" {}\n", ";\n")
}

/// Attributes that matter to a user.
fn keep(attributes: &mut Vec<Attribute>) {
    let matters = ["cfg", "derive", "must_use", "non_exhaustive", "repr", "deprecated"];
    attributes.retain(|attribute| matters.iter().any(|name| attribute.path().is_ident(name)));
}

fn public_fields(fields: &mut Fields) {
    match fields {
        Fields::Named(named) => {
            named.named = named.named.clone().into_iter().filter(|field| is_public(&field.vis)).collect()
        }
        Fields::Unnamed(unnamed) => {
            unnamed.unnamed = unnamed.unnamed.clone().into_iter().filter(|field| is_public(&field.vis)).collect();
        }
        Fields::Unit => {}
    }
    fields.iter_mut().for_each(|field| keep(&mut field.attrs));
}

fn empty(body: &mut Block) {
    body.stmts.clear();
}
