//! `[[shops]]`: the shops served, each with its token and with what it has otherwise than the rest.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rust_decimal::Decimal;
use secrecy::SecretString;

use super::environment::Environment;
use super::keys::seen;
use super::kind::{FILE, Kind, LOCATION_IDS, ORG_ID, QUANTITY, Refusal, SECRET, filled, list, string};
use super::reader::Reader;
use super::sections::{CacheSettings, KeyLine, RateSettings, section};
use super::token::{self, TokenError};
use crate::domain::id::host::HostName;
use crate::domain::id::{LocationId, OrgId};

/// A shop, complete: what it does not say itself is what `[rate]` and `[cache]` say.
#[derive(Clone, Debug)]
pub struct ShopSettings {
    /// Its Haravan org id: unique.
    pub org_id: OrgId,
    /// Its name for people.
    pub name: Option<String>,
    /// Its Haravan token: not empty, fit for an HTTP header.
    pub token: SecretString,
    /// Host names that mean it, in order, without repeats; no other shop has them.
    pub hosts: Vec<HostName>,
    /// Its call budget.
    pub rate: RateSettings,
    /// Its cache.
    pub cache: CacheSettings,
    /// The available quantity, zero or more, at or below which stock is low.
    pub low_stock_threshold: Decimal,
    /// Locations that never count as sellable, in order, without repeats.
    pub exclude_locations: Vec<LocationId>,
}

section! {
    /// One of `[[shops]]`, as written.
    pub(crate) struct ShopEntry at "shops[]" {
        /// The shop's Haravan org id; unique. Required.
        org_id: Option<OrgId> = None, "", ORG_ID;
        /// The shop's name, for people.
        name: Option<String> = None, "", string(filled);
        /// Host names that mean the shop on `/com/…` and `/admin/…`, such as `hrv-1000.internal`: without a scheme or a
        /// port. Case does not count. No other shop may have them.
        hosts: Vec<HostName> = Vec::new(), "[]", HOSTS;
        /// The shop's Haravan token. Exactly one of `token`, `token_file` and `token_env` is required.
        token: Option<SecretString> = None, "", SECRET;
        /// The file that holds the token, relative to the working directory; a line break at its end is
        /// dropped.
        token_file: Option<PathBuf> = None, "", FILE;
        /// The environment variable that holds the token.
        token_env: Option<String> = None, "", string(filled).secret();
        /// The available quantity at or below which stock is low; zero or more.
        low_stock_threshold: Decimal = Decimal::from(5_u32), "5", QUANTITY;
        /// Ids of locations that never count as sellable, whatever Haravan says of them.
        exclude_locations: Vec<LocationId> = Vec::new(), "[]", LOCATION_IDS;
    }
}

const HOSTS: Kind<Vec<HostName>> =
    Kind::new("strings", "a list of host names such as [\"hrv-1000.internal\"]", |node| {
        list(node, "a host name such as \"hrv-1000.internal\"", |item| {
            let host = item.text().ok_or(Refusal::Shape)?;
            HostName::parse(&host).map_err(|error| Refusal::Because(error.to_string()))
        })
    });

/// The tables in a shop, for the reference.
pub(crate) const OVERRIDES: &[KeyLine] = &[
    KeyLine {
        section: "shops[]",
        key: "rate",
        kind: "table",
        default: "",
        meaning: "Keys of `[rate]` that differ for the shop, such as `rate = { bucket = 40 }`.",
    },
    KeyLine {
        section: "shops[]",
        key: "cache",
        kind: "table",
        default: "",
        meaning: "Keys of `[cache]` that differ for the shop, such as `cache = { fresh = \"5s\" }`.",
    },
];

/// The keys that say where a shop's token is.
const TOKEN_KEYS: [&str; 3] = ["token", "token_file", "token_env"];

/// Every shop in `root`, over what `[rate]` and `[cache]` say.
pub(crate) fn read(
    root: &mut Reader<'_>,
    rate: RateSettings,
    cache: CacheSettings,
    environment: &Environment,
) -> Vec<ShopSettings> {
    let mut org_ids = BTreeMap::new();
    let mut hosts = BTreeMap::new();
    let shops = root.each("shops", |index, reader| {
        let sources: Vec<&str> = TOKEN_KEYS.into_iter().filter(|key| reader.has(key)).collect();
        let entry = ShopEntry::read(reader, ShopEntry::default());
        let rate = reader.section("rate", |table| RateSettings::checked(table, rate));
        let cache = reader.section("cache", |table| CacheSettings::read(table, cache));
        if entry.org_id.is_none() && reader.sound(&["org_id"]) {
            reader.refuse("org_id", "is missing");
        }
        if let Some(first) = entry.org_id.and_then(|org_id| seen(&mut org_ids, org_id, index)) {
            reader.refuse("org_id", format!("is the org id of shops[{first}] already"));
        }
        for (item, host) in entry.hosts.iter().enumerate() {
            if let Some(first) = seen(&mut hosts, host.clone(), index) {
                reader.refuse("hosts", format!("item {item}: is in shops[{first}].hosts already"));
            }
        }
        let token = match sources.as_slice() {
            [] => {
                reader.refuse_whole("has no token: expected token, token_file or token_env");
                None
            }
            [source] => entry.token(reader, source, environment),
            several => {
                reader.refuse_whole(format!("has more than one token: {}", several.join(", ")));
                None
            }
        };
        entry.complete(token, rate, cache)
    });
    shops.into_iter().flatten().collect()
}

impl ShopEntry {
    fn token(
        &self,
        reader: &mut Reader<'_>,
        source: &str,
        environment: &Environment,
    ) -> Option<SecretString> {
        // At most one is written; one that could not be read has had its mistake recorded.
        let written = self.token.as_ref().map(token::written);
        let in_file = || self.token_file.as_deref().map(token::in_file);
        let in_variable = || self.token_env.as_deref().map(|name| token::in_variable(name, environment));
        let found: Result<SecretString, TokenError> = written.or_else(in_file).or_else(in_variable)?;
        found.map_err(|error| reader.refuse(source, error.to_string())).ok()
    }

    fn complete(
        self,
        token: Option<SecretString>,
        rate: RateSettings,
        cache: CacheSettings,
    ) -> Option<ShopSettings> {
        let mut exclude_locations = self.exclude_locations;
        exclude_locations.sort_unstable();
        exclude_locations.dedup();
        let mut hosts = self.hosts;
        hosts.sort_unstable();
        hosts.dedup();
        Some(ShopSettings {
            org_id: self.org_id?,
            name: self.name,
            token: token?,
            hosts,
            rate,
            cache,
            low_stock_threshold: self.low_stock_threshold,
            exclude_locations,
        })
    }
}
