//! The repository's files, as the other tests read them.

use std::fs;
use std::path::{Path, PathBuf};

/// A text file.
pub(crate) struct Source {
    /// Relative to the repository, with `/` on every system.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// The lines outside comments and unit tests, with their numbers.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        // Unit tests come last, or have a file of their own.
        let code = numbered.take_while(|(_, line)| !line.starts_with("mod tests {"));
        code.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Whether the whole file is compiled for tests only.
    pub(crate) fn is_test(&self) -> bool {
        let module = self.path.trim_end_matches(".rs");
        let Some((folder, name)) = module.rsplit_once('/').filter(|_| module.starts_with("src/")) else {
            return true;
        };
        let parent = if folder == "src" { "src/lib.rs".to_owned() } else { format!("{folder}.rs") };
        let within_tests = folder.ends_with("/tests") || folder.contains("/tests/");
        let declared = ["", "pub(crate) "].map(|scope| format!("#[cfg(test)]\n{scope}mod {name};"));
        let text = read(&parent);
        within_tests || declared.iter().any(|line| text.contains(line.as_str()))
    }
}

/// The file at `path`, relative to the repository.
#[track_caller]
pub(crate) fn read(path: &str) -> String {
    match fs::read_to_string(root().join(path)) {
        Ok(text) => text,
        Err(error) => panic!("{path}: {error}"),
    }
}

/// Every file below `folder` whose name ends so, in order.
pub(crate) fn all_below(folder: &str, ending: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&root().join(folder), &mut paths);
    paths.sort();
    let mut sources = Vec::new();
    for path in paths.into_iter().filter(|path| path.to_string_lossy().ends_with(ending)) {
        let relative = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        sources.push(Source { text: read(&relative), path: relative });
    }
    assert!(!sources.is_empty(), "{folder} has no files that end in {ending}");
    sources
}

/// Every Rust file of ours.
pub(crate) fn rust() -> Vec<Source> {
    let mut sources = all_below("src", ".rs");
    sources.extend(all_below("tests", ".rs"));
    sources
}

/// Fails with every complaint, not only with the first.
#[track_caller]
pub(crate) fn no_complaints(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else {
            paths.push(path);
        }
    }
}
