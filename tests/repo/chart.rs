//! The chart, its dashboard and its rules know what the program knows: its version, its settings, its metrics.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tonkho::settings::reference;

use crate::source::{no_complaints, read};

const CHART: &str = "helm/tonkho/Chart.yaml";
const SCHEMA: &str = "helm/tonkho/values.schema.json";
const RULES: &str = "helm/tonkho/rules/tonkho.yaml";
const DASHBOARD: &str = "helm/tonkho/dashboards/tonkho.json";

/// Settings that the chart sees to itself: it knows where the gateway listens, and where it puts tokens.
const THE_CHARTS: [&str; 6] = [
    "server.listen",
    "server.admin_listen",
    "auth.disabled",
    "shops[].token",
    "shops[].token_file",
    "shops[].token_env",
];

/// Where a section of the settings is in the schema.
const SECTIONS: [(&str, &str); 12] = [
    ("server", "/definitions/config/properties/server"),
    ("haravan", "/definitions/config/properties/haravan"),
    ("rate", "/definitions/rate"),
    ("cache", "/definitions/cache"),
    ("limits", "/definitions/config/properties/limits"),
    ("auth", "/definitions/config/properties/auth"),
    ("keys[]", "/definitions/key"),
    ("shops[]", "/definitions/shop"),
    ("passthrough", "/definitions/config/properties/passthrough"),
    ("telemetry", "/definitions/config/properties/telemetry"),
    ("redis", "/definitions/config/properties/redis"),
    ("webhooks", "/definitions/config/properties/webhooks"),
];

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The sections of the table of settings, each with its keys.
fn settings() -> BTreeMap<String, BTreeSet<String>> {
    let mut sections: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in reference::markdown().lines() {
        let Some((path, _)) = line.strip_prefix("| `").and_then(|rest| rest.split_once('`')) else {
            continue;
        };
        if !THE_CHARTS.contains(&path) {
            let (section, key) = path.rsplit_once('.').unwrap();
            sections.entry(section.to_owned()).or_default().insert(key.to_owned());
        }
    }
    sections
}

/// The names of metrics in a text, as they stand there.
fn metrics_in(text: &str) -> BTreeSet<&str> {
    let is_part = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let mut metrics = BTreeSet::new();
    for (at, start) in text.match_indices("tonkho_") {
        let (before, name) = text.split_at(at);
        let end = name.find(|letter| !is_part(letter)).unwrap_or(name.len());
        // A recorded series has a level before its name and what was done after it; the name alone is a prefix.
        let recorded = before.ends_with(':') || name[end..].starts_with(':');
        if !recorded && !before.ends_with(is_part) && start.len() < end {
            metrics.insert(&name[..end]);
        }
    }
    metrics
}

/// The alerts in the rules, each with its lines.
fn alerts(rules: &str) -> Vec<(String, String)> {
    let blocks = rules.split("      - alert: ").skip(1);
    blocks
        .map(|block| {
            let (name, lines) = block.split_once('\n').unwrap();
            (name.to_owned(), lines.to_owned())
        })
        .collect()
}

#[test]
fn the_chart_has_the_version_of_the_program() {
    let chart = read(CHART);
    let version = env!("CARGO_PKG_VERSION");
    for line in [format!("version: {version}"), format!("appVersion: \"{version}\"")] {
        assert!(chart.lines().any(|found| found == line), "{CHART} has no line {line:?}");
    }
}

#[test]
fn the_image_has_the_version_of_the_program() {
    let line = concat!("ARG TONKHO_VERSION=", env!("CARGO_PKG_VERSION"));
    assert!(read("Dockerfile").lines().any(|found| found == line), "Dockerfile has no line {line:?}");
}

#[test]
fn the_chart_takes_every_setting_and_no_other() {
    let (schema, mut settings) = (json(SCHEMA), settings());
    let mut complaints = Vec::new();
    for (section, place) in SECTIONS {
        let properties = schema.pointer(place).and_then(|place| place["properties"].as_object());
        let taken: BTreeSet<String> = properties.into_iter().flat_map(|some| some.keys().cloned()).collect();
        let known = settings.remove(section).unwrap_or_default();
        if taken != known {
            complaints.push(format!("{SCHEMA}, {place}: takes {taken:?}, the settings have {known:?}"));
        }
    }
    complaints.extend(settings.keys().map(|section| format!("{SCHEMA} does not know [{section}]")));
    no_complaints(&complaints);
}

#[test]
fn every_object_of_the_schema_refuses_what_it_does_not_know() {
    fn walk(path: &str, schema: &Value, complaints: &mut Vec<String>) {
        if let Some(object) = schema.as_object() {
            if object.contains_key("properties") && object.contains_key("type") {
                // A variable of a container is Kubernetes' to judge.
                let open = object.get("additionalProperties") != Some(&Value::Bool(false));
                if open && path != "/properties/extraEnv/items" {
                    complaints.push(format!("{SCHEMA}, {path}: takes anything"));
                }
            }
            object.iter().for_each(|(key, value)| walk(&format!("{path}/{key}"), value, complaints));
        }
    }
    let mut complaints = Vec::new();
    walk("", &json(SCHEMA), &mut complaints);
    no_complaints(&complaints);
}

#[test]
fn what_is_watched_is_measured() {
    let code = read("src/metrics.rs");
    let declared = metrics_in(&code);
    assert!(declared.contains("tonkho_build_info"), "{declared:?}");
    let mut complaints = Vec::new();
    for path in [RULES, DASHBOARD, "helm/tonkho/RUNBOOK.md"] {
        let text = read(path);
        let watched = metrics_in(&text);
        assert!(!watched.is_empty(), "{path} watches nothing");
        for metric in watched {
            // A histogram is three series.
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|part| metric.strip_suffix(part));
            if !declared.contains(metric) && !family.is_some_and(|family| declared.contains(family)) {
                complaints.push(format!("{path}: there is no {metric}"));
            }
        }
    }
    no_complaints(&complaints);
}

#[test]
fn every_alert_says_what_it_is_how_bad_and_what_to_do() {
    let (rules, runbook) = (read(RULES), read("helm/tonkho/RUNBOOK.md"));
    let tests = read("tests/deploy/alerts/rules.test.yaml");
    let alerts = alerts(&rules);
    assert!(!alerts.is_empty());
    let mut complaints = Vec::new();
    for (name, lines) in &alerts {
        let severe =
            ["critical", "warning"].iter().any(|severity| lines.contains(&format!("severity: {severity}")));
        let anchor = format!("runbook: helm/tonkho/RUNBOOK.md#{}\n", name.to_lowercase());
        let promised = [
            ("a severity", severe),
            ("a summary", lines.contains("summary: ")),
            ("a description", lines.contains("description: ")),
            ("a runbook line", lines.contains(&anchor)),
            ("a section in the runbook", runbook.contains(&format!("\n## {name}\n"))),
            ("a test that it fires", tests.contains(&format!("- alertname: {name}\n"))),
            ("a test that it does not", tests.contains(&format!("{{alertname: {name}, "))),
        ];
        complaints.extend(
            promised.iter().filter(|(_, kept)| !kept).map(|(what, _)| format!("{name} lacks {what}")),
        );
    }
    no_complaints(&complaints);
}

#[test]
fn every_panel_says_what_it_shows_and_in_what_unit() {
    let dashboard = json(DASHBOARD);
    let panels = dashboard["panels"].as_array().unwrap();
    let mut complaints = Vec::new();
    let mut ids = BTreeSet::new();
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        if !ids.insert(panel["id"].as_u64().unwrap()) {
            complaints.push(format!("{title}: has the id of another"));
        }
        if panel["type"] != "row" {
            let unit = panel["fieldConfig"]["defaults"]["unit"].as_str().unwrap_or_default();
            let description = panel["description"].as_str().unwrap_or_default();
            let targets = panel["targets"].as_array().map_or(0, Vec::len);
            if unit.is_empty() || description.is_empty() || targets == 0 {
                complaints.push(format!("{title}: lacks a unit, a description or a query"));
            }
            if panel["datasource"]["uid"] != "${datasource}" {
                complaints.push(format!("{title}: is bound to one data source"));
            }
        }
    }
    no_complaints(&complaints);
}
