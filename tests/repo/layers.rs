//! The table of layers in `src/lib.rs`, held against the code.

use std::collections::BTreeMap;

use crate::source::{Source, all_below, no_complaints, read};

/// The module that stands apart: it uses nothing of the rest, and nothing of the library uses it.
const APART: &str = "sandbox";
/// Libraries that only these modules may know.
const OWNED: [(&str, &[&str]); 11] = [
    ("actix_http", &["app"]),
    ("actix_server", &["app"]),
    ("actix_service", &["app"]),
    ("actix_web", &["http", "ui", "app", APART]),
    ("opentelemetry", &["telemetry"]),
    ("opentelemetry_http", &["telemetry"]),
    ("opentelemetry_otlp", &["telemetry"]),
    ("opentelemetry_sdk", &["telemetry"]),
    ("tracing_opentelemetry", &["telemetry"]),
    ("reqwest", &["haravan", "telemetry"]),
    ("prometheus", &["metrics", "http", "app"]),
];

/// Layer by module, from the table.
fn table() -> BTreeMap<String, u32> {
    let mut layers = BTreeMap::new();
    for row in read("src/lib.rs").lines().filter_map(|line| line.strip_prefix("//! | ")) {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        let [layer, _, modules, ..] = columns.as_slice() else { continue };
        if let Ok(layer) = layer.parse() {
            let names = modules.split('`').skip(1).step_by(2);
            layers.extend(names.map(|name| (name.to_owned(), layer)));
        }
    }
    assert_eq!(layers.get("domain"), Some(&0), "the table in src/lib.rs cannot be read");
    layers
}

/// The files of the library, each with its module.
fn modules() -> Vec<(String, Source)> {
    let mut modules = Vec::new();
    for source in all_below("src", ".rs") {
        let inside = source.path.trim_start_matches("src/");
        let module = inside.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        // The program is made of the library from outside.
        if !["lib", "main", "commands"].contains(&module.as_str()) {
            modules.push((module, source));
        }
    }
    modules
}

/// The names that follow `crate::` in a line.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let after = line.split("crate::").skip(1);
    // `$crate::` of a macro means the same.
    after.map(|rest| rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap())
}

#[test]
fn no_module_uses_one_of_a_layer_above() {
    let layers = table();
    let mut complaints = Vec::new();
    for (module, source) in modules().iter().filter(|(module, _)| module != APART) {
        let Some(own) = layers.get(module) else {
            complaints.push(format!("{}: {module} is not in the table of src/lib.rs", source.path));
            continue;
        };
        for (number, line) in source.code() {
            for used in named(line) {
                let place = format!("{}:{number}", source.path);
                match layers.get(used) {
                    Some(layer) if layer <= own => {}
                    Some(layer) => complaints
                        .push(format!("{place}: {module} (layer {own}) uses {used} (layer {layer})")),
                    None => {
                        complaints.push(format!("{place}: {module} uses crate::{used}, which has no layer"));
                    }
                }
            }
        }
    }
    no_complaints(&complaints);
}

#[test]
fn the_sandbox_uses_nothing_of_the_rest() {
    let mut complaints = Vec::new();
    for (_, source) in modules().iter().filter(|(module, _)| module == APART) {
        for (number, line) in source.code() {
            for used in named(line).filter(|used| *used != APART) {
                complaints.push(format!("{}:{number}: the sandbox uses crate::{used}", source.path));
            }
        }
    }
    no_complaints(&complaints);
}

#[test]
fn a_library_is_known_only_where_it_belongs() {
    let mut complaints = Vec::new();
    for (module, source) in modules().iter().filter(|(_, source)| !source.is_test()) {
        for (number, line) in source.code() {
            for (library, owners) in OWNED {
                if line.contains(&format!("{library}::")) && !owners.contains(&module.as_str()) {
                    complaints.push(format!("{}:{number}: only {owners:?} know {library}", source.path));
                }
            }
        }
    }
    no_complaints(&complaints);
}

#[test]
fn every_module_of_the_library_is_in_the_table() {
    let layers = table();
    let library = read("src/lib.rs");
    let modules = library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let missing: Vec<&str> =
        modules.filter(|module| *module != APART && !layers.contains_key(*module)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "modules without a layer");
}
