//! `check-config`: whether `serve` would take the configuration.

use std::path::Path;

use tonkho::settings::Settings;
use tonkho::settings::environment::Environment;

use super::{Failure, counted, say};

pub(crate) fn run(config: Option<&Path>) -> Result<(), Failure> {
    let settings = Settings::load(config, &Environment::of_the_process()).map_err(Failure::failed)?;
    let (shops, keys) = (counted(settings.shops.len(), "shop"), counted(settings.keys.len(), "key"));
    say(&format!("configuration is valid: {shops}, {keys}\n"))
}
