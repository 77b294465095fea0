//! Who asks, and what happens meanwhile.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::haravan::{Haravan, LOCATIONS, VARIANTS, cell};
use super::judge::{Asked, Judge};
use crate::cache::Purge;
use crate::cache::freshness::FreshnessWish;
use crate::domain::cell::CellId;
use crate::domain::id::{LocationId, VariantId};
use crate::haravan::parse_row;
use crate::query::{Grid, IdList};
use crate::stock::shop::Shop;
use crate::stock::{Incomplete, ReadTerms};

/// One program that asks again and again.
pub(super) struct Reader {
    shop: Arc<Shop>,
    judge: Arc<Judge>,
    random: Rng,
}

impl Reader {
    pub(super) fn new(shop: Arc<Shop>, judge: Arc<Judge>, seed: u64) -> Self {
        Self { shop, judge, random: Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)) }
    }

    /// Asks a number of questions. An error names the question whose answer was wrong.
    pub(super) async fn read(mut self, questions: u64) -> Result<(), String> {
        for number in 1..=questions {
            tokio::time::sleep(Duration::from_millis(self.random.u64(0..600))).await;
            let (grid, terms) = (self.grid(), self.terms());
            if self.random.u32(0..4) == 0 {
                self.fresh_read(&grid)
                    .map_err(|what| format!("hit before read {number} of a reader: {what}"))?;
            }
            let asked = Asked { at: self.judge.now(), terms };
            if self.random.u32(0..20) == 0 {
                let left = Duration::from_millis(self.random.u64(0..200));
                let _ = tokio::time::timeout(left, self.shop.read(grid.clone(), &terms)).await;
            }
            let answer = self.shop.read(grid, &terms).await;
            self.judge.note(|seen| self.shop.purges_since(seen));
            let judged = self.judge.of_answer(asked, answer);
            judged.map_err(|what| format!("read {number} of a reader: {what}"))?;
        }
        Ok(())
    }

    /// Looks at what is fresh, and makes text of it.
    fn fresh_read(&self, grid: &Grid) -> Result<(), String> {
        let unwritten = {
            let fresh_reader = self.shop.fresh_reader();
            let Some(mut fresh_read) = fresh_reader.read(grid, &FreshnessWish::default()) else {
                return Ok(());
            };
            fresh_read.rows_mut().sort_unstable();
            let mut text = b"[".to_vec();
            fresh_read.write_rows(&mut text, |_| {});
            text.push(b']');
            let rows: Vec<Box<serde_json::value::RawValue>> = serde_json::from_slice(&text).unwrap();
            let rows: Vec<(CellId, i64)> = rows
                .iter()
                .map(|row| parse_row(row.get()).unwrap())
                .map(|row| (row.cell_id(), row.qty_available.as_integer().unwrap()))
                .collect();
            let (age, _) = fresh_read.age_at(self.judge.now());
            self.judge.of_hit(&rows, self.judge.now().minus(age))?;
            fresh_read.unwritten()
        };
        unwritten.keep_in(&self.shop);
        Ok(())
    }

    fn grid(&mut self) -> Grid {
        let mut ids = |most: u64, last: u64| {
            let count = self.random.u64(1..=most);
            (0..count).map(|_| self.random.u64(1..=last)).collect::<Vec<u64>>()
        };
        let variants = ids(2, VARIANTS).into_iter().map(|id| VariantId::new(id).unwrap()).collect();
        let locations = ids(2, LOCATIONS).into_iter().map(|id| LocationId::new(id).unwrap()).collect();
        Grid::new(IdList::from_ids(variants).unwrap(), IdList::from_ids(locations).unwrap(), 1_000).unwrap()
    }

    fn terms(&mut self) -> ReadTerms {
        let random = &mut self.random;
        let mut freshness = FreshnessWish::default();
        match random.u32(0..12) {
            0 | 1 => freshness.no_cache = true,
            2 => freshness.max_age = Some(Duration::from_secs(random.u64(0..5))),
            3 => freshness.max_stale = Some(Duration::from_secs(random.u64(0..20))),
            4 => freshness.only_if_cached = true,
            _ => {}
        }
        let hurried = if self.judge.is_purged() { 4 } else { 1 };
        let wait = if random.u32(0..5) < hurried { random.u64(0..300) } else { 10_000 };
        let incomplete = if random.bool() { Incomplete::Answer } else { Incomplete::Refuse };
        ReadTerms { freshness, wait: Duration::from_millis(wait), incomplete, ..ReadTerms::default() }
    }
}

/// Lets things happen until the last reader has ended.
pub(super) async fn happen(haravan: Arc<Haravan>, shop: Arc<Shop>, judge: Arc<Judge>, seed: u64) {
    let mut random = Rng::with_seed(!seed);
    loop {
        tokio::time::sleep(Duration::from_millis(random.u64(0..250))).await;
        let id = cell(random.u64(1..=VARIANTS), random.u64(1..=LOCATIONS));
        match random.u32(0..40) {
            0..=3 => haravan.delete(id),
            place if place == 4 || (haravan.world.is_purged && (7..16).contains(&place)) => {
                let purge = purge(&mut random, id);
                shop.invalidate(&purge);
                judge.purged(purge);
            }
            5 if haravan.world.goes_back => restore(&haravan, &mut random),
            6 if haravan.world.goes_back => haravan.change(id, Some(random.i64(200..1_000_000_000))),
            _ => haravan.change(id, None),
        }
    }
}

/// A purge of everything, of a variant, or of a location.
fn purge(random: &mut Rng, id: CellId) -> Purge {
    let (variants, locations) = (random.u32(0..3) != 0, random.bool());
    Purge {
        variants: variants.then(|| Arc::from([id.variant_id])).into(),
        locations: locations.then(|| Arc::from([id.loc_id])),
    }
}

/// The shop is as it was some time ago: every row has an older time.
fn restore(haravan: &Haravan, random: &mut Rng) {
    let ago = -random.i64(60..100_000);
    for variant in 1..=VARIANTS {
        for location in 1..=LOCATIONS {
            let id = cell(variant, location);
            if haravan.now(id).0.is_some() {
                haravan.change(id, Some(ago));
            }
        }
    }
}
