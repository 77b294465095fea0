//! Gets cells from Haravan: one loader for each shop, between the callers and the governor.
//!
//! Callers put the cells they lack into the queue and wait. A cell that is pending or in flight is joined, never asked
//! for twice. The loader owns the flights: a caller that hangs up takes nothing with it but its own wants. A tile is
//! chosen only when the governor gives a permit, so the longer the queue, the fuller the calls.

mod flight;
mod handle;
mod invalidation;
mod lack;
mod learnt;
mod shared;
mod state;
mod waiter;
mod window;

pub use handle::{Forecast, Load, Loaded, Loader, WindowLoad, WindowLoaded};
pub use lack::{Lack, Looked, Overloaded, Reuse};
pub use learnt::SavedLearnt;
pub use shared::LoaderParts;
pub use window::{Window, WindowEnd};

#[cfg(test)]
mod tests;
