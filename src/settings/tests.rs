//! Settings from end to end: text and variables in, values or mistakes out. No test reads the process
//! environment.

mod mistakes;
mod secrets;
mod sources;

use super::Settings;
use super::environment::Environment;

/// A key that is admitted, for tests about something else.
const KEY: &str = "[[keys]]\nname = \"erp\"\nshops = [\"*\"]\nscopes = [\"read\"]\n\
    sha256 = \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"\n";

/// A shop that is served, for tests about something else.
const SHOP: &str = "[[shops]]\norg_id = 1000\ntoken = \"t\"\n";

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().copied().collect()
}

/// The settings that `text` and `variables` make.
#[track_caller]
fn good(text: &str, variables: &[(&str, &str)]) -> Settings {
    match Settings::from_toml(text, &environment(variables)) {
        Ok(settings) => settings,
        Err(error) => panic!("{error}"),
    }
}

/// Holds the mistakes in `text` and `variables`, one per line, against `expect`.
#[track_caller]
fn check(text: &str, variables: &[(&str, &str)], expect: &[&str]) {
    let found = match Settings::from_toml(text, &environment(variables)) {
        Ok(_) => Vec::new(),
        Err(error) => error.mistakes.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(found, expect, "in {text:?} with {variables:?}");
}
