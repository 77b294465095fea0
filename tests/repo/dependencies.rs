//! Every dependency that the manifest declares is used.

use crate::source::{all_below, no_complaints, read, rust};

#[test]
fn every_dependency_is_used() {
    let program = all_below("src", ".rs");
    let mut all = rust();
    all.extend(all_below("benches", ".rs"));
    let mut complaints = Vec::new();
    for (section, sources) in [("dependencies", &program), ("dev-dependencies", &all)] {
        let names = names_in(section);
        assert!(!names.is_empty(), "[{section}] has no dependencies");
        for name in names {
            let path = format!("{}::", name.replace('-', "_"));
            let mut lines = sources.iter().flat_map(|source| source.text.lines());
            if !lines.any(|line| names_crate(line, &path)) {
                complaints.push(format!("[{section}] {name}: nothing uses it"));
            }
        }
    }
    no_complaints(&complaints);
}

/// The names in a section of the manifest.
fn names_in(section: &str) -> Vec<String> {
    let manifest = read("Cargo.toml");
    let lines = manifest.lines().skip_while(|line| *line != format!("[{section}]")).skip(1);
    let entries = lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.starts_with('#'));
    entries.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.to_owned()).collect()
}

/// Whether code in `line` begins a path with `path`: not in a comment, and not at the end of a longer name.
fn names_crate(line: &str, path: &str) -> bool {
    let code = line.split("// ").next().unwrap_or_default();
    let is_inside = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    code.match_indices(path).any(|(at, _)| !code[..at].ends_with(is_inside))
}
