//! The table of settings in the README is the one that the settings are read by.

use std::fs;
use std::path::Path;

use tonkho::settings::reference;

use crate::source::read;

const START: &str = "<!-- settings -->\n";
const END: &str = "<!-- /settings -->";

#[test]
fn the_table_of_settings_is_current() {
    let readme = read("README.md");
    let (before, rest) = readme.split_once(START).expect("README.md has <!-- settings -->");
    let (table, after) = rest.split_once(END).expect("README.md has <!-- /settings -->");
    let current = reference::markdown();
    if table.trim() != current.trim() {
        let mended = Path::new(env!("CARGO_TARGET_TMPDIR")).join("README.md");
        fs::write(&mended, format!("{before}{START}\n{current}\n{END}{after}")).unwrap();
        panic!("the table of settings in README.md is out of date: copy {} over it", mended.display());
    }
}
