//! The public interface of the crate as a snapshot, so that a review shows each change of it.
//!
//! It is read from the sources: the `pub use` list of lib.rs, and the public parts of these items. Items that a macro makes are shown
//! by the macro's arguments. `INSTA_UPDATE=always cargo test --release --features capi,internals --test api` writes the snapshot again.

mod modules;
mod print;

use modules::{Found, Modules};

#[test]
fn the_public_interface_is_the_one_on_record() {
    let modules = Modules::read();
    let mut shown = String::new();
    for export in modules.exports() {
        let found = modules.find(&export.path).unwrap_or_else(|| panic!("lib.rs exports {}", export.path.join("::")));
        shown += &format!("// {}{}\n", export.condition, export.path.last().expect("a path has a name"));
        match found {
            Found::Item { item, folder } => {
                shown += &print::item(item);
                for block in modules.implementations(folder, export.path.last().expect("a path has a name")) {
                    shown += &print::implementation(block);
                }
            }
            Found::MadeBy(call) => shown += &print::macro_call(call),
        }
        shown.push('\n');
    }
    insta::assert_snapshot!(shown);
}
