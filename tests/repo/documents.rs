//! The documents: what their tables say is what the code says, their links lead somewhere, their examples work.

mod examples;
mod links;
mod places;
mod tables;

use std::collections::BTreeSet;

use crate::source::{Source, all_below, read};

/// The page that is read first.
const README: &str = "README.md";
/// The same page in Vietnamese.
const VIETNAMESE: &str = "README.vi.md";

/// Documents that are not below `docs`.
const BESIDE: [&str; 7] = [
    README,
    VIETNAMESE,
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "helm/tonkho/RUNBOOK.md",
];

/// Every document of ours.
fn all() -> Vec<Source> {
    let beside = BESIDE.map(|path| Source { path: path.to_owned(), text: read(path) });
    beside.into_iter().chain(all_below("docs", ".md")).collect()
}

/// Every name that follows `start` in a text.
fn names_after(text: &str, start: &str) -> BTreeSet<String> {
    let is_part = |letter: char| letter.is_ascii_lowercase() || "-_".contains(letter);
    let names = text.split(start).skip(1).map(|rest| rest.split(|letter| !is_part(letter)).next().unwrap());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// A section, from its heading to the next of the same rank.
#[track_caller]
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap()
}
