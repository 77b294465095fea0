//! Plain English: texts that users see hold no idioms, and comments hold fewer each time.

use tonkho::settings::reference;

use crate::source::{Source, all_below, no_complaints, read};

/// Idioms that a reader whose second language is English has to decode, and how often comments in `src` still have
/// each. A number may only fall: lower it when a comment was rewritten.
const IDIOMS: [(&str, usize); 17] = [
    ("whoever", 4),
    ("nobody", 2),
    ("somebody", 12),
    ("everybody", 2),
    ("so many", 2),
    ("so much", 2),
    ("none if", 0),
    ("is none", 2),
    ("of none", 0),
    ("told", 14),
    ("tells of", 0),
    ("tell of", 2),
    ("at hand", 1),
    ("stands ready", 0),
    ("stand ready", 12),
    ("be had", 2),
    ("s back", 0),
];

/// Whole sentences that describe nothing.
const EMPTY_SENTENCES: [&str; 2] = ["It is.", "It does."];

/// Files beside the documents whose texts users read.
const TEXTS: [&str; 7] = [
    "openapi/tonkho.json",
    "helm/tonkho/values.yaml",
    "helm/tonkho/values.schema.json",
    "helm/tonkho/rules/tonkho.yaml",
    "helm/tonkho/dashboards/tonkho.json",
    "helm/tonkho/templates/NOTES.txt",
    "examples/tonkho.toml",
];

/// Documents in English, beside those in `docs`.
const DOCUMENTS: [&str; 6] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "helm/tonkho/RUNBOOK.md",
];

/// How often a phrase occurs in a text, as words of its own, whatever their case.
fn count(text: &str, phrase: &str) -> usize {
    let text = text.to_lowercase();
    let is_word = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    let places = text.match_indices(phrase).filter(|(at, _)| {
        let (before, rest) = text.split_at(*at);
        !is_word(before.chars().next_back()) && !is_word(rest[phrase.len()..].chars().next())
    });
    places.count()
}

/// What is wrong with a text that users see.
fn idioms_in(place: &str, text: &str) -> Vec<String> {
    let idioms = IDIOMS.iter().map(|(idiom, _)| *idiom);
    let found =
        idioms.filter(|idiom| 0 < count(text, idiom)).map(|idiom| format!("{place}: {idiom:?}: {text}"));
    let empty = EMPTY_SENTENCES.iter().filter(|sentence| text.trim() == **sentence);
    found.chain(empty.map(|sentence| format!("{place}: {sentence:?} says nothing"))).collect()
}

/// The lines of a text, each with its place.
fn lines_of(path: &str, text: &str) -> Vec<String> {
    let numbered = text.lines().enumerate();
    numbered.flat_map(|(index, line)| idioms_in(&format!("{path}:{}", index + 1), line)).collect()
}

#[test]
fn the_documents_are_in_plain_english() {
    let mut complaints = Vec::new();
    for path in DOCUMENTS.into_iter().chain(TEXTS) {
        complaints.extend(lines_of(path, &read(path)));
    }
    for document in all_below("docs", ".md") {
        complaints.extend(lines_of(&document.path, &document.text));
    }
    no_complaints(&complaints);
}

#[test]
fn the_texts_of_the_program_are_in_plain_english() {
    let mut complaints = lines_of("the table of settings", &reference::markdown());
    for source in all_below("src", ".rs").iter().filter(|source| !source.is_test()) {
        for (number, text) in texts_of(source) {
            complaints.extend(idioms_in(&format!("{}:{number}", source.path), &text));
        }
    }
    no_complaints(&complaints);
}

#[test]
fn the_help_of_metrics_is_in_plain_english() {
    let source = read("src/metrics.rs");
    let (_, families) = source.split_once("\nfamilies! {").unwrap();
    let (families, _) = families.split_once("\n}").unwrap();
    no_complaints(&lines_of("src/metrics.rs, families", families));
}

#[test]
fn comments_hold_no_more_idioms_than_before() {
    let mut comments = String::new();
    for source in all_below("src", ".rs") {
        let lines = source.text.lines().map(str::trim_start).filter(|line| line.starts_with("//"));
        for line in lines {
            comments.push_str(line.trim_start_matches(['/', '!', ' ']));
            comments.push(' ');
        }
    }
    let mut complaints = Vec::new();
    for (idiom, allowed) in IDIOMS {
        let found = count(&comments, idiom);
        if allowed < found {
            complaints.push(format!("{idiom:?}: {found} in the comments of src, {allowed} before"));
        }
    }
    no_complaints(&complaints);
}

/// The texts between quotes in the code of a file, each with the number of its line. A text that goes on in further
/// lines is read line by line.
fn texts_of(source: &Source) -> Vec<(usize, String)> {
    let mut texts = Vec::new();
    for (number, line) in source.code() {
        // A quote as a letter is no quote.
        let line = line.replace(r#"'"'"#, "' '").replace(r#"\""#, "  ");
        let parts: Vec<&str> = line.split('"').collect();
        texts.extend(parts.iter().skip(1).step_by(2).map(|text| (number, (*text).to_owned())));
    }
    texts
}

#[test]
fn words_are_counted_whole_and_whatever_their_case() {
    assert_eq!(count("Nobody told nobody. Untold; retold.", "nobody"), 2);
    assert_eq!(count("Nobody told nobody. Untold; retold.", "told"), 1);
    assert_eq!(idioms_in("here", "It is."), ["here: \"It is.\" says nothing"]);
    assert!(idioms_in("here", "Says what it is.").is_empty());
}
