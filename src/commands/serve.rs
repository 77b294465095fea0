//! `serve`: the gateway.

use std::path::Path;

use tonkho::app::App;
use tonkho::settings::Settings;
use tonkho::settings::environment::Environment;
use tonkho::telemetry;

use super::{Failure, signals};

pub(crate) async fn run(config: Option<&Path>) -> Result<(), Failure> {
    let settings = Settings::load(config, &Environment::of_the_process()).map_err(Failure::usage)?;
    telemetry::start(&settings.telemetry).map_err(Failure::usage)?;
    warn_of_what_is_allowed_but_odd(&settings);
    let stop = signals::told_to_stop()?;
    let app = App::build(settings).map_err(Failure::failed)?;
    app.run_until(stop).await.map_err(Failure::failed)
}

fn warn_of_what_is_allowed_but_odd(settings: &Settings) {
    if settings.shops.is_empty() {
        tracing::warn!("no shops are configured: every question about stock will be refused");
    }
    if settings.auth.disabled {
        tracing::warn!("auth.disabled: every program on this machine may read every shop");
    } else if settings.keys.is_empty() {
        tracing::warn!(
            "no keys are configured: every caller will be refused; `tonkho keygen NAME` makes one"
        );
    }
}
