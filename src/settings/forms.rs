//! Other forms of what is written, brought into the one form that is read.
//!
//! A shop may name the keys of `[rate]` and `[cache]` in itself as well as in tables of its own. Keys of the
//! contract whose parts are not built yet are let pass where they ask for nothing, and refused where they ask.

use super::mistakes::Mistakes;
use super::sections::{CacheSettings, KeyLine, RateSettings};
use super::tree::{Node, Table};

/// Keys that are known to come: section, key, and what may be written today.
const PLANNED: &[(&str, &str, Today)] = &[
    // Every refresh is a full one.
    ("cache", "full_refresh", Today::Anything),
    ("cache", "snapshot", Today::Empty),
    // Webhooks are not received yet; their secrets may be in place before they are.
    ("haravan", "client_secret", Today::Anything),
    ("haravan", "client_secret_env", Today::Anything),
    ("haravan", "client_secret_file", Today::Anything),
    ("haravan", "verify_token", Today::Anything),
    ("haravan", "verify_token_env", Today::Anything),
    ("haravan", "verify_token_file", Today::Anything),
    ("redis", "url", Today::Empty),
];

/// What a planned key may say today.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Today {
    Anything,
    Empty,
}

/// Brings the tables into the form that is read.
pub(crate) fn settle(root: &mut Table, mistakes: &mut Mistakes) {
    for (section, key, today) in PLANNED {
        let Some(Node::Table(table)) = root.get_mut(*section) else { continue };
        let Some(node) = table.remove(*key) else { continue };
        let is_empty = node.text().is_some_and(|text| text.is_empty());
        if *today == Today::Empty && !is_empty {
            mistakes.record(format!("{section}.{key}"), "this version cannot do that yet");
        }
    }
    if root.get("redis").is_some_and(|node| matches!(node, Node::Table(table) if table.is_empty())) {
        root.remove("redis");
    }
    let Some(Node::Array(shops)) = root.get_mut("shops") else { return };
    for (at, shop) in shops.iter_mut().enumerate() {
        let Node::Table(shop) = shop else { continue };
        gather(shop, "rate", RateSettings::KEYS);
        gather(shop, "cache", CacheSettings::KEYS);
        if let Some(mirror) = shop.remove("mirror")
            && mirror.scalar() != Some(toml::Value::Boolean(false))
        {
            mistakes.record(
                format!("shops[{at}].mirror"),
                "this version cannot mirror a shop yet: leave it false",
            );
        }
    }
}

/// Moves a section's keys that stand in a shop into the shop's table for them; what that holds already stays.
fn gather(shop: &mut Table, section: &str, lines: &[KeyLine]) {
    let mut found = Vec::new();
    for line in lines {
        if let Some(node) = shop.remove(line.key) {
            found.push((line.key, node));
        }
    }
    if found.is_empty() {
        return;
    }
    let table = shop.entry(section.to_owned()).or_insert_with(|| Node::Table(Table::new()));
    if let Node::Table(table) = table {
        for (key, node) in found {
            table.entry(key.to_owned()).or_insert(node);
        }
    }
}
