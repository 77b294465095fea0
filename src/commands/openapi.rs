//! `openapi`: the interface, as a document made from the code.

use tonkho::http::openapi;

use super::{Failure, say};

pub(crate) fn run(yaml: bool) -> Result<(), Failure> {
    let document = if yaml { openapi::to_yaml() } else { openapi::to_json_pretty() };
    say(&document.map_err(Failure::failed)?)
}
