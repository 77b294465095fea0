//! The committed OpenAPI document is the one that the code makes.

use tonkho::http::openapi::document;

use crate::source::read;

#[track_caller]
fn check(path: &str, generated: &str) {
    let committed = read(path);
    if committed == generated {
        return;
    }
    let differs = committed.lines().zip(generated.lines()).position(|(old, new)| old != new);
    let at = differs.unwrap_or_else(|| committed.lines().count().min(generated.lines().count())) + 1;
    let line = |text: &str| text.lines().nth(at - 1).unwrap_or("(its end)").to_owned();
    panic!(
        "{path}:{at} is not what the code makes: run `make generate` and commit it\ncommitted: {}\ngenerated: {}",
        line(&committed),
        line(generated)
    );
}

#[test]
fn the_committed_json_is_current() {
    check("openapi/tonkho.json", &document::to_json_pretty().unwrap());
}

#[test]
fn the_committed_yaml_is_current() {
    check("openapi/tonkho.yaml", &document::to_yaml().unwrap());
}
