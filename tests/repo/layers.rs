//! The table of layers in `src/lib.rs`, held against the code.

use std::collections::BTreeMap;

use crate::imports::{circles, imports};
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
    let layers = table_of("src/lib.rs");
    assert_eq!(layers.get("domain"), Some(&0), "the table in src/lib.rs cannot be read");
    layers
}

/// Floor by room of `http`, from the table.
fn floors() -> BTreeMap<String, u32> {
    let floors = table_of("src/http.rs");
    assert_eq!(floors.get("problem"), Some(&1), "the table in src/http.rs cannot be read");
    floors
}

/// The numbers of the first column of a table, by the names in its third.
fn table_of(path: &str) -> BTreeMap<String, u32> {
    let mut numbers = BTreeMap::new();
    for row in read(path).lines().filter_map(|line| line.strip_prefix("//! | ")) {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        let [number, _, names, ..] = columns.as_slice() else { continue };
        if let Ok(number) = number.parse() {
            let names = names.split('`').skip(1).step_by(2);
            numbers.extend(names.map(|name| (name.to_owned(), number)));
        }
    }
    numbers
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

/// The most files of a folder. The root of the library has one for each module.
const MOST_FILES: usize = 12;

/// The folders that have more; this list may only shrink.
const CROWDED: [&str; 3] = ["src/settings", "src/sandbox", "src/view"];

#[test]
fn no_room_of_http_uses_one_of_a_floor_above() {
    let floors = floors();
    let floor = |module: &str| {
        let inside = module.strip_prefix("http::")?;
        let rooms = floors.iter().filter(|(room, _)| {
            inside.strip_prefix(room.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        });
        rooms.max_by_key(|(room, _)| room.len()).map(|(_, floor)| *floor)
    };
    let mut complaints = Vec::new();
    for (module, used) in imports().iter().filter(|(module, _)| module.starts_with("http::")) {
        let Some(own) = floor(module) else {
            complaints.push(format!("{module} is not in the table of src/http.rs"));
            continue;
        };
        for other in used {
            if floor(other).is_some_and(|other| own < other) {
                complaints.push(format!("{module} (floor {own}) uses {other}"));
            }
        }
    }
    no_complaints(&complaints);
}

#[test]
fn no_more_than_two_files_import_each_other_in_a_circle() {
    let circles = circles(&imports(), 2);
    no_complaints(&circles.iter().map(|circle| circle.join(", ")).collect::<Vec<_>>());
}

#[test]
fn a_folder_holds_no_more_files_than_can_be_seen_at_once() {
    let mut files: BTreeMap<String, usize> = BTreeMap::new();
    for source in all_below("src", "") {
        let folder = source.path.rsplit_once('/').unwrap().0;
        *files.entry(folder.to_owned()).or_default() += 1;
    }
    let crowded = files.iter().filter(|(folder, files)| {
        MOST_FILES < **files && *folder != "src" && !CROWDED.contains(&folder.as_str())
    });
    let complaints: Vec<String> =
        crowded.map(|(folder, files)| format!("{folder} has {files} files; at most {MOST_FILES}")).collect();
    no_complaints(&complaints);
}
