//! A type is small enough to be read at once: at most 20 methods and 10 fields.

use std::collections::BTreeMap;

use crate::source::{Source, all_below, no_complaints};

/// The most methods of a type, all `impl` blocks counted.
const MAX_METHODS: usize = 20;
/// The most fields of a type.
const MAX_FIELDS: usize = 10;

/// Types with more methods, how many they have, and why. The list and the numbers may only shrink.
const MORE_METHODS: [(&str, usize, &str); 1] =
    [("Quantity", 34, "a number: each operator is a trait with a method of its own")];

/// Types with more fields, how many they have, and why. The list and the numbers may only shrink.
const MORE_FIELDS: [(&str, usize, &str); 10] = [
    ("Words", 118, "the page's texts in one language: a field each, so that none can be missing"),
    ("ShopMetrics", 19, "a field for each metric of a shop"),
    ("Alert", 18, "the shape of an answer"),
    ("ShopState", 12, "the shape of an answer"),
    ("StockRow", 11, "the shape of an answer"),
    ("Mismatch", 11, "the shape of an answer"),
    ("StockSums", 12, "the shape of an answer"),
    ("Tally", 13, "the sums of an answer while they are made"),
    ("ShopStatus", 15, "a field for each thing that operators see of a shop"),
    ("ShopParts", 14, "a field for each setting of a shop"),
];

/// What a type is known by: its name, and the file that defines it.
type Type = (String, String);

/// A block at the left margin: its head up to the brace, and its lines.
struct Block<'a> {
    path: &'a str,
    head: String,
    lines: Vec<&'a str>,
}

/// The blocks of a file that begin with one of these words.
fn blocks<'a>(source: &'a Source, words: &[&str]) -> Vec<Block<'a>> {
    let mut blocks = Vec::new();
    let mut lines = source.code().map(|(_, line)| line);
    while let Some(line) = lines.next() {
        let start = without_visibility(line);
        if !words.iter().any(|word| start.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '<'])))
        {
            continue;
        }
        let mut head = line.to_owned();
        while !head.contains('{') && !head.ends_with(';') {
            let Some(more) = lines.next() else { break };
            head = format!("{head} {}", more.trim());
        }
        let is_open = head.contains('{') && !head.trim_end().ends_with('}');
        let body =
            if is_open { lines.by_ref().take_while(|line| *line != "}").collect() } else { Vec::new() };
        let head = head.split('{').next().unwrap_or_default().to_owned();
        blocks.push(Block { path: &source.path, head, lines: body });
    }
    blocks
}

fn without_visibility(line: &str) -> &str {
    let Some(rest) = line.strip_prefix("pub") else { return line };
    let rest = rest.strip_prefix('(').and_then(|scope| scope.split_once(')')).map_or(rest, |(_, rest)| rest);
    rest.trim_start()
}

/// The identifier at the start of a text.
fn identifier(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    &text[..end.unwrap_or(text.len())]
}

/// The name of the type that an `impl` is for.
fn implemented(head: &str) -> &str {
    let mut rest = head.strip_prefix("impl").unwrap();
    if rest.starts_with('<') {
        let mut depth = 0;
        let end = rest.char_indices().find(|(at, letter)| match letter {
            '<' => {
                depth += 1;
                false
            }
            '>' if !rest[..*at].ends_with('-') => {
                depth -= 1;
                depth == 0
            }
            _ => false,
        });
        rest = end.map_or(rest, |(at, _)| &rest[at + 1..]);
    }
    let rest = rest.split(" where ").next().unwrap();
    let named = rest.rsplit_once(" for ").map_or(rest, |(_, named)| named).trim_start_matches([' ', '&']);
    let path = named.split('<').next().unwrap_or_default().trim();
    identifier(path.rsplit("::").next().unwrap_or_default())
}

/// The definition that a name means in a file: of several types of this name, the nearest.
fn nearest(types: &BTreeMap<String, Vec<String>>, name: &str, path: &str) -> Option<Type> {
    let shared =
        |other: &String| path.chars().zip(other.chars()).take_while(|(left, right)| left == right).count();
    let file = types.get(name)?.iter().max_by_key(|file| shared(file))?;
    Some((name.to_owned(), file.clone()))
}

fn sources() -> Vec<Source> {
    let sources = all_below("src", ".rs").into_iter();
    sources.filter(|source| !source.is_test() && !source.path.starts_with("src/sandbox")).collect()
}

/// Complains of the types that have more than allowed, and of exceptions that are larger than their types.
fn check(counts: &BTreeMap<Type, usize>, max: usize, exceptions: &[(&str, usize, &str)], what: &str) {
    let mut complaints = Vec::new();
    for ((name, path), count) in counts.iter().filter(|(_, count)| max < **count) {
        let allowed =
            exceptions.iter().find(|(excepted, ..)| excepted == name).map_or(max, |(_, most, _)| *most);
        if allowed < *count {
            complaints.push(format!("{path}: {name} has {count} {what}, at most {allowed}"));
        }
    }
    for (name, most, _) in exceptions {
        let largest =
            counts.iter().filter(|((counted, _), _)| counted == name).map(|(_, count)| *count).max();
        if largest.unwrap_or_default() < *most {
            complaints.push(format!(
                "{name} has {largest:?} {what} now: lower its number, or take it off the list"
            ));
        }
    }
    no_complaints(&complaints);
}

#[test]
fn no_type_has_too_many_fields() {
    let mut counts = BTreeMap::new();
    for source in sources() {
        for block in blocks(&source, &["struct"]) {
            let name = identifier(without_visibility(&block.head).trim_start_matches("struct "));
            let fields = block.lines.iter().filter(|line| {
                let field = line.strip_prefix("    ").map(without_visibility).unwrap_or_default();
                let named = identifier(field);
                !named.is_empty() && field[named.len()..].starts_with(": ")
            });
            counts.insert((name.to_owned(), block.path.to_owned()), fields.count());
        }
    }
    assert!(100 < counts.len(), "the types cannot be read");
    check(&counts, MAX_FIELDS, &MORE_FIELDS, "fields");
}

#[test]
fn no_type_has_too_many_methods() {
    let sources = sources();
    let mut types: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in &sources {
        for block in blocks(source, &["struct", "enum", "trait"]) {
            let name = identifier(without_visibility(&block.head).split_once(' ').unwrap().1);
            types.entry(name.to_owned()).or_default().push(source.path.clone());
        }
    }
    let mut counts = BTreeMap::new();
    for source in &sources {
        for block in blocks(source, &["impl"]) {
            let Some(implementor) = nearest(&types, implemented(&block.head), block.path) else { continue };
            let methods = block.lines.iter().filter(|line| {
                let method = line.strip_prefix("    ").map(without_visibility).unwrap_or_default();
                let method = method.strip_prefix("const ").unwrap_or(method);
                method.strip_prefix("async ").unwrap_or(method).starts_with("fn ")
            });
            *counts.entry(implementor).or_default() += methods.count();
        }
    }
    assert!(100 < counts.len(), "the methods cannot be read");
    check(&counts, MAX_METHODS, &MORE_METHODS, "methods");
}
