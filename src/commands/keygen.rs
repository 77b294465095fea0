//! `keygen`: a new API key, shown once.

use secrecy::ExposeSecret;
use tonkho::settings::keygen::{generate_key, os_random};

use super::{Failure, say};

pub(crate) fn run(name: &str) -> Result<(), Failure> {
    let made = generate_key(name, os_random).map_err(Failure::failed)?;
    let (key, lines) = (made.key.expose_secret(), &made.lines);
    say(&format!(
        "The key, for its holder; it is shown only here:\n\n{key}\n\n\
         The lines that admit it, for the configuration file:\n\n{lines}"
    ))
}
