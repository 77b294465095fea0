//! The names of parameters.

/// The locations asked for.
pub(crate) const LOCATION_IDS: &str = "location_ids";
/// The variants asked for.
pub(crate) const VARIANT_IDS: &str = "variant_ids";
/// The same, as Haravan's documentation misspells it.
pub(crate) const VATIANT_IDS: &str = "vatiant_ids";

/// The lines of an order.
pub(crate) const LINES: &str = "lines";
/// The locations to use first.
pub(crate) const PREFER: &str = "prefer";

/// The names of id lists: repeated ones are joined.
pub(super) const LISTS: [&str; 4] = [LOCATION_IDS, VARIANT_IDS, VATIANT_IDS, PREFER];

/// How much of a value an error quotes, in characters.
pub(super) const MAX_QUOTED: usize = 40;
