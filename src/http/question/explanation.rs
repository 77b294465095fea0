//! The body of an answer to `explain`: what a question would take.

use serde::Serialize;
use utoipa::ToSchema;

use crate::stock::Explanation;

/// What a question would take.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(crate) struct ExplanationBody {
    /// The cells asked for.
    cells: ExplainedCells,
    /// The calls' tiles, in the order they would be asked.
    tiles: Vec<ExplainedTile>,
    /// How many calls to Haravan it would take.
    #[schema(example = 1)]
    calls: usize,
    /// How long the bucket and the queue would make it wait now, in seconds.
    #[schema(example = 0.0)]
    wait_seconds: f64,
}

/// The cells asked for, by what is cached of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ExplainedCells {
    /// All of them.
    #[schema(example = 4)]
    asked: usize,
    /// Those that would be served fresh.
    #[schema(example = 0)]
    fresh: usize,
    /// Those that would be served stale.
    #[schema(example = 0)]
    stale: usize,
    /// Those that are not cached, or too old.
    #[schema(example = 4)]
    absent: usize,
}

/// A tile: the variants and locations that one call asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ExplainedTile {
    /// How many variants.
    #[schema(example = 2)]
    variants: usize,
    /// How many locations.
    #[schema(example = 2)]
    locations: usize,
}

impl From<Explanation> for ExplanationBody {
    fn from(explanation: Explanation) -> Self {
        let Explanation { asked, fresh, stale, absent, tiles, calls, wait } = explanation;
        let tile = |(variants, locations)| ExplainedTile { variants, locations };
        Self {
            cells: ExplainedCells { asked, fresh, stale, absent },
            tiles: tiles.into_iter().map(tile).collect(),
            calls,
            wait_seconds: wait.as_secs_f64(),
        }
    }
}
