//! What the document promises of itself.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{to_json_pretty, to_yaml};

fn document() -> Value {
    serde_json::from_str(&to_json_pretty().unwrap()).unwrap()
}

/// Every operation: its name, and itself.
fn operations() -> Vec<(String, Map<String, Value>)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap().clone();
    let methods = paths.into_iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().clone();
        methods.into_iter().map(move |(method, operation)| {
            (format!("{method} {path}"), operation.as_object().unwrap().clone())
        })
    });
    methods.collect()
}

/// Every `$ref` in a value.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_operation_is_named_told_and_tagged() {
    let mut ids = BTreeSet::new();
    for (name, operation) in operations() {
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{name}");
        for member in ["summary", "description"] {
            assert!(
                operation.get(member).is_some_and(|text| !text.as_str().unwrap().is_empty()),
                "{name}: {member}"
            );
        }
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{name}");
    }
    assert_eq!(ids.len(), 28);
}

#[test]
fn every_parameter_is_described_and_has_an_example() {
    for (name, operation) in operations() {
        let none = Vec::new();
        for parameter in operation.get("parameters").map_or(&none, |list| list.as_array().unwrap()) {
            let called = &parameter["name"];
            assert!(
                parameter["description"].as_str().is_some_and(|text| !text.is_empty()),
                "{name}: {called}"
            );
            let example = parameter.get("example").or_else(|| parameter["schema"].get("example"));
            assert!(example.is_some(), "{name}: {called}");
        }
    }
}

#[test]
fn every_error_is_a_problem_with_its_own_example() {
    for (name, operation) in operations() {
        for (status, answer) in operation["responses"].as_object().unwrap() {
            if status.as_str() < "400" || name == "get /health/ready" {
                continue;
            }
            let content = &answer["content"]["application/problem+json"];
            assert_eq!(content["schema"]["$ref"], "#/components/schemas/Problem", "{name} {status}");
            for example in content["examples"].as_object().unwrap().values() {
                assert_eq!(example["value"]["status"].to_string(), *status, "{name}");
            }
        }
    }
}

#[test]
fn every_key_may_be_sent_in_either_way() {
    let document = document();
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes["bearer"]["scheme"], "bearer");
    assert_eq!(schemes["apiKey"]["name"], "X-API-Key");
    assert_eq!(document["security"], serde_json::json!([{"bearer": []}, {"apiKey": []}]));
    for (name, operation) in operations() {
        let open = ["/health", "/metrics", "/openapi"].iter().any(|path| name.contains(path));
        assert_eq!(operation.get("security").is_some(), open, "{name}");
    }
}

#[test]
fn every_schema_referred_to_is_there_and_every_one_there_is_referred_to() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    let schemas = document["components"]["schemas"].as_object().unwrap().keys();
    let there: BTreeSet<String> = schemas.map(|name| format!("#/components/schemas/{name}")).collect();
    assert_eq!(found, there);
}

#[test]
fn the_document_says_what_it_is() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "tonkho");
    assert_eq!(document["info"]["license"]["identifier"], "MIT OR Apache-2.0");
    assert_eq!(document["servers"][0]["url"], "/");
    assert!(to_yaml().unwrap().contains("openapi: 3.1.0"));
}

#[test]
fn only_what_has_a_body_can_have_a_wrong_one() {
    for (name, operation) in operations() {
        for status in ["413", "415"] {
            assert_eq!(
                operation["responses"].get(status).is_some(),
                name.starts_with("post"),
                "{name} {status}"
            );
        }
    }
}

#[test]
fn a_header_is_a_string_or_left_out() {
    for (name, operation) in operations() {
        let parameters = operation.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
        for parameter in parameters.iter().filter(|parameter| parameter["in"] == "header") {
            assert_eq!(parameter["schema"]["type"], "string", "{name}: {}", parameter["name"]);
        }
    }
}
