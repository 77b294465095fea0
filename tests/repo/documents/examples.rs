//! The examples: configurations that the program accepts, YAML that parses, lines to paste in both languages.

use std::collections::BTreeSet;
use std::path::Path;

use tonkho::settings::Settings;
use tonkho::settings::environment::Environment;
use yaml_serde::Value;

use super::{README, VIETNAMESE};
use crate::source::read;

const COMPOSE: &str = "examples/compose.yaml";

/// A configuration, read as the program would read it.
#[track_caller]
fn accepted(path: &str, text: &str) -> Settings {
    let tokens = ["HARAVAN_TOKEN_1000", "HARAVAN_TOKEN_2000"].map(|name| (name, "token"));
    match Settings::from_toml(text, &tokens.into_iter().collect::<Environment>()) {
        Ok(settings) => settings,
        Err(mistakes) => panic!("{path}: {mistakes}"),
    }
}

#[test]
fn the_examples_of_a_configuration_are_valid() {
    let guide = read("docs/configuration.md");
    let (_, rest) = guide.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let settings = accepted("docs/configuration.md", example);
    assert_eq!((settings.shops.len(), settings.keys.len()), (2, 2));
    let settings = accepted("examples/tonkho.toml", &read("examples/tonkho.toml"));
    assert_eq!((settings.shops.len(), settings.keys.len()), (1, 2));
}

fn yaml(path: &str) -> Value {
    yaml_serde::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_example_of_a_scrape_uses_the_job_that_the_alert_rules_expect() {
    let scrapes = yaml("examples/prometheus.yml");
    let job = scrapes["scrape_configs"][0]["job_name"].as_str().unwrap();
    let rules = read("helm/tonkho/rules/tonkho.yaml");
    assert!(rules.contains(&format!("job=\"{job}\"")), "no rule expects the job {job}");
}

#[test]
fn the_compose_file_mounts_files_that_exist_and_gives_the_gateway_time_to_stop() {
    let services = &yaml(COMPOSE)["services"];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for service in ["tonkho", "prometheus"] {
        for volume in services[service]["volumes"].as_sequence().unwrap() {
            let (host, _) = volume.as_str().unwrap().split_once(':').unwrap();
            assert!(folder.join(host).exists(), "{COMPOSE}: {service} mounts {host}");
        }
    }
    let grace = services["tonkho"]["stop_grace_period"].as_str().unwrap();
    let seconds: u64 = grace.trim_end_matches('s').parse().unwrap();
    assert!(Settings::default().server.shutdown_grace.as_secs() < seconds, "{COMPOSE}: {grace}");
}

/// The lines to paste: those of blocks that begin with `sh`, without comments.
fn commands_of(path: &str) -> BTreeSet<String> {
    let text = read(path);
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    let lines = blocks.flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>());
    let bare = lines.map(|line| line.split(" #").next().unwrap().trim_end().to_owned());
    bare.filter(|line| !line.is_empty()).collect()
}

#[test]
fn both_languages_have_the_same_lines_to_paste() {
    assert_eq!(commands_of(VIETNAMESE), commands_of(README));
}
