//! The tables of settings, scopes, problems, metrics and routes, held against the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use tonkho::settings::reference;

use super::{README, VIETNAMESE, names_after, section};
use crate::source::read;

const CONFIGURATION: &str = "docs/configuration.md";
const ERRORS: &str = "docs/errors.md";
const OPERATIONS: &str = "docs/operations.md";
const OBSERVABILITY: &str = "docs/observability.md";

const START: &str = "<!-- settings -->\n";
const END: &str = "<!-- /settings -->";

/// Whether the caller wants generated tables to be written, as `make generate` does.
#[expect(clippy::disallowed_methods, reason = "the command line of the tests is their environment")]
fn is_writing() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1")
}

#[test]
fn the_table_of_settings_is_current() {
    let text = read(CONFIGURATION);
    let (before, rest) = text.split_once(START).expect("docs/configuration.md has <!-- settings -->");
    let (table, after) = rest.split_once(END).expect("docs/configuration.md has <!-- /settings -->");
    let current = reference::markdown();
    if table.trim() != current.trim() {
        assert!(is_writing(), "the table of settings in {CONFIGURATION} is out of date: run `make generate`");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(CONFIGURATION);
        fs::write(path, format!("{before}{START}\n{current}\n{END}{after}")).unwrap();
    }
}

#[test]
fn every_scope_has_its_line() {
    let reference = reference::markdown();
    let setting = reference.lines().find(|line| line.starts_with("| `keys[].scopes`")).unwrap();
    let (_, meaning) = setting.rsplit_once(" What it may do: ").unwrap();
    assert_eq!(names_after(section(&read(CONFIGURATION), "Keys"), "\n| `"), quoted(meaning));
}

/// What stands between backticks.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_problem_has_its_line() {
    let slugs = names_after(&read("openapi/tonkho.json"), "urn:tonkho:problem:");
    // Problems that every route can answer are not in the document.
    let everywhere = ["method-not-allowed".to_owned(), "not-found".to_owned()];
    let slugs: BTreeSet<String> = slugs.into_iter().chain(everywhere).collect();
    assert_eq!(names_after(section(&read(ERRORS), "Problems"), "\n| `"), slugs);
}

#[test]
fn every_metric_has_its_line() {
    let declared = names_after(&read("src/metrics.rs"), "= \"tonkho_");
    assert_eq!(names_after(section(&read(OBSERVABILITY), "Metrics"), "\n| `tonkho_"), declared);
}

#[test]
fn every_command_has_its_line() {
    let help = Command::new(env!("CARGO_BIN_EXE_tonkho")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let commands = commands.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    let commands: BTreeSet<String> = commands.map(str::to_owned).collect();
    assert_eq!(names_after(section(&read(OPERATIONS), "Commands"), "\n| `tonkho "), commands);
}

/// The modules of each layer, as a table lists them.
fn layers_of(path: &str, start: &str) -> BTreeMap<u32, BTreeSet<String>> {
    let mut layers = BTreeMap::new();
    for row in read(path).lines().filter_map(|line| line.strip_prefix(start)) {
        let columns: Vec<&str> = row.split(" | ").collect();
        let [layer, _, modules] = columns.as_slice() else { continue };
        if let Ok(layer) = layer.parse() {
            layers.insert(layer, quoted(&modules.replace(", and the commands in `main`", "")));
        }
    }
    layers
}

#[test]
fn both_tables_of_layers_agree() {
    let layers = layers_of("src/lib.rs", "//! | ");
    assert!(5 < layers.len(), "{layers:?}");
    assert_eq!(layers_of("ARCHITECTURE.md", "| "), layers);
}

/// The first column of a table of routes: each route with its methods.
fn routes_of(path: &str) -> Vec<String> {
    let text = read(path);
    let cells = text.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    let routes: Vec<String> = cells.filter(|cell| cell.contains(" /shops")).map(str::to_owned).collect();
    assert!(!routes.is_empty(), "{path} has a table of routes");
    routes
}

#[test]
fn both_languages_have_the_same_routes() {
    assert_eq!(routes_of(VIETNAMESE), routes_of(README));
}

#[test]
fn every_route_of_a_shop_has_its_line() {
    let document: serde_json::Value = serde_json::from_str(&read("openapi/tonkho.json")).unwrap();
    let paths = document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/shops"));
    let routes = routes_of(README);
    for (path, operations) in paths {
        let line = routes.iter().find(|cell| cell.ends_with(&format!(" {path}`")));
        let line = line.unwrap_or_else(|| panic!("{README} has no line for {path}"));
        let methods = operations.as_object().unwrap().keys().map(|method| method.to_uppercase());
        for method in methods.filter(|method| !matches!(method.as_str(), "PARAMETERS" | "SUMMARY")) {
            assert!(line.contains(method.as_str()), "{README} lacks {method} {path}: {line}");
        }
    }
}
