//! How many rows a tile will bring, and how wide it should therefore be.
#![expect(
    clippy::float_arithmetic,
    reason = "expectations are estimates: they decide the width of a tile, never what an answer says"
)]

use super::MAX_PAGE;

/// How many cells the estimate remembers: old answers fade as new ones come.
const MEMORY_CELLS: f64 = 20_000.0;

/// How much one tile changes the estimate of the dispersion.
const SURPRISE_WEIGHT: f64 = 0.1;

/// Below this, tiles vary like independent cells.
const PLAIN_DISPERSION: f64 = 2.0;

/// The most dispersed a shop is believed to be.
const MOST_DISPERSED: f64 = 1_000.0;

/// A page this many deviations shorter than expected is not believed to be the last.
const HARD_TO_BELIEVE: f64 = 4.0;

/// A tile of fewer pages is preferred, for its latency, while its cost is within this factor of the ideal of
/// full pages.
const GOOD_ENOUGH: f64 = 1.06;

/// A large question gets tiles of fewer calls than this on average: two full pages, which seldom spill over. Source:
/// ours; others' cells in such a tile wait for one more page.
const MOST_PAGES_FOR_LARGE: f64 = 2.5;

/// A question of this many pages is large: it takes seconds in any case. Source: ours; two seconds of a shop's calls.
const LARGE_PAGES: usize = 8;

/// Costs that differ by less than this factor are equal. Source: ours; above the error of the estimate.
const EQUAL_COST: f64 = 1.002;

/// Calls that must be spared for a grid to be asked for page after page. Source: ours.
const WORTH_WAITING: f64 = 0.05;

/// How probable it is that two tiles have just one number of rows, where they have one row each: of more rows, so much
/// less as their root tells. Source: the chance that two Poisson counts are equal, 1 / (2 sqrt(pi rows)).
const ALIKE: f64 = 0.28;

/// What a shop's answers so far say about those to come.
#[derive(Debug, Clone)]
pub struct Density {
    rows: f64,
    cells: f64,
    page: usize,
    /// How much more the rows of tiles vary than independent cells would: a variance ratio, at least 1.
    dispersion: f64,
    /// The least share of cells that have rows, as a tile shows that is not finished.
    least_share: Option<f64>,
}

impl Default for Density {
    fn default() -> Self {
        Self { rows: 0.0, cells: 0.0, page: MAX_PAGE, dispersion: 1.0, least_share: None }
    }
}

impl Density {
    /// Learns from a finished tile.
    pub fn learn(&mut self, cells: usize, rows: usize) {
        if let Some(share) = self.share() {
            let mean = float(cells) * share;
            let variance = (mean * (1.0 - share)).max(1.0);
            let surprise = (float(rows) - mean).powi(2) / variance;
            let learnt = self.dispersion + (surprise - self.dispersion) * SURPRISE_WEIGHT;
            self.dispersion = learnt.clamp(1.0, MOST_DISPERSED);
        }
        let (cells, rows) = (float(cells), float(rows.min(cells)));
        let fade = (MEMORY_CELLS / (self.cells + cells)).min(1.0);
        self.cells = (self.cells + cells) * fade;
        self.rows = (self.rows + rows) * fade;
    }

    /// Learns from a tile that has at least this many rows: then few rows look odd before any tile is finished.
    pub fn learn_least(&mut self, cells: usize, rows: usize) {
        let share = (float(rows) / float(cells.max(1))).min(1.0);
        self.least_share = Some(self.least_share.map_or(share, |known| known.max(share)));
    }

    /// Learns how many rows a page holds: Haravan may clamp it at any time, and stop doing so.
    pub fn learn_page(&mut self, rows: usize) {
        self.page = rows.clamp(1, MAX_PAGE);
    }

    /// How many rows a page is known to hold.
    #[must_use]
    pub fn page(&self) -> usize {
        self.page
    }

    /// The share of cells that have rows, once there are answers to tell.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        (self.cells > 0.0).then(|| (self.rows / self.cells).clamp(0.0, 1.0))
    }

    /// Whether this many cells are expected to fill a page with rows.
    #[must_use]
    pub fn fills_a_page(&self, cells: usize) -> bool {
        self.share().is_some_and(|share| float(self.page) <= float(cells) * share)
    }

    /// How many calls a tile of this many cells is expected to take.
    #[must_use]
    pub fn expected_calls(&self, cells: usize) -> f64 {
        let Some(share) = self.share() else { return 1.0 };
        let page = float(self.page);
        let mean = float(cells) * share;
        // What looks like dispersion in a few tiles is mostly chance.
        let dispersion = if self.dispersion < PLAIN_DISPERSION { 1.0 } else { self.dispersion };
        let deviation = (mean * (1.0 - share) * dispersion).sqrt().max(0.01);
        let full_pages = cells / self.page.max(1);
        let mut calls = 1.0;
        for pages in 1..=full_pages {
            // A page more is needed when the rows fill these pages and cells remain unanswered.
            let capacity = page * float(pages);
            let overflows = if pages * self.page == cells {
                0.0
            } else {
                upper_tail((capacity - 0.5 - mean) / deviation)
            };
            calls += overflows;
        }
        calls
    }

    /// How many pages this many cells are expected to fill, at least one.
    #[must_use]
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, as intended"
    )]
    pub fn pages(&self, cells: usize) -> usize {
        let share = self.share().unwrap_or(0.0);
        ((float(cells) * share / float(self.page)).ceil() as usize).max(1)
    }

    /// Whether it is unlikely that a tile of this many cells has only these rows.
    #[must_use]
    pub fn is_improbable(&self, cells: usize, rows: usize) -> bool {
        self.least_expected_rows(cells)
            .is_some_and(|(mean, deviation)| float(rows) + HARD_TO_BELIEVE * deviation < mean)
    }

    /// Whether the rows of this many cells fit a page almost surely.
    #[must_use]
    pub fn surely_fits(&self, cells: usize) -> bool {
        if cells < self.page {
            return true;
        }
        let Some((mean, deviation)) = self.expected_rows(cells) else { return false };
        mean + HARD_TO_BELIEVE * deviation < float(self.page)
    }

    /// Whether the rows of this many cells may fit a page.
    #[must_use]
    pub fn may_fit(&self, cells: usize) -> bool {
        let Some((mean, deviation)) = self.expected_rows(cells) else { return true };
        mean - HARD_TO_BELIEVE * deviation <= float(self.page)
    }

    /// Whether a grid that one call can ask for should be asked for whole, page after page: where one page may hold it,
    /// or where that takes fewer calls than narrow tiles do, which can be asked for at once.
    #[must_use]
    pub fn pays_whole(&self, variants: usize, locations: usize) -> bool {
        if self.may_fit(variants * locations) {
            return true;
        }
        let tiles = variants.div_ceil(self.width(variants, locations, variants * locations).max(1)).max(1);
        let narrow = float(tiles) * self.expected_calls(variants.div_ceil(tiles) * locations);
        self.expected_calls(variants * locations) + WORTH_WAITING < narrow
    }

    /// How probable exactly this number of rows is, if there are at least as many.
    #[must_use]
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "a probability")]
    pub fn by_chance(&self, cells: usize, rows: usize) -> f32 {
        let Some((mean, deviation)) = self.least_expected_rows(cells) else {
            return (ALIKE / float(rows.max(1)).sqrt()) as f32;
        };
        let at_least = |rows: f64| upper_tail((rows - 0.5 - mean) / deviation.max(0.5));
        let (these, more) = (at_least(float(rows)), at_least(float(rows) + 1.0));
        ((these - more) / these.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0) as f32
    }

    /// The mean and the deviation of the rows of this many cells.
    fn expected_rows(&self, cells: usize) -> Option<(f64, f64)> {
        Some(self.rows_at(cells, self.share()?))
    }

    /// The same, where no tile is finished by what others show so far.
    fn least_expected_rows(&self, cells: usize) -> Option<(f64, f64)> {
        Some(self.rows_at(cells, self.share().or(self.least_share)?))
    }

    fn rows_at(&self, cells: usize, share: f64) -> (f64, f64) {
        let mean = float(cells) * share;
        (mean, (mean * (1.0 - share) * self.dispersion).sqrt().max(1.0))
    }

    /// How many of `available` variants the next tile should take, over `locations` locations, for a question that
    /// still waits for `waiting` cells.
    ///
    /// A small question gets the fewest pages that cost little more than full ones. A large one gets the least costly
    /// tiles of up to two pages. Takes all variants while nothing is known: a wide tile is at worst a naive one.
    #[must_use]
    pub fn width(&self, available: usize, locations: usize, waiting: usize) -> usize {
        let Some(share) = self.share() else { return available };
        let costs: Vec<TileCost> =
            (1..=available).map(|variants| self.tile_cost(variants, variants * locations)).collect();
        let least = |costs: &mut dyn Iterator<Item = &TileCost>| {
            costs.map(|tile| tile.calls_a_cell).fold(f64::INFINITY, f64::min)
        };
        let acceptable = if LARGE_PAGES <= self.pages(waiting) {
            least(&mut costs.iter().filter(|tile| tile.calls < MOST_PAGES_FOR_LARGE))
        } else {
            least(&mut costs.iter()).max(GOOD_ENOUGH * share / float(self.page))
        };
        let candidates = || costs.iter().filter(move |tile| tile.calls_a_cell <= acceptable * EQUAL_COST);
        let pages = candidates().map(|tile| tile.calls).fold(f64::INFINITY, f64::min).ceil();
        let fewest = candidates().filter(|tile| tile.calls.ceil() <= pages);
        fewest.map(|tile| tile.variants).max().unwrap_or(available)
    }

    fn tile_cost(&self, variants: usize, cells: usize) -> TileCost {
        let calls = self.expected_calls(cells);
        TileCost { variants, calls, calls_a_cell: calls / float(cells) }
    }
}

/// What a tile of this many variants is expected to cost.
struct TileCost {
    variants: usize,
    calls: f64,
    calls_a_cell: f64,
}

/// The probability that a standard normal exceeds `z`. Source: Bowling et al. 2009, error below 2e-4.
fn upper_tail(z: f64) -> f64 {
    1.0 / (1.0 + (0.07056 * z.powi(3) + 1.5976 * z).exp())
}

fn float(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::Density;

    fn known(share_percent: usize) -> Density {
        let mut density = Density::default();
        density.learn(20_000, 200 * share_percent);
        density
    }

    #[test]
    fn nothing_known_means_the_widest_tile() {
        assert_eq!(Density::default().width(50, 24, 1_200), 50);
    }

    #[test]
    fn a_full_shop_gets_tiles_of_one_full_page() {
        assert_eq!(known(100).width(50, 5, 250), 50);
        assert_eq!(known(100).width(50, 24, 1_200), 10);
    }

    #[test]
    fn a_large_question_gets_two_full_pages_where_one_would_not_be_full() {
        assert_eq!(known(100).width(50, 20, 1_000), 12, "240 cells a call");
        assert_eq!(known(100).width(50, 20, 20_000), 25, "500 cells for two calls");
        assert_eq!(known(100).width(50, 24, 24_000), 10, "two pages would be no fuller");
        assert_eq!(known(100).width(50, 50, 24_000), 5, "one page is full");
    }

    #[test]
    fn a_sparse_shop_gets_the_widest_tiles() {
        assert_eq!(known(10).width(50, 24, 1_200), 50);
        assert_eq!(known(1).width(50, 50, 2_500), 50);
    }

    #[test]
    fn a_half_full_shop_gets_tiles_that_seldom_spill_over() {
        let density = known(50);
        let width = density.width(50, 20, 1_000);
        let calls_a_row =
            density.expected_calls(width * 20) / (0.5 * 20.0 * f64::from(u32::try_from(width).unwrap()));
        assert!(calls_a_row * 250.0 <= 1.1, "{width} variants cost {calls_a_row} calls a row");
    }

    #[test]
    fn what_fits_a_page_is_told_with_room_for_chance() {
        let unknown = Density::default();
        assert!(unknown.surely_fits(249) && !unknown.surely_fits(250) && unknown.may_fit(2_500));
        let sparse = known(10);
        assert!(sparse.surely_fits(1_200) && !sparse.surely_fits(2_400) && sparse.may_fit(2_500));
        assert!(!known(80).may_fit(1_200));
    }

    #[test]
    fn a_grid_of_one_call_is_asked_for_whole_where_that_spares_calls() {
        assert!(known(10).pays_whole(50, 24), "one page");
        assert!(
            known(40).pays_whole(50, 24),
            "two pages, of which the second is seldom full, or three tiles"
        );
        assert!(!known(100).pays_whole(50, 24), "five of each");
    }

    #[test]
    fn a_number_of_rows_below_the_mean_is_rarely_met_by_chance() {
        let density = known(80);
        let chance = |rows| density.by_chance(50, rows);
        assert!(chance(33) < 0.02 && (0.15..0.35).contains(&chance(40)) && 0.5 < chance(46));
    }

    #[test]
    fn a_clamp_makes_tiles_narrower() {
        let mut density = known(100);
        density.learn_page(50);
        assert_eq!(density.width(50, 5, 250), 10);
    }

    #[test]
    fn the_estimate_follows_a_shop_that_changes() {
        let mut density = known(100);
        for _ in 0..100 {
            density.learn(1_000, 10);
        }
        assert!(density.share().unwrap() < 0.05);
    }
}
