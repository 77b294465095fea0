//! The gateway's settings: plain typed values, read once from a TOML file and from `TONKHO__…` variables.
//!
//! Every mistake is reported together, each at its key's path. Nothing is built here: no client, no socket,
//! no task. The modules in reading order: [`sections`], [`keys`] and [`shops`] say what can be set; `file`,
//! [`environment`] and `tree` say where it comes from; `reader` and `kind` turn the one into the other;
//! [`mistakes`] is what comes out when that fails. [`keygen`] makes a new key, [`reference`](mod@reference)
//! the table for the manual.

pub mod base_url;
pub mod collector_url;
pub mod digest;
pub mod environment;
mod file;
mod forms;
pub mod keygen;
pub mod keys;
mod kind;
pub mod mistakes;
pub mod proxy;
mod reader;
pub mod reference;
pub mod sections;
pub mod shops;
#[cfg(test)]
mod tests;
mod token;
mod tree;

use std::net::SocketAddr;
use std::path::Path;

use environment::Environment;
use keys::KeySettings;
use mistakes::{Mistakes, SettingsError};
use reader::Reader;
use sections::{
    AuthSettings, CacheSettings, HaravanSettings, LimitSettings, PassthroughSettings, RateSettings,
    ServerSettings, TelemetrySettings,
};
use shops::ShopSettings;
use tree::Table;

/// The file read when none is named and it exists, relative to the working directory.
pub const DEFAULT_FILE: &str = "tonkho.toml";

/// Everything that can be set. Its `Default` is a gateway without shops and without keys.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `[server]`: the listeners and the process.
    pub server: ServerSettings,
    /// `[haravan]`: where Haravan is and how long to wait for it.
    pub haravan: HaravanSettings,
    /// `[rate]`: the call budget of every shop that does not say otherwise; [`ShopSettings::rate`] is what
    /// holds.
    pub rate: RateSettings,
    /// `[cache]`: the cache of every shop that does not say otherwise; [`ShopSettings::cache`] is what holds.
    pub cache: CacheSettings,
    /// `[limits]`: what one request, and all requests together, may ask for.
    pub limits: LimitSettings,
    /// `[auth]`: whether callers need a key.
    pub auth: AuthSettings,
    /// `[[keys]]`: the keys that are admitted, in the order written. Names and digests are unique.
    pub keys: Vec<KeySettings>,
    /// `[[shops]]`: the shops served, in the order written. Org ids are unique.
    pub shops: Vec<ShopSettings>,
    /// `[passthrough]`: the paths of Haravan's that are forwarded.
    pub passthrough: PassthroughSettings,
    /// `[telemetry]`: what is logged and traced, and how.
    pub telemetry: TelemetrySettings,
}

impl Settings {
    /// Reads `config` (or, without one, [`DEFAULT_FILE`] if there is one), then the variables of
    /// `environment` over it.
    ///
    /// # Errors
    /// Lists every mistake found, each with the path of its key. A file that cannot be read, or that is not
    /// TOML, is reported alone: what it leaves out would only be guessed at.
    pub fn load(config: Option<&Path>, environment: &Environment) -> Result<Self, SettingsError> {
        let written = match config {
            Some(named) => file::read(named),
            None => file::read_if_there_is_one(Path::new(DEFAULT_FILE)),
        };
        Self::from_tables(written.map_err(SettingsError::from)?, environment)
    }

    /// Reads `text` as [`Settings::load`] reads a file.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn from_toml(text: &str, environment: &Environment) -> Result<Self, SettingsError> {
        let written = file::parse(Path::new(DEFAULT_FILE), text).map_err(SettingsError::from)?;
        Self::from_tables(written, environment)
    }

    /// Where a gateway with these settings listens, by [`DEFAULT_FILE`] if there is one and by the variables of
    /// `environment`.
    ///
    /// For those who ask such a gateway something: it has read the rest, so a mistake made since, here or
    /// elsewhere, is no reason to ask in the wrong place. What cannot be read counts as not written.
    #[must_use]
    pub fn listen_address(environment: &Environment) -> SocketAddr {
        let written = file::read_if_there_is_one(Path::new(DEFAULT_FILE)).unwrap_or_default();
        Self::listen_address_of(written, environment)
    }

    fn listen_address_of(written: Table, environment: &Environment) -> SocketAddr {
        let mut unheard = Mistakes::default();
        let merged = tree::overlay(written, environment, &mut unheard);
        let unset = ServerSettings::default();
        Reader::root(merged, &mut unheard)
            .section("server", |section| ServerSettings::read(section, unset))
            .listen
    }

    fn from_tables(written: Table, environment: &Environment) -> Result<Self, SettingsError> {
        let mut mistakes = Mistakes::default();
        let mut merged = tree::overlay(written, environment, &mut mistakes);
        forms::settle(&mut merged, &mut mistakes);
        let mut root = Reader::root(merged, &mut mistakes);
        let settings = Self::read(&mut root, environment);
        root.finish();
        mistakes.into_result(settings)
    }

    fn read(root: &mut Reader<'_>, environment: &Environment) -> Self {
        let server =
            root.section("server", |section| ServerSettings::read(section, ServerSettings::default()));
        let haravan = root.section("haravan", HaravanSettings::checked);
        let rate = root.section("rate", |section| RateSettings::checked(section, RateSettings::default()));
        let cache = root.section("cache", |section| CacheSettings::read(section, CacheSettings::default()));
        let limits = root.section("limits", LimitSettings::checked);
        let auth = root.section("auth", |section| AuthSettings::checked(section, &server));
        let keys = keys::read(root);
        let shops = shops::read(root, rate, cache, environment);
        let passthrough = root.section("passthrough", |section| {
            PassthroughSettings::read(section, PassthroughSettings::default())
        });
        let telemetry = root
            .section("telemetry", |section| TelemetrySettings::read(section, TelemetrySettings::default()));
        Self { server, haravan, rate, cache, limits, auth, keys, shops, passthrough, telemetry }
    }
}
