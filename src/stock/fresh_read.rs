//! The read path of a hit: reads a grid of which every cell is fresh in the cache.

use std::sync::Arc;
use std::time::Duration;

use super::shop::Shop;
use super::validity::{Lifetime, Validity};
use crate::cache::entry::{PackedCell, VariantCells};
use crate::cache::freshness::FreshnessWish;
use crate::cache::row_text::RowTexts;
use crate::cache::{Changes, LocationListId, PurgeCount, TextReader};
use crate::clock::Moment;
use crate::domain::id::{LocationId, RowId};
use crate::domain::line::Line;
use crate::domain::location::LocationBook;
use crate::domain::row::Fingerprint;
use crate::query::Grid;

/// Reads a shop's fresh cells. Holds a read lock on the row texts, so hold it for one answer at most.
#[derive(Debug)]
pub struct FreshReader<'a> {
    shop: &'a Shop,
    purges: PurgeCount,
    texts: TextReader<'a>,
}

/// A grid of which every cell was fresh in the cache, with its rows as text.
#[derive(Debug)]
pub struct FreshRead<'a> {
    /// One for each variant.
    sources: Vec<RowSource<'a>>,
    rows: Vec<FreshRow>,
    cells: usize,
    changes: Changes,
    lifetime: Lifetime,
    /// The locations, and the id of their list.
    locations: (LocationListId, Arc<[LocationId]>),
}

/// The rows of a fresh read that were not text yet.
#[derive(Debug)]
pub struct Unwritten {
    entries: Vec<Arc<VariantCells>>,
    changes: Changes,
    locations: (LocationListId, Arc<[LocationId]>),
}

/// Where a variant's rows come from.
#[derive(Debug)]
enum RowSource<'a> {
    /// They are text already.
    Texts(&'a RowTexts),
    /// They are to be written.
    Cells(Arc<VariantCells>),
}

/// A row of a fresh read and its place, packed into one number: sorting rows by id is sorting numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FreshRow(u64);

/// Bits of a variant's place in its grid, and of a row's place in the variant's source.
const PLACE_BITS: u32 = 12;

impl FreshRow {
    /// `None` if the numbers do not fit: ids of 10^12 and more, or thousands of locations.
    #[inline]
    fn new(id: RowId, variant: u64, place: u64) -> Option<Self> {
        let fits = id.get() >> (u64::BITS - 2 * PLACE_BITS) == 0 && (variant | place) >> PLACE_BITS == 0;
        fits.then_some(Self(id.get() << (2 * PLACE_BITS) | variant << PLACE_BITS | place))
    }

    /// The row's id.
    #[must_use]
    pub fn id(self) -> u64 {
        self.0 >> (2 * PLACE_BITS)
    }

    fn variant(self) -> Option<usize> {
        Self::place_in(self.0 >> PLACE_BITS)
    }

    fn place(self) -> Option<usize> {
        Self::place_in(self.0)
    }

    fn place_in(bits: u64) -> Option<usize> {
        usize::try_from(bits & ((1 << PLACE_BITS) - 1)).ok()
    }
}

impl Shop {
    /// Begins to read what is fresh in the cache.
    #[must_use]
    pub fn fresh_reader(&self) -> FreshReader<'_> {
        let purges = self.purges();
        FreshReader { shop: self, purges, texts: self.devices.cache.read_texts() }
    }
}

impl Unwritten {
    /// Keeps the rows as text for the next read of this shop. Drop the [`FreshReader`] first.
    pub fn keep_in(&self, shop: &Shop) {
        let Self { entries, changes, locations: (list, locations) } = self;
        if !entries.is_empty() {
            shop.devices.cache.keep_texts(*list, (entries.iter().map(Arc::as_ref), locations), *changes);
        }
    }
}

impl FreshReader<'_> {
    /// Reads a grid if every cell of it is fresh in the cache, for a caller with this wish. Asks Haravan for nothing, does not wait, and counts
    /// nothing: see [`Shop::count_hits`].
    #[must_use]
    pub fn read(&self, grid: &Grid, wish: &FreshnessWish) -> Option<FreshRead<'_>> {
        let Self { shop, purges, texts } = self;
        let devices = &shop.devices;
        let fresh_from = devices.freshness.fresh_from(devices.clock.now(), wish)?;
        let mut entries = devices.cache.reader();
        let list = devices.cache.location_list(&grid.locations);
        let mut scan = Scan::new(grid, fresh_from);
        let mut sources = Vec::with_capacity(grid.variants.len());
        let found = texts.find(list, &grid.variants);
        for (variant, (variant_id, found)) in (0..).zip(grid.variants.iter().zip(found)) {
            if let Some(found) = found.filter(|found| texts.is_current(found, &mut entries)) {
                scan.take_texts(variant, found)?;
                sources.push(RowSource::Texts(found));
            } else {
                let entry = Arc::clone(entries.get(*variant_id)?);
                scan.take_cells(variant, entry.cells())?;
                sources.push(RowSource::Cells(entry));
            }
        }
        // Cells that were read before a purge must not be served after it.
        if *purges != shop.purges() {
            return None;
        }
        let oldest = scan.oldest?;
        let lifetime = Lifetime { oldest, fresh_until: oldest.plus(shop.devices.freshness.fresh) };
        Some(FreshRead {
            sources,
            rows: scan.rows,
            cells: grid.cells(),
            changes: texts.changes(),
            lifetime,
            locations: (list, Arc::clone(&grid.locations)),
        })
    }
}

impl FreshRead<'_> {
    /// The rows, by variant and location. The caller sorts them as the answer needs.
    pub fn rows_mut(&mut self) -> &mut Vec<FreshRow> {
        &mut self.rows
    }

    /// Appends the rows' JSON as Haravan sent it, in the order of [`FreshRead::rows_mut`], with commas between them.
    /// Calls `show` with the fingerprint of each row.
    pub fn write_rows(&self, out: &mut Vec<u8>, mut show: impl FnMut(Fingerprint)) {
        let mut line = Line::new();
        let before = out.len();
        for row in &self.rows {
            let (Some(variant), Some(place)) = (row.variant(), row.place()) else { continue };
            match self.sources.get(variant) {
                Some(RowSource::Texts(texts)) => {
                    if let Some((text, fingerprint)) = texts.text(place) {
                        out.extend_from_slice(text);
                        show(fingerprint);
                    }
                }
                Some(RowSource::Cells(entry)) => {
                    if let Some(cell) = entry.cells().get(place) {
                        let start = out.len();
                        entry.write_row(cell, &mut line, out);
                        show(Fingerprint::of(out.get(start..).unwrap_or_default()));
                        out.push(b',');
                    }
                }
                None => {}
            }
        }
        if before < out.len() {
            out.pop();
        }
    }

    /// The rows that were not text yet.
    #[must_use]
    pub fn unwritten(&self) -> Unwritten {
        let entries = self.sources.iter().filter_map(|source| match source {
            RowSource::Texts(_) => None,
            RowSource::Cells(entry) => Some(Arc::clone(entry)),
        });
        Unwritten { entries: entries.collect(), changes: self.changes, locations: self.locations.clone() }
    }

    /// How many cells it has.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// The age of its oldest cell, and how long all of its cells stay fresh.
    #[must_use]
    pub fn age_at(&self, now: Moment) -> (Duration, Duration) {
        self.lifetime.at(now)
    }

    /// The validity of an answer made of this read. `book` is the book that its locations came from, if any.
    #[must_use]
    pub fn validity(&self, book: Option<Arc<LocationBook>>) -> Validity {
        let entry = |source: &RowSource<'_>| match source {
            RowSource::Texts(texts) => (texts.variant_id(), texts.version()),
            RowSource::Cells(entry) => (entry.variant_id(), entry.version()),
        };
        let entries = self.sources.iter().map(entry).collect();
        Validity::new(entries, self.changes, self.lifetime, book, self.cells)
    }
}

/// The part of a grid that was read so far.
struct Scan<'a> {
    locations: &'a [LocationId],
    /// Where each location's cell was in the entry before. Most variants have the same locations, so it is usually
    /// at the same place.
    usual: Vec<usize>,
    fresh_from: Moment,
    oldest: Option<Moment>,
    rows: Vec<FreshRow>,
}

impl<'a> Scan<'a> {
    fn new(grid: &'a Grid, fresh_from: Moment) -> Self {
        let locations = &*grid.locations;
        Self {
            locations,
            usual: Vec::new(),
            fresh_from,
            oldest: None,
            rows: Vec::with_capacity(grid.cells()),
        }
    }

    /// Takes the rows of a variant that are text. `None` if one of their cells is not fresh.
    #[inline]
    fn take_texts(&mut self, variant: u64, texts: &RowTexts) -> Option<()> {
        self.see(texts.oldest())?;
        for (place, id) in (0..).zip(texts.row_ids()) {
            self.rows.push(FreshRow::new(id, variant, place)?);
        }
        Some(())
    }

    /// Takes the cells of a variant. `None` if one is missing or not fresh.
    fn take_cells(&mut self, variant: u64, cells: &[PackedCell]) -> Option<()> {
        if self.usual.is_empty() {
            self.usual.extend(0..self.locations.len());
        }
        for (number, loc_id) in self.locations.iter().enumerate() {
            let usual = self.usual.get(number).copied()?;
            let cell = match cells.get(usual).filter(|cell| cell.loc_id() == *loc_id) {
                Some(cell) => cell,
                None => {
                    let place = cells.binary_search_by_key(loc_id, PackedCell::loc_id).ok()?;
                    *self.usual.get_mut(number)? = place;
                    cells.get(place)?
                }
            };
            if !cell.is_sound() {
                return None;
            }
            self.see(cell.observed_at())?;
            if let Some(id) = cell.row_id() {
                let place = u64::try_from(*self.usual.get(number)?).ok()?;
                self.rows.push(FreshRow::new(id, variant, place)?);
            }
        }
        Some(())
    }

    /// Takes note of when a cell was confirmed. `None` if that was too long ago.
    #[inline]
    fn see(&mut self, confirmed_at: Moment) -> Option<()> {
        self.oldest = Some(self.oldest.map_or(confirmed_at, |oldest| oldest.min(confirmed_at)));
        (self.fresh_from <= confirmed_at).then_some(())
    }
}
