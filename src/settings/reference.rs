//! The table of every key for the manual, made from the declarations that the settings are read by.

use std::fmt::Write;

use super::keys::KeyEntry;
use super::sections::{
    AuthSettings, CacheSettings, HaravanSettings, KeyLine, LimitSettings, PassthroughSettings, RateSettings,
    ServerSettings, TelemetrySettings,
};
use super::shops::{OVERRIDES, ShopEntry};

/// Every section's keys, in the order of the manual.
const SECTIONS: [&[KeyLine]; 11] = [
    ServerSettings::KEYS,
    HaravanSettings::KEYS,
    RateSettings::KEYS,
    CacheSettings::KEYS,
    LimitSettings::KEYS,
    AuthSettings::KEYS,
    KeyEntry::KEYS,
    ShopEntry::KEYS,
    OVERRIDES,
    PassthroughSettings::KEYS,
    TelemetrySettings::KEYS,
];

/// A Markdown table with a line for every key: path, type, default, meaning. Ends in a line break.
pub fn markdown() -> String {
    let mut table = "| key | type | default | meaning |\n|---|---|---|---|\n".to_owned();
    for line in SECTIONS.into_iter().flatten() {
        let KeyLine { section, key, kind, default, meaning } = line;
        let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
        // Writing to a string cannot fail.
        let _infallible = writeln!(table, "| `{section}.{key}` | {kind} | {default} | {} |", meaning.trim());
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::super::environment::Environment;
    use super::{KeyLine, SECTIONS, markdown};

    fn lines() -> impl Iterator<Item = &'static KeyLine> {
        SECTIONS.into_iter().flatten()
    }

    /// The keys of a struct, from its `Debug`.
    fn fields(debug: &str) -> Vec<String> {
        let deep = debug.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     "));
        deep.filter_map(|line| line.trim().split_once(':')).map(|(field, _)| field.to_owned()).collect()
    }

    #[track_caller]
    fn check_fields(section: &str, debug: &str) {
        let listed: Vec<&str> = lines().filter(|line| line.section == section).map(|line| line.key).collect();
        let missing: Vec<_> = fields(debug).into_iter().filter(|field| !listed.contains(&&**field)).collect();
        assert_eq!(missing, Vec::<String>::new(), "fields of {section} that the reference leaves out");
    }

    #[test]
    fn each_default_that_is_listed_is_the_default() {
        for line in lines().filter(|line| !line.section.contains('[') && !line.default.is_empty()) {
            let text = format!("[{}]\n{} = {}\n", line.section, line.key, line.default);
            let settings = Settings::from_toml(&text, &Environment::default()).unwrap();
            assert_eq!(format!("{settings:?}"), format!("{:?}", Settings::default()), "{text}");
        }
    }

    #[test]
    fn each_default_of_a_shop_that_is_listed_is_the_default() {
        let shop = |more: &str| {
            let text = format!("[[shops]]\norg_id = 1000\ntoken = \"t\"\n{more}\n");
            Settings::from_toml(&text, &Environment::default()).unwrap()
        };
        for line in lines().filter(|line| line.section == "shops[]" && !line.default.is_empty()) {
            let written = shop(&format!("{} = {}", line.key, line.default));
            assert_eq!(format!("{written:?}"), format!("{:?}", shop("")), "{}", line.key);
        }
    }

    #[test]
    fn every_field_is_listed() {
        let text = "[[shops]]\norg_id = 1\ntoken = \"t\"\n[[keys]]\nname = \"erp\"\nshops = [1]\nscopes = [\"read\"]\n";
        let text = format!("{text}sha256 = \"{}\"\n", "0".repeat(64));
        let Settings { server, haravan, rate, cache, limits, auth, keys, shops, passthrough, telemetry } =
            Settings::from_toml(&text, &Environment::default()).unwrap();
        check_fields("server", &format!("{server:#?}"));
        check_fields("haravan", &format!("{haravan:#?}"));
        check_fields("rate", &format!("{rate:#?}"));
        check_fields("cache", &format!("{cache:#?}"));
        check_fields("limits", &format!("{limits:#?}"));
        check_fields("auth", &format!("{auth:#?}"));
        check_fields("keys[]", &format!("{:#?}", keys[0]));
        check_fields("shops[]", &format!("{:#?}", shops[0]));
        check_fields("passthrough", &format!("{passthrough:#?}"));
        check_fields("telemetry", &format!("{telemetry:#?}"));
    }

    #[test]
    fn the_table_has_a_line_for_every_key() {
        let table = markdown();
        assert_eq!(table.lines().count(), lines().count() + 2);
        assert!(table.contains("| `cache.fresh` | duration | `\"15s\"` | The age up to which"), "{table}");
        assert!(table.lines().all(|line| line.matches('|').count() == 5), "{table}");
    }
}
