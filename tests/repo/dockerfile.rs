//! The Dockerfile builds the dependencies under stand-ins for the targets that the manifest names.

use crate::source::read;

#[test]
fn every_target_of_the_manifest_names_its_file_as_the_dockerfile_looks_for_it() {
    let manifest = read("Cargo.toml");
    let sections = manifest.split("\n[").filter(|section| {
        ["lib]", "[bin]]", "[test]]", "[bench]]", "[example]]"].iter().any(|head| section.starts_with(head))
    });
    let mut targets = 0;
    for section in sections {
        let is_path = |line: &str| line.starts_with("path = \"") && line.ends_with(".rs\"");
        assert!(section.lines().any(is_path), "this target has no path of its own: {section}");
        targets += 1;
    }
    assert!(4 < targets, "only {targets} targets were found");
    assert!(read("Dockerfile").contains(r#"while IFS='"' read -r key file _"#));
}
