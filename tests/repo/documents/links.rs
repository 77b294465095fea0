//! Links between documents, and from documents to files: each leads to something that exists.

use std::path::{Component, Path, PathBuf};

use super::{README, all};
use crate::source::{all_below, no_complaints, read};

/// The anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect()
}

/// A document without its blocks of code, whose brackets are no links.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

fn has_heading(text: &str, heading: &str) -> bool {
    let text = prose(text);
    let mut headings = text.lines().filter(|line| line.starts_with('#'));
    headings.any(|line| anchor(line.trim_start_matches('#').trim()) == heading)
}

/// The path that a link in a document means, relative to the repository.
fn target_of(document: &str, link: &str) -> String {
    let folder = Path::new(document).parent().unwrap();
    let mut path = PathBuf::new();
    for component in folder.join(link).components() {
        match component {
            Component::ParentDir => assert!(path.pop(), "{document}: {link} leaves the repository"),
            other => path.push(other),
        }
    }
    path.to_string_lossy().replace('\\', "/")
}

#[test]
fn links_lead_somewhere() {
    let mut dead = Vec::new();
    for document in all() {
        let prose = prose(&document.text);
        for link in prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target =
                if file.is_empty() { document.path.clone() } else { target_of(&document.path, file) };
            let exists = Path::new(env!("CARGO_MANIFEST_DIR")).join(&target).exists();
            if !exists || (!heading.is_empty() && !has_heading(&read(&target), heading)) {
                dead.push(format!("{}: {link}", document.path));
            }
        }
    }
    no_complaints(&dead);
}

#[test]
fn every_document_can_be_reached_from_the_readme() {
    let mut reached = vec![README.to_owned()];
    let mut next = 0;
    while let Some(path) = reached.get(next).cloned() {
        next += 1;
        let prose = prose(&read(&path));
        for link in prose.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if !link.is_empty() && !link.contains("://") {
                let target = target_of(&path, link);
                if target.ends_with(".md") && !reached.contains(&target) {
                    reached.push(target);
                }
            }
        }
    }
    let lost = all_below("docs", ".md").into_iter().filter(|document| !reached.contains(&document.path));
    no_complaints(
        &lost.map(|document| format!("{}: no document links to it", document.path)).collect::<Vec<_>>(),
    );
}

#[test]
fn headings_become_the_anchors_that_github_makes() {
    assert_eq!(anchor("Read a 503"), "read-a-503");
    assert_eq!(anchor("Limits, as of today"), "limits-as-of-today");
}
