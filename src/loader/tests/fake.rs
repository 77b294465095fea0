//! A Haravan in memory, and a loader in front of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::cache::Cache;
use crate::clock::Clock;
use crate::domain::id::{LocationId, OrgId, ProductId, RowId, VariantId};
use crate::domain::row::Row;
use crate::domain::row_quantity::RowQuantity;
use crate::domain::timestamp::Timestamp;
use crate::governor::bucket::BucketShape;
use crate::governor::{Governor, GovernorPolicy};
use crate::haravan::{
    CallError, CallFuture, Connection, InventoryCall, InventoryPage, InventorySource, Oddities, Reply,
    Upstream, UpstreamParts,
};
use crate::loader::{Lack, Loaded, Loader, LoaderParts, SavedLearnt};
use crate::metrics::Metrics;
use crate::plan::MAX_PAGE;
use crate::tasks::Tasks;

/// The cells that came, by (variant, location).
pub(super) type Cells = BTreeMap<(u64, u64), Option<Row>>;

/// What a sweep has to bring, and what it costs.
pub(super) struct Sweep {
    pub(super) rows: usize,
    /// The calls of tiles of fifty variants, every short page believed.
    pub(super) calls: usize,
    /// No plan takes fewer calls.
    pub(super) floor: usize,
}

/// A Haravan that answers from memory.
#[derive(Debug)]
pub(super) struct Fake {
    state: Mutex<State>,
    calls: watch::Sender<usize>,
}

#[derive(Debug)]
struct State {
    rows: BTreeMap<(u64, u64), Row>,
    clamp: usize,
    /// The calls that are clamped, by how many were answered before them.
    clamped: Range<usize>,
    answered: usize,
    latency: Duration,
    poisoned: BTreeSet<u64>,
    failing: usize,
    changes: i64,
    /// Random delays before and after an answer is made up, so that answers overtake each other.
    disorder: Option<fastrand::Rng>,
    /// When each call was sent.
    sent: Vec<Instant>,
}

impl Fake {
    /// A shop with a row for every variant and location.
    pub(super) fn dense(variants: u64, locations: u64) -> Self {
        let mut rows = BTreeMap::new();
        for variant in 1..=variants {
            for location in 1..=locations {
                // Ids follow neither variants nor locations.
                let id = (variant * 7_919 + location * 104_729) % 1_000_003 + 1;
                rows.insert((variant, location), row(id, variant, location, 5, 0));
            }
        }
        let state = State {
            rows,
            clamp: MAX_PAGE,
            clamped: 0..usize::MAX,
            answered: 0,
            latency: Duration::from_millis(50),
            poisoned: BTreeSet::new(),
            failing: 0,
            changes: 0,
            disorder: None,
            sent: Vec::new(),
        };
        Self { state: Mutex::new(state), calls: watch::Sender::new(0) }
    }

    /// A shop where this percentage of the cells has a row, scattered.
    pub(super) fn sparse(variants: u64, locations: u64, percent: u64) -> Self {
        let fake = Self::dense(variants, locations);
        let mut random = fastrand::Rng::with_seed(variants ^ locations ^ percent);
        fake.state.lock().rows.retain(|_, _| random.u64(0..100) < percent);
        fake
    }

    /// What these variants hold, and what asking for it takes; of at most fifty locations.
    pub(super) fn naive(&self, variants: Range<u64>) -> Sweep {
        let state = self.state.lock();
        let rows = |from: u64, to: u64| state.rows.range((from, 0)..(to, 0)).count();
        let tiles = variants.clone().step_by(50);
        let calls = tiles.map(|from| rows(from, variants.end.min(from + 50)).div_ceil(MAX_PAGE).max(1)).sum();
        let total = rows(variants.start, variants.end);
        let floor = variants.step_by(50).count().max(total.div_ceil(MAX_PAGE));
        Sweep { rows: total, calls, floor }
    }

    pub(super) fn without(self, variant: u64, location: u64) -> Self {
        self.state.lock().rows.remove(&(variant, location));
        self
    }

    pub(super) fn clamped(self, clamp: usize) -> Self {
        self.state.lock().clamp = clamp;
        self
    }

    /// Clamps only these calls, counted from none.
    pub(super) fn clamped_at(self, clamp: usize, calls: Range<usize>) -> Self {
        {
            let mut state = self.state.lock();
            (state.clamp, state.clamped) = (clamp, calls);
        }
        self
    }

    pub(super) fn slow(self, latency: Duration) -> Self {
        self.state.lock().latency = latency;
        self
    }

    pub(super) fn poisoned(self, variants: impl IntoIterator<Item = u64>) -> Self {
        self.state.lock().poisoned.extend(variants);
        self
    }

    pub(super) fn failing(self, calls: usize) -> Self {
        self.state.lock().failing = calls;
        self
    }

    /// Lets answers overtake each other.
    pub(super) fn disorderly(self, seed: u64) -> Self {
        self.state.lock().disorder = Some(fastrand::Rng::with_seed(seed));
        self
    }

    pub(super) fn poison(&self, variant: u64) {
        self.state.lock().poisoned.insert(variant);
    }

    pub(super) fn cure(&self) {
        self.state.lock().poisoned.clear();
    }

    /// When each call was sent.
    pub(super) fn sent(&self) -> Vec<Instant> {
        self.state.lock().sent.clone()
    }

    /// The delays of a call: until it is answered, and until the answer arrives.
    fn delays(&self) -> (Duration, Duration) {
        let mut state = self.state.lock();
        let latency = state.latency;
        match &mut state.disorder {
            Some(random) => {
                (Duration::from_millis(random.u64(0..80)), Duration::from_millis(random.u64(0..80)))
            }
            None => (Duration::ZERO, latency),
        }
    }

    /// Changes a row; its `updated_at` moves on.
    pub(super) fn set(&self, variant: u64, location: u64, available: i64) {
        let mut state = self.state.lock();
        state.changes += 1;
        let changes = state.changes;
        let id = state
            .rows
            .get(&(variant, location))
            .map_or(2_000_000 + variant * 100 + location, |row| row.id.get());
        state.rows.insert((variant, location), row(id, variant, location, available, changes));
    }

    pub(super) fn delete(&self, variant: u64, location: u64) {
        self.state.lock().rows.remove(&(variant, location));
    }

    pub(super) fn fail_next(&self, calls: usize) {
        self.state.lock().failing = calls;
    }

    pub(super) fn clamp_to(&self, clamp: usize) {
        let mut state = self.state.lock();
        (state.clamp, state.clamped) = (clamp, 0..usize::MAX);
    }

    /// The place of the row with the highest id of these variants.
    pub(super) fn newest(&self, variants: Range<u64>) -> Option<(u64, u64)> {
        let state = self.state.lock();
        let rows = state.rows.range((variants.start, 0)..(variants.end, 0));
        rows.max_by_key(|(_, row)| row.id).map(|(place, _)| *place)
    }

    /// The row as it is now.
    pub(super) fn row(&self, variant: u64, location: u64) -> Option<Row> {
        self.state.lock().rows.get(&(variant, location)).cloned()
    }

    pub(super) fn calls(&self) -> usize {
        *self.calls.borrow()
    }

    pub(super) async fn wait_for_calls(&self, calls: usize) {
        self.calls.subscribe().wait_for(|made| calls <= *made).await.unwrap();
    }

    fn answer(&self, call: &InventoryCall) -> Result<InventoryPage, CallError> {
        let mut state = self.state.lock();
        if 0 < state.failing {
            state.failing -= 1;
            return Err(CallError::ServerError { status: 500 });
        }
        if call.tile.variants.iter().any(|id| state.poisoned.contains(&id.get())) {
            return Err(CallError::IdsRefused);
        }
        let mut rows: Vec<Row> = call
            .tile
            .variants
            .iter()
            .flat_map(|variant| call.tile.locations.iter().map(|location| (variant.get(), location.get())))
            .filter_map(|place| state.rows.get(&place).cloned())
            .filter(|row| call.since_id < row.id.get())
            .collect();
        rows.sort_by_key(|row| row.id);
        let is_clamped = state.clamped.contains(&state.answered);
        state.answered += 1;
        rows.truncate(if is_clamped { state.clamp.min(call.limit) } else { call.limit });
        Ok(InventoryPage { length: rows.len(), rows, unreadable: Vec::new() })
    }
}

/// Lets the loader own what the test keeps.
#[derive(Debug)]
struct Shared(Arc<Fake>);

impl InventorySource for Shared {
    fn inventory(&self, call: InventoryCall, _: Connection) -> CallFuture<InventoryPage> {
        let fake = Arc::clone(&self.0);
        Box::pin(async move {
            fake.state.lock().sent.push(Instant::now());
            let (there, back) = fake.delays();
            if !there.is_zero() {
                tokio::time::sleep(there).await;
            }
            // What is true when the call arrives is answered, as late as the network likes.
            let result = fake.answer(&call);
            fake.calls.send_modify(|calls| *calls += 1);
            tokio::time::sleep(back).await;
            Reply { call_limit: None, result }
        })
    }
}

/// A loader with all it needs.
pub(super) struct Setting {
    pub(super) fake: Arc<Fake>,
    pub(super) loader: Loader,
    pub(super) clock: Clock,
    pub(super) cache: Arc<Cache>,
    pub(super) upstream: Upstream,
}

impl Setting {
    pub(super) fn new(fake: Fake) -> Self {
        Self::build(Arc::new(fake), 1e6, 1e6, usize::MAX)
    }

    pub(super) fn with_bucket(self, size: f64, leak_per_second: f64) -> Self {
        Self::build(self.fake, size, leak_per_second, usize::MAX)
    }

    pub(super) fn with_max_pending(self, cells: usize) -> Self {
        Self::build(self.fake, 1e6, 1e6, cells)
    }

    fn build(fake: Arc<Fake>, size: f64, leak_per_second: f64, max_pending_cells: usize) -> Self {
        Self::assemble((fake, Clock::start()), (size, leak_per_second), max_pending_cells, None)
    }

    /// A new loader for the same Haravan that knows what this one has learnt.
    pub(super) fn succeeded(&self, (size, leak_per_second): (f64, f64)) -> Self {
        let world = (Arc::clone(&self.fake), self.clock.clone());
        Self::assemble(world, (size, leak_per_second), usize::MAX, Some(self.loader.learnt()))
    }

    fn assemble(
        (fake, clock): (Arc<Fake>, Clock),
        (size, leak_per_second): (f64, f64),
        max_pending_cells: usize,
        learnt: Option<SavedLearnt>,
    ) -> Self {
        let bucket = BucketShape { size, leak_per_second, headroom: 0.0 };
        let cache = Arc::new(Cache::new(1 << 30, 0));
        let org_id = OrgId::new(1).unwrap();
        let metrics = Metrics::new().unwrap().shop(org_id);
        let call_timeout = Duration::from_secs(60);
        let upstream = Upstream::new(UpstreamParts {
            governor: Governor::new(GovernorPolicy { bucket, max_in_flight: 8 }),
            clock: clock.clone(),
            call_timeout,
            metrics: metrics.clone(),
        });
        let parts = LoaderParts {
            source: Arc::new(Shared(Arc::clone(&fake))),
            upstream: upstream.clone(),
            cache: Arc::clone(&cache),
            clock: clock.clone(),
            tasks: Tasks::new(Handle::current()),
            call_timeout,
            max_pending_cells,
            oddities: Arc::new(Oddities::new(org_id, clock.clone(), metrics.clone())),
            metrics,
        };
        let loader = match learnt {
            Some(learnt) => Loader::with_learnt(parts, learnt),
            None => Loader::new(parts),
        };
        Self { fake, loader, clock, cache, upstream }
    }
}

/// The cells of a grid as a question.
pub(super) fn lacks(
    variants: impl IntoIterator<Item = u64>,
    locations: impl IntoIterator<Item = u64>,
) -> Vec<Lack> {
    let locations: Arc<[LocationId]> = locations.into_iter().map(|id| LocationId::new(id).unwrap()).collect();
    let mut variants: Vec<u64> = variants.into_iter().collect();
    variants.sort_unstable();
    variants.into_iter().map(|id| (VariantId::new(id).unwrap(), Arc::clone(&locations))).collect()
}

/// What a load brought.
pub(super) fn cells(loaded: &Loaded) -> Cells {
    let mut cells = Cells::new();
    for entry in &loaded.entries {
        for packed in entry.cells().iter().filter(|packed| !packed.is_purged()) {
            let place = (entry.variant_id().get(), packed.loc_id().get());
            cells.insert(place, entry.lent(packed).to_cell().into_row());
        }
    }
    for (cell, _) in &loaded.missing {
        cells.remove(&(cell.variant_id.get(), cell.loc_id.get()));
    }
    cells
}

/// A row as Haravan would have it.
pub(super) fn row(id: u64, variant: u64, location: u64, available: i64, second: i64) -> Row {
    Row {
        id: RowId::new(id).unwrap(),
        loc_id: LocationId::new(location).unwrap(),
        product_id: ProductId::new(1).unwrap(),
        variant_id: VariantId::new(variant).unwrap(),
        qty_onhand: RowQuantity::from(available),
        qty_commited: RowQuantity::ZERO,
        qty_incoming: RowQuantity::ZERO,
        qty_available: RowQuantity::from(available),
        updated_at: Timestamp::from_parts(second * 1_000_000_000, 0),
        as_sent: None,
    }
}
