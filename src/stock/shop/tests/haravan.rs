//! A Haravan in memory that remembers everything it ever was.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use parking_lot::Mutex;

use crate::clock::Clock;
use crate::domain::cell::CellId;
use crate::domain::id::{LocationId, ProductId, RowId, VariantId};
use crate::domain::row::Row;
use crate::domain::row_quantity::RowQuantity;
use crate::domain::timestamp::Timestamp;
use crate::haravan::{
    CallError, CallFuture, Connection, InventoryCall, InventoryPage, InventorySource, Reply, RowError,
    UnreadableRow,
};

pub(super) const VARIANTS: u64 = 8;
pub(super) const LOCATIONS: u64 = 3;

/// How far the replica lags, in milliseconds.
pub(super) const LAG: u64 = 8_000;

/// What may go wrong in a world, beside rows that change.
#[derive(Debug, Clone, Copy)]
pub(super) struct World {
    /// Every other call is answered by a replica that is eight seconds behind.
    pub(super) lags: bool,
    /// Rows are restored with older times, or have times far ahead.
    pub(super) goes_back: bool,
    /// Calls fail, hang and are throttled.
    pub(super) fails: bool,
    /// Some rows cannot be read.
    pub(super) garbles: bool,
    /// Somebody purges again and again, and many questions do not wait for long.
    pub(super) is_purged: bool,
}

impl World {
    /// The world of a seed: each kind comes round.
    pub(super) fn of(seed: u64) -> Self {
        let kind = seed % 6;
        Self {
            lags: kind == 1 || kind == 2,
            goes_back: kind == 3,
            fails: kind == 2 || kind == 4,
            garbles: kind == 5,
            is_purged: kind == 0,
        }
    }

    /// Whether a question can only go unanswered because its wait ended.
    pub(super) fn is_calm(self) -> bool {
        !self.fails && !self.garbles
    }
}

/// What a cell was from a moment on: its row, which has a quantity that no other ever has.
#[derive(Debug, Clone)]
struct Version {
    from: u64,
    row: Option<Row>,
}

#[derive(Debug)]
pub(super) struct Haravan {
    pub(super) world: World,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    random: Rng,
    cells: BTreeMap<CellId, Vec<Version>>,
    /// The last id, quantity and `updated_at` that were given.
    last: (u64, i64, i64),
}

impl Haravan {
    pub(super) fn new(world: World, seed: u64, clock: Clock) -> Self {
        let state = State { random: Rng::with_seed(seed), cells: BTreeMap::new(), last: (0, 0, 0) };
        let haravan = Self { world, clock, state: Mutex::new(state) };
        for variant in 1..=VARIANTS {
            for location in 1..=LOCATIONS {
                let id = cell(variant, location);
                haravan.state.lock().cells.insert(id, vec![Version { from: 0, row: None }]);
                if !(variant + location).is_multiple_of(4) {
                    haravan.change(id, None);
                }
            }
        }
        haravan
    }

    /// Gives a cell a new quantity, and a row if it has none. `ahead` says how far its time is from now in seconds.
    pub(super) fn change(&self, id: CellId, ahead: Option<i64>) {
        let now = self.clock.now();
        let state = &mut *self.state.lock();
        let versions = state.cells.get_mut(&id).unwrap();
        let row_id = versions.last().and_then(|version| version.row.as_ref()).map_or_else(
            || {
                state.last.0 += 1;
                RowId::new(state.last.0).unwrap()
            },
            |row| row.id,
        );
        state.last.1 += 1;
        let wall = self.clock.wall(now).nanoseconds();
        let updated_at = match ahead {
            Some(seconds) => wall + seconds * 1_000_000_000 + state.last.1,
            None => {
                state.last.2 = wall.max(state.last.2 + 1);
                state.last.2
            }
        };
        let row = row(row_id, id, state.last.1, Timestamp::from_parts(updated_at, 9));
        versions.push(Version { from: now.as_millis(), row: Some(row) });
    }

    /// Deletes a cell's row.
    pub(super) fn delete(&self, id: CellId) {
        let from = self.clock.now().as_millis();
        self.state.lock().cells.get_mut(&id).unwrap().push(Version { from, row: None });
    }

    /// Whether a cell was so at some moment between these, as its quantity tells.
    pub(super) fn was(&self, id: CellId, available: Option<i64>, from: u64, to: u64) -> bool {
        let state = self.state.lock();
        let versions = &state.cells[&id];
        let ends = versions.iter().skip(1).map(|version| version.from).chain([u64::MAX]);
        versions.iter().zip(ends).any(|(version, end)| {
            version.from <= to && from <= end && available_of(version.row.as_ref()) == available
        })
    }

    /// What a cell is now, and since when.
    pub(super) fn now(&self, id: CellId) -> (Option<i64>, u64) {
        let state = self.state.lock();
        let version = state.cells[&id].last().unwrap();
        (available_of(version.row.as_ref()), version.from)
    }

    /// What a call is answered that arrives now.
    fn answer(&self, call: &InventoryCall) -> Result<InventoryPage, CallError> {
        let now = self.clock.now().as_millis();
        let state = &mut *self.state.lock();
        let then = if self.world.lags && state.random.bool() { now.saturating_sub(LAG) } else { now };
        if self.world.fails {
            match state.random.u32(0..40) {
                0 => return Err(CallError::ServerError { status: 500 }),
                1 => return Err(CallError::Throttled { retry_after: Some(Duration::from_secs(1)) }),
                _ => {}
            }
        }
        let mut page = InventoryPage::default();
        for variant_id in &call.tile.variants {
            for loc_id in call.tile.locations.iter() {
                let id = CellId { variant_id: *variant_id, loc_id: *loc_id };
                let version = state.cells[&id].iter().rev().find(|version| version.from <= then);
                page.rows.extend(version.and_then(|version| version.row.clone()));
            }
        }
        page.rows.retain(|row| call.since_id < row.id.get());
        page.rows.sort_by_key(|row| row.id);
        page.length = page.rows.len();
        if self.world.garbles && !page.rows.is_empty() && state.random.u32(0..10) == 0 {
            let row = page.rows.remove(state.random.usize(0..page.rows.len()));
            let cell = state.random.bool().then(|| row.cell_id());
            let problem = RowError::BadField("variant_id");
            page.unreadable.push(UnreadableRow { cell, id: Some(row.id), problem });
        }
        Ok(page)
    }

    /// How long a call takes there, and its answer back.
    fn delays(&self) -> (Duration, Duration) {
        let random = &mut self.state.lock().random;
        let longest = if random.u32(0..20) == 0 { 1_500 } else { 80 };
        let hangs = self.world.fails && random.u32(0..60) == 0;
        let back = if hangs { 60_000 } else { random.u64(0..longest) };
        (Duration::from_millis(random.u64(0..longest)), Duration::from_millis(back))
    }
}

/// Lets the loader own what the test keeps.
#[derive(Debug)]
pub(super) struct Shared(pub(super) Arc<Haravan>);

impl InventorySource for Shared {
    fn inventory(&self, call: InventoryCall, _: Connection) -> CallFuture<InventoryPage> {
        let haravan = Arc::clone(&self.0);
        Box::pin(async move {
            let (there, back) = haravan.delays();
            tokio::time::sleep(there).await;
            let result = haravan.answer(&call);
            tokio::time::sleep(back).await;
            Reply { call_limit: None, result }
        })
    }
}

pub(super) fn cell(variant: u64, location: u64) -> CellId {
    CellId { variant_id: VariantId::new(variant).unwrap(), loc_id: LocationId::new(location).unwrap() }
}

/// The quantity by which a row is told from every other.
pub(super) fn available_of(row: Option<&Row>) -> Option<i64> {
    row.map(|row| row.qty_available.as_integer().unwrap())
}

fn row(id: RowId, cell: CellId, available: i64, updated_at: Timestamp) -> Row {
    Row {
        id,
        loc_id: cell.loc_id,
        product_id: ProductId::new(1).unwrap(),
        variant_id: cell.variant_id,
        qty_onhand: RowQuantity::from(available),
        qty_commited: RowQuantity::ZERO,
        qty_incoming: RowQuantity::ZERO,
        qty_available: RowQuantity::from(available),
        updated_at,
        as_sent: None,
    }
}
