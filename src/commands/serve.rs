//! `serve`: the gateway.

use std::path::Path;

use tokio::time::Instant;
use tonkho::app::App;
use tonkho::settings::Settings;
use tonkho::settings::environment::Environment;
use tonkho::telemetry;

use super::{Failure, signals};

pub(crate) async fn run(config: Option<&Path>) -> Result<(), Failure> {
    let settings = Settings::load(config, &Environment::of_the_process()).map_err(Failure::usage)?;
    let telemetry = telemetry::start(&settings.telemetry).map_err(Failure::usage)?;
    warn_of_what_is_allowed_but_odd(&settings);
    let stop = signals::shutdown_signal()?;
    let grace = settings.server.shutdown_grace;
    let app = App::build(settings).map_err(Failure::failed)?;
    // The last traces go out in what requests leave of the grace; all of it, if serving ends by itself.
    let mut told = None;
    let ended = app
        .run_until(async {
            stop.await;
            told = Some(Instant::now());
        })
        .await;
    telemetry.stop(told.unwrap_or_else(Instant::now) + grace).await;
    ended.map_err(Failure::failed)
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
