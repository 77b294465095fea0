//! Which file of the library imports which, as far as the text tells.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::all_below;

/// The module of each file, such as `http::routes::stock`, with the modules that it imports from.
pub(crate) fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let sources = all_below("src", ".rs");
    let of_program =
        |path: &str| path.starts_with("src/commands") || ["src/main.rs", "src/lib.rs"].contains(&path);
    let files: Vec<_> =
        sources.iter().filter(|source| !source.is_test() && !of_program(&source.path)).collect();
    let modules: BTreeSet<String> = files.iter().map(|source| module(&source.path)).collect();
    let mut imports = BTreeMap::new();
    for source in files {
        let own = module(&source.path);
        let lines = source.code().map(|(_, line)| without_visibility(line.split("//").next().unwrap()));
        let used = paths(&lines.collect::<Vec<_>>().join("\n"))
            .into_iter()
            .filter_map(|path| resolve(&own, &path, &modules));
        imports.insert(own.clone(), used.filter(|used| *used != own).collect());
    }
    imports
}

/// The groups of modules that import each other in a circle, the larger than `most` ones; each sorted.
pub(crate) fn circles(imports: &BTreeMap<String, BTreeSet<String>>, most: usize) -> Vec<Vec<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        imports.keys().map(|module| (module, reached(module, imports))).collect();
    let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
    for (module, from_here) in &reached {
        let circle: Vec<String> = from_here
            .iter()
            .filter(|other| reached.get(**other).is_some_and(|back| back.contains(*module)))
            .map(|other| (*other).clone())
            .collect();
        if most < circle.len() {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

fn reached<'a>(module: &'a String, imports: &'a BTreeMap<String, BTreeSet<String>>) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut next = vec![module];
    while let Some(module) = next.pop() {
        for used in imports.get(module).into_iter().flatten() {
            if reached.insert(used) {
                next.push(used);
            }
        }
    }
    reached
}

/// `pub(in crate::ui) fn f()` imports nothing.
fn without_visibility(line: &str) -> &str {
    let restricted = line.trim_start().strip_prefix("pub(in ");
    restricted.and_then(|rest| rest.split_once(')')).map_or(line, |(_, rest)| rest)
}

/// `src/http/routes/stock.rs` is `http::routes::stock`.
fn module(path: &str) -> String {
    path.trim_start_matches("src/").trim_end_matches(".rs").replace('/', "::")
}

/// The module that a path leads into, from the module that it is written in.
fn resolve(own: &str, path: &[String], modules: &BTreeSet<String>) -> Option<String> {
    let mut absolute: Vec<&str> = Vec::new();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => rest = path.get(1..)?,
        "self" => {
            absolute.extend(own.split("::"));
            rest = path.get(1..)?;
        }
        "super" => {
            absolute.extend(own.split("::"));
            while rest.first().is_some_and(|part| part == "super") {
                absolute.pop();
                rest = rest.get(1..)?;
            }
        }
        first if modules.contains(&format!("{own}::{first}")) => absolute.extend(own.split("::")),
        _ => return None,
    }
    absolute.extend(rest.iter().map(String::as_str));
    let prefixes = (1..=absolute.len()).rev().filter_map(|length| absolute.get(..length));
    prefixes.map(|prefix| prefix.join("::")).find(|name| modules.contains(name))
}

/// Every path in a text, with the trees of `use` written out.
fn paths(text: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut rest = text;
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    while let Some(start) = rest.find(is_name) {
        let before = rest[..start].chars().next_back();
        rest = &rest[start..];
        let end = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
        // Names that follow a colon or a dot belong to a path that began elsewhere.
        if !matches!(before, Some(':' | '.')) && rest[end..].starts_with("::") {
            let (found, length) = tree(rest);
            paths.extend(found);
            rest = &rest[length.max(end)..];
        } else {
            rest = &rest[end..];
        }
    }
    paths
}

/// The paths of one tree, such as `a::{b, c::d}`, and how many bytes it takes.
fn tree(text: &str) -> (Vec<Vec<String>>, usize) {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut path = Vec::new();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        if rest.starts_with('{') {
            let (branches, length) = branches(rest);
            let joined = branches.into_iter().map(|branch| [path.clone(), branch].concat());
            return (joined.collect(), at + length);
        }
        let end = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
        if 0 < end {
            path.push(rest[..end].to_owned());
        }
        at += end;
        if end == 0 || !text[at..].starts_with("::") {
            return (vec![path], at);
        }
        at += 2;
    }
}

/// The paths within braces, and how many bytes these take.
fn branches(text: &str) -> (Vec<Vec<String>>, usize) {
    let mut found = Vec::new();
    let mut at = 1;
    while at < text.len() && !text[at..].starts_with('}') {
        let skipped = text[at..].find(|letter: char| letter.is_alphanumeric() || "_{}".contains(letter));
        at += skipped.unwrap_or(text.len() - at);
        if at < text.len() && !text[at..].starts_with('}') {
            let (paths, length) = tree(&text[at..]);
            found.extend(paths);
            at += length.max(1);
        }
    }
    (found, (at + 1).min(text.len()))
}

#[test]
fn trees_of_use_are_written_out() {
    let text = "use super::a::{self, B, c::{D, e}};\nfn f(x: crate::g::H) -> i::J { x.k::<L>() }";
    let found: Vec<String> = paths(text).iter().map(|path| path.join("::")).collect();
    assert_eq!(
        found,
        ["super::a::self", "super::a::B", "super::a::c::D", "super::a::c::e", "crate::g::H", "i::J"]
    );
}
