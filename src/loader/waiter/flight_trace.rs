//! The start of a flight in the traces of those who wait for it.

use std::sync::Arc;

use tracing::Span;

use super::Waiter;
use crate::plan::pending::Chosen;
use crate::trace;

/// Shows a tile's start in the traces of all who wait for it. Returns the tile's own span: it is in the trace of the
/// oldest wait, and the others join it.
pub(in crate::loader) fn trace_start(flight: u64, chosen: &Chosen<Arc<Waiter>>) -> Span {
    if !trace::is_enabled() {
        return Span::none();
    }
    let mut taken = Vec::new();
    for want in chosen.wants.iter().flat_map(|(_, wants)| wants) {
        if let Some(shown) = want.waiter.trace()
            && shown.tile_takes(want.locations.len())
        {
            taken.push(shown);
        }
    }
    taken.sort_by_key(|shown| shown.begun());
    let mut span = Span::none();
    let (variants, locations) = (chosen.tile.variants.len(), chosen.tile.locations.len());
    for shown in taken {
        let cells = shown.tile_starts();
        if span.is_none() {
            span = shown.tile(chosen.priority.as_str(), variants, locations);
        } else {
            shown.joins(flight, Some(&span), cells);
        }
    }
    span
}
