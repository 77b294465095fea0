//! The changelog knows the version that is built.

use crate::source::read;

#[test]
fn the_version_has_an_entry() {
    let entry = concat!("## [", env!("CARGO_PKG_VERSION"), "]");
    assert!(
        read("CHANGELOG.md").lines().any(|line| line.starts_with(entry)),
        "CHANGELOG.md has no line that starts with {entry:?}"
    );
}

#[test]
fn nothing_comes_before_what_is_newest() {
    let changelog = read("CHANGELOG.md");
    let headings: Vec<&str> = changelog.lines().filter(|line| line.starts_with("## ")).collect();
    let newest = concat!("## [", env!("CARGO_PKG_VERSION"), "]");
    let first = headings.iter().position(|heading| heading.starts_with(newest)).unwrap();
    assert!(headings[..first].iter().all(|heading| *heading == "## [Unreleased]"), "{headings:?}");
}
