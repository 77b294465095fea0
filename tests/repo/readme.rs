//! What the README says of settings, errors and metrics is what the code says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tonkho::settings::environment::Environment;
use tonkho::settings::{Settings, reference};

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

#[test]
fn the_example_of_a_configuration_is_valid() {
    let readme = read("README.md");
    let (_, rest) = readme.split_once("```toml\n").expect("README.md has an example in TOML");
    let (example, _) = rest.split_once("```").expect("it ends");
    let tokens = ["HARAVAN_TOKEN_1000", "HARAVAN_TOKEN_2000"].map(|name| (name, "token"));
    let settings = Settings::from_toml(example, &tokens.into_iter().collect::<Environment>()).unwrap();
    assert_eq!((settings.shops.len(), settings.keys.len()), (2, 2));
}

/// What follows each `start` in a text, as long as it looks like a name.
fn names_after(text: &str, start: &str) -> BTreeSet<String> {
    let is_part = |letter: char| letter.is_ascii_lowercase() || "-_".contains(letter);
    let names = text.split(start).skip(1).map(|rest| rest.split(|letter| !is_part(letter)).next().unwrap());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn every_problem_has_its_line() {
    let slugs = names_after(&read("openapi/tonkho.json"), "urn:tonkho:problem:");
    let readme = read("README.md");
    let (_, errors) = readme.split_once("\n## Errors\n").expect("README.md has a section on errors");
    let (errors, _) = errors.split_once("\n## ").expect("and another after it");
    let told = names_after(errors, "\n| `");
    // What every route can answer is not in the document.
    let everywhere = ["method-not-allowed".to_owned(), "not-found".to_owned()];
    assert_eq!(told, slugs.into_iter().chain(everywhere).collect());
}

#[test]
fn every_metric_has_its_line() {
    let declared = names_after(&read("src/metrics.rs"), "= \"tonkho_");
    assert_eq!(names_after(&read("README.md"), "\n| `tonkho_"), declared);
}
