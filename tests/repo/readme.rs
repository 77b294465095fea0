//! What the README says of settings, errors, metrics and routes is what the code says, in both its languages.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tonkho::settings::environment::Environment;
use tonkho::settings::{Settings, reference};

use crate::source::{no_complaints, read};

const VIETNAMESE: &str = "README.vi.md";

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

/// The first example in TOML, read as the program would read it.
fn example_of(path: &str) -> Settings {
    let text = read(path);
    let (_, rest) = text.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let tokens = ["HARAVAN_TOKEN_1000", "HARAVAN_TOKEN_2000"].map(|name| (name, "token"));
    match Settings::from_toml(example, &tokens.into_iter().collect::<Environment>()) {
        Ok(settings) => settings,
        Err(mistakes) => panic!("the example in {path}: {mistakes}"),
    }
}

#[test]
fn the_example_of_a_configuration_is_valid() {
    for (path, shops, keys) in [("README.md", 2, 2), (VIETNAMESE, 1, 1)] {
        let settings = example_of(path);
        assert_eq!((settings.shops.len(), settings.keys.len()), (shops, keys), "{path}");
    }
}

/// What follows each `start` in a text, as long as it looks like a name.
fn names_after(text: &str, start: &str) -> BTreeSet<String> {
    let is_part = |letter: char| letter.is_ascii_lowercase() || "-_".contains(letter);
    let names = text.split(start).skip(1).map(|rest| rest.split(|letter| !is_part(letter)).next().unwrap());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// A section, from its heading to the next of its rank.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap()
}

#[test]
fn every_problem_has_its_line() {
    let slugs = names_after(&read("openapi/tonkho.json"), "urn:tonkho:problem:");
    // What every route can answer is not in the document.
    let everywhere = ["method-not-allowed".to_owned(), "not-found".to_owned()];
    let slugs: BTreeSet<String> = slugs.into_iter().chain(everywhere).collect();
    for (path, heading) in [("README.md", "Errors"), (VIETNAMESE, "Lỗi")] {
        assert_eq!(names_after(section(&read(path), heading), "\n| `"), slugs, "{path}");
    }
}

#[test]
fn every_metric_has_its_line() {
    let declared = names_after(&read("src/metrics.rs"), "= \"tonkho_");
    assert_eq!(names_after(&read("README.md"), "\n| `tonkho_"), declared);
    let told = names_after(&read(VIETNAMESE), "`tonkho_");
    assert!(!told.is_empty() && told.is_subset(&declared), "{told:?}, of {declared:?}");
}

/// The routes in a table, each with its methods: their cells as they are written.
fn routes_of(path: &str) -> Vec<String> {
    let text = read(path);
    let cells = text.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    let routes: Vec<String> = cells.filter(|cell| cell.contains(" /shops")).map(str::to_owned).collect();
    assert!(!routes.is_empty(), "{path} has a table of routes");
    routes
}

#[test]
fn both_languages_have_the_same_routes() {
    assert_eq!(routes_of(VIETNAMESE), routes_of("README.md"));
}

#[test]
fn every_route_of_a_shop_has_its_line() {
    let document: serde_json::Value = serde_json::from_str(&read("openapi/tonkho.json")).unwrap();
    let paths = document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/shops"));
    let told = routes_of("README.md");
    for (path, operations) in paths {
        let line = told.iter().find(|cell| cell.ends_with(&format!(" {path}`")));
        let line = line.unwrap_or_else(|| panic!("README.md does not tell of {path}"));
        let methods = operations.as_object().unwrap().keys().map(|method| method.to_uppercase());
        for method in methods.filter(|method| !matches!(method.as_str(), "PARAMETERS" | "SUMMARY")) {
            assert!(line.contains(method.as_str()), "README.md does not tell of {method} {path}: {line}");
        }
    }
}

/// The lines to paste: those that begin blocks of `sh`, without what explains them.
fn commands_of(path: &str) -> BTreeSet<String> {
    let text = read(path);
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    let lines = blocks.flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>());
    let bare = lines.map(|line| line.split(" #").next().unwrap().trim_end().to_owned());
    bare.filter(|line| !line.is_empty()).collect()
}

#[test]
fn what_is_pasted_is_the_same_in_both_languages() {
    let english = commands_of("README.md");
    let others: Vec<String> =
        commands_of(VIETNAMESE).into_iter().filter(|line| !english.contains(line)).collect();
    assert!(others.is_empty(), "{VIETNAMESE} has what README.md has not: {others:#?}");
}

/// What GitHub makes of a heading, to be linked to.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut dead = Vec::new();
    for path in ["README.md", VIETNAMESE, "ARCHITECTURE.md", "CHANGELOG.md"] {
        for target in read(path).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { path } else { file };
            let exists = Path::new(env!("CARGO_MANIFEST_DIR")).join(file).exists();
            let is_there = |text: &str| {
                let headings = text.lines().filter(|line| line.starts_with("##"));
                headings.into_iter().any(|line| anchor(line.trim_start_matches('#').trim()) == heading)
            };
            if !exists || (!heading.is_empty() && !is_there(&read(file))) {
                dead.push(format!("{path}: {target}"));
            }
        }
    }
    no_complaints(&dead);
}
