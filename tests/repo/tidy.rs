//! Rules of the house that no other tool checks.

use crate::source::{all_below, no_complaints, read, rust};

/// The most lines of a file: more is two files.
const MAX_LINES: usize = 500;

/// Files other than Rust that are ours and text.
const TEXTS: [&str; 22] = [
    "README.md",
    "README.vi.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "Cargo.toml",
    "Makefile",
    "Dockerfile",
    ".dockerignore",
    ".clippy.toml",
    ".deny.toml",
    ".editorconfig",
    "rust-toolchain.toml",
    ".redocly.yaml",
    ".spectral.yaml",
    ".ci/run",
    "tests/clients/client.mts",
    "tests/clients/client.py",
    "tests/clients/schemathesis.toml",
    "tests/clients/schemathesis_hooks.py",
    "tests/clients/with_demo.sh",
];

/// Folders with more of them, by how they end.
const MORE_TEXTS: [(&str, &str); 16] = [
    ("docs", ".md"),
    ("examples", ".toml"),
    ("examples", ".yaml"),
    ("examples", ".yml"),
    ("helm", ".md"),
    ("helm", ".yaml"),
    ("helm", ".json"),
    ("helm", ".tpl"),
    ("helm", ".txt"),
    ("scripts", ".sh"),
    ("scripts", ".txt"),
    ("tests/compat", ".mjs"),
    ("tests/compat", ".py"),
    ("tests/deploy", ".py"),
    ("tests/deploy/helm", ".yaml"),
    ("tests/deploy/alerts", ".yaml"),
];

/// What no file may hold, in pieces, so that this one does not.
fn unfinished() -> [String; 4] {
    [
        ["to", "do!("].concat(),
        ["FIX", "ME"].concat(),
        ["#[ignore", "]"].concat(),
        ["should_", "panic"].concat(),
    ]
}

#[test]
fn every_file_says_at_its_start_what_lives_there() {
    let silent = rust().into_iter().filter(|source| !source.text.starts_with("//! "));
    no_complaints(
        &silent.map(|source| format!("{}: begins without `//! `", source.path)).collect::<Vec<_>>(),
    );
}

#[test]
fn no_file_is_too_long_to_read() {
    let mut complaints = Vec::new();
    for source in rust() {
        let lines = source.text.lines().count();
        if MAX_LINES < lines {
            complaints.push(format!("{}: {lines} lines, at most {MAX_LINES}", source.path));
        }
    }
    no_complaints(&complaints);
}

#[test]
fn no_line_ends_in_blanks_and_every_file_in_a_line_break() {
    let mut complaints = Vec::new();
    let mut check = |path: &str, text: &str| {
        for (index, line) in text.lines().enumerate().filter(|(_, line)| line.trim_end() != *line) {
            complaints.push(format!("{path}:{}: ends in blanks: {line:?}", index + 1));
        }
        if !text.ends_with('\n') || text.ends_with("\n\n") {
            complaints.push(format!("{path}: ends without exactly one line break"));
        }
    };
    for source in rust() {
        check(&source.path, &source.text);
    }
    for path in TEXTS {
        check(path, &read(path));
    }
    for (folder, ending) in MORE_TEXTS {
        for source in all_below(folder, ending) {
            check(&source.path, &source.text);
        }
    }
    no_complaints(&complaints);
}

#[test]
fn nothing_is_left_unfinished() {
    let unfinished = unfinished();
    let mut complaints = Vec::new();
    for source in rust() {
        for (index, line) in source.text.lines().enumerate() {
            for mark in unfinished.iter().filter(|mark| line.contains(mark.as_str())) {
                complaints.push(format!("{}:{}: {mark}", source.path, index + 1));
            }
        }
    }
    no_complaints(&complaints);
}

#[test]
fn nothing_panics_on_what_comes_from_outside() {
    let mut complaints = Vec::new();
    for source in all_below("src", ".rs").iter().filter(|source| !source.is_test()) {
        for (number, line) in source.code() {
            if line.contains(".unwrap()") || line.contains(".expect(") {
                complaints.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    no_complaints(&complaints);
}

#[test]
fn no_module_hides_in_a_file_called_mod() {
    let hidden = rust().into_iter().filter(|source| source.path.ends_with("/mod.rs"));
    no_complaints(&hidden.map(|source| source.path).collect::<Vec<_>>());
}
