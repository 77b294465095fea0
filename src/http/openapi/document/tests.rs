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
    assert_eq!(ids.len(), 34);
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
            if status.as_str() < "400" || status == "default" || name == "get /health/ready" {
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
    assert_eq!(schemes["haravanToken"]["name"], "X-Haravan-Access-Token");
    assert_eq!(
        document["security"],
        serde_json::json!([{"bearer": []}, {"apiKey": []}, {"haravanToken": []}])
    );
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

/// What makes a schema one that generated code has to name: an object, an enumeration, a choice.
const NEEDS_A_NAME: [&str; 4] = ["properties", "enum", "oneOf", "anyOf"];

/// Schemas below a value that need a name and have none.
fn anonymous(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(name, _)| !name.starts_with("example")) {
                let path = format!("{path}/{name}");
                // A member that may be null is a choice between its schema, which has a name, and null.
                let nullable =
                    name == "oneOf" && member[0].get("$ref").is_some() && member[1]["type"] == "null";
                if NEEDS_A_NAME.contains(&name.as_str())
                    && !nullable
                    && !path.contains("/properties/properties")
                {
                    found.push(path.clone());
                }
                anonymous(member, &path, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| anonymous(item, path, found)),
        _ => {}
    }
}

#[test]
fn every_schema_that_generated_code_has_to_name_has_a_name() {
    let document = document();
    let mut found = Vec::new();
    anonymous(&document["paths"], "", &mut found);
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let own = schema.as_object().unwrap();
        // An object that has all members of another stands beside it in `allOf`, which every generator merges.
        let merged = own.get("allOf").and_then(Value::as_array).into_iter().flatten();
        let properties = merged.chain([schema]).filter_map(|part| part.get("properties")?.as_object());
        for (property, schema) in properties.flatten() {
            anonymous(schema, &format!("{name}.{property}"), &mut found);
        }
        let choices =
            ["oneOf", "anyOf"].into_iter().filter_map(|choice| own.get(choice)?.as_array()).flatten();
        choices.for_each(|choice| anonymous(choice, name, &mut found));
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_document_says_what_it_is() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "tonkho");
    assert_eq!(document["info"]["license"]["identifier"], "MIT OR Apache-2.0");
    assert_eq!(document["servers"][0]["url"], ".");
    assert!(to_yaml().unwrap().contains("openapi: 3.1.0"));
}

#[test]
fn only_what_has_a_body_can_have_a_wrong_one() {
    for (name, operation) in operations() {
        let (has_body, is_passed) = (operation.contains_key("requestBody"), name.ends_with("/com/{path}"));
        for (status, expected) in [("413", has_body), ("415", has_body && !is_passed)] {
            assert_eq!(operation["responses"].get(status).is_some(), expected, "{name} {status}");
        }
    }
}

#[test]
fn a_view_takes_no_member_that_is_not_in_the_document_and_the_compatible_route_does() {
    let document = document();
    let mut views = 0;
    for (name, operation) in operations().into_iter().filter(|(name, _)| name.starts_with("post")) {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let schema = &document.pointer(schema.as_str().unwrap().trim_start_matches('#')).unwrap();
        if operation["tags"][0] == "Views" {
            assert_eq!(schema["additionalProperties"], false, "{name}");
            assert!(schema["properties"].get("format").is_some(), "{name}");
            views += 1;
        } else {
            assert_ne!(schema["additionalProperties"], false, "{name}");
        }
    }
    assert_eq!(views, 7);
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
