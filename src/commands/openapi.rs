//! `openapi`: the interface, as a document made from the code.

use tonkho::http::openapi::document;

use super::{Failure, say};

pub(crate) fn run(yaml: bool) -> Result<(), Failure> {
    let document = if yaml { document::to_yaml() } else { document::to_json_pretty() };
    say(&document.map_err(Failure::failed)?)
}
