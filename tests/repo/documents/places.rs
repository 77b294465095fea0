//! Files and functions that the documents name: each exists.

use std::path::Path;

use super::all;
use crate::source::{Source, no_complaints, rust};

/// Where a file may be that a document names without its folder.
const ROOTS: [&str; 3] = ["", "src/", "tests/"];

/// Folders at the top: a name that begins with one is a path, whatever its ending.
const FOLDERS: [&str; 7] = ["benches/", "docs/", "examples/", "helm/", "openapi/", "scripts/", "tests/"];

/// The spans between backticks, without those of blocks of code.
fn spans(text: &str) -> Vec<String> {
    let prose: String = text.split("```").step_by(2).collect();
    prose.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The file of that name, wherever it may be.
fn file<'a>(sources: &'a [Source], path: &str) -> Option<&'a Source> {
    ROOTS.iter().find_map(|root| sources.iter().find(|source| source.path == format!("{root}{path}")))
}

/// Whether a file defines a function, or a type, of that name.
fn defines(source: &Source, name: &str) -> bool {
    let is_end = |rest: &str| !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
    ["fn ", "struct ", "enum ", "trait ", "type ", "const "].iter().any(|kind| {
        let start = format!("{kind}{name}");
        source.text.match_indices(&start).any(|(at, _)| is_end(&source.text[at + start.len()..]))
    })
}

/// Whether there is a file or a folder at a path that is relative to the repository.
fn exists(path: &str) -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists()
}

#[test]
fn folders_and_other_files_that_documents_name_exist() {
    let mut complaints = Vec::new();
    for document in all() {
        for span in spans(&document.text) {
            let is_path =
                FOLDERS.iter().any(|folder| span.starts_with(folder)) && !span.contains([' ', ':', '*']);
            if is_path && !exists(&span) {
                complaints.push(format!("{}: `{span}`", document.path));
            }
        }
    }
    no_complaints(&complaints);
}

#[test]
fn files_and_functions_that_documents_name_exist() {
    let sources = rust();
    let mut complaints = Vec::new();
    for document in all() {
        for span in spans(&document.text) {
            let (path, name) =
                span.split_once(".rs:").map_or((span.as_str(), ""), |(path, name)| (path, name));
            let path = format!("{}.rs", path.trim_end_matches(".rs"));
            let is_place = span.contains(".rs") && !span.contains(' ');
            // Some files are beside the crate: benchmarks.
            if !is_place || exists(&path) && name.is_empty() {
                continue;
            }
            match file(&sources, &path) {
                None => complaints.push(format!("{}: `{span}`: no such file", document.path)),
                Some(source) if !name.is_empty() && !defines(source, name) => {
                    complaints.push(format!("{}: `{span}`: {} has no {name}", document.path, source.path));
                }
                Some(_) => {}
            }
        }
    }
    no_complaints(&complaints);
}
