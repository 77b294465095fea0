//! There is one door for invalidation, and no way past it.

use crate::source::{no_complaints, rust};

/// What only one file may do, outside tests: the call, and the file.
const DOORS: [(&str, &str); 3] = [
    ("cache.purge(", "src/loader/invalidation.rs"),
    ("state.invalidate(", "src/loader/invalidation.rs"),
    ("loader.invalidate(", "src/stock/shop.rs"),
];

#[test]
fn what_is_known_is_invalidated_through_one_door() {
    let mut complaints = Vec::new();
    for source in rust().iter().filter(|source| !source.is_test()) {
        for (number, line) in source.code() {
            for (call, door) in DOORS {
                if line.contains(call) && source.path != door {
                    complaints.push(format!("{}:{number}: only {door} may call {call}…)", source.path));
                }
            }
        }
    }
    no_complaints(&complaints);
}

#[test]
fn the_doors_are_where_they_are_said_to_be() {
    let sources = rust();
    for (call, door) in DOORS {
        let source = sources.iter().find(|source| source.path == door);
        assert!(source.is_some_and(|source| source.code().any(|(_, line)| line.contains(call))), "{call}");
    }
}
