//! `sandbox`: the Haravan look-alike alone.

use std::fmt::Write;
use std::net::SocketAddr;

use tonkho::sandbox::settings::SandboxSettings;
use tonkho::sandbox::{Sandbox, SandboxError};

use super::{Failure, say, signals};

pub(crate) async fn run(listen: SocketAddr) -> Result<(), Failure> {
    let stop = signals::shutdown_signal()?;
    let settings = SandboxSettings { listen, ..SandboxSettings::default() };
    let tokens: Vec<_> = settings.shops.iter().map(|shop| (shop.org_id, shop.token.clone())).collect();
    let sandbox = start(settings)?;
    let url = sandbox.base_url();
    let mut text = format!("Haravan sandbox:  {url}\nits controls:     {url}/_sandbox/shops\n");
    for (org_id, token) in &tokens {
        // Writing to a string cannot fail.
        let _infallible = writeln!(text, "token of shop {org_id}: {token}");
    }
    if let Some((_, token)) = tokens.first() {
        let path = "com/inventory_locations.json?location_ids=963414,1007284&variant_ids=1061514767";
        let _infallible = writeln!(text, "\ncurl -s -H 'Authorization: Bearer {token}' '{url}/{path}'");
    }
    say(&text)?;
    stop.await;
    sandbox.stop().await;
    Ok(())
}

/// Starts it, or says why not, in one line.
pub(super) fn start(settings: SandboxSettings) -> Result<Sandbox, Failure> {
    Sandbox::start(settings).map_err(|error| match &error {
        SandboxError::Bind { source, .. } => Failure::failed(format!("{error}: {source}")),
        SandboxError::Row { source, .. } => Failure::failed(format!("{error}: {source}")),
        SandboxError::Ambiguous { .. } | SandboxError::NoRuntime => Failure::failed(error),
    })
}
