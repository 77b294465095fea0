//! A look at a grid all of whose cells are fresh in the cache: the read path of a hit, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use super::Basis;
use super::shop::Shop;
use super::validity::Lifetime;
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

/// A shop that is looked at: whoever looks hurries, since no text is kept meanwhile.
#[derive(Debug)]
pub struct Glimpses<'a> {
    shop: &'a Shop,
    purges: PurgeCount,
    texts: TextReader<'a>,
}

/// A grid all of whose cells were fresh in the cache, with its rows as text.
#[derive(Debug)]
pub struct Glimpse<'a> {
    /// One for each variant.
    sources: Vec<Source<'a>>,
    rows: Vec<GlimpsedRow>,
    cells: usize,
    changes: Changes,
    lifetime: Lifetime,
    /// The locations, and what texts of rows at these go by.
    locations: (LocationListId, Arc<[LocationId]>),
}

/// What of a glimpse was no text yet.
#[derive(Debug)]
pub struct Unwritten {
    entries: Vec<Arc<VariantCells>>,
    changes: Changes,
    locations: (LocationListId, Arc<[LocationId]>),
}

/// Where a variant's rows come from.
#[derive(Debug)]
enum Source<'a> {
    /// They are text already.
    Texts(&'a RowTexts),
    /// They are to be written.
    Cells(Arc<VariantCells>),
}

/// A row of a glimpse, and where it is: in one number, so that ordering rows by their ids is ordering numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GlimpsedRow(u64);

/// Bits of a variant's place in its grid, and of a row's place in the variant's source.
const PLACE_BITS: u32 = 12;

impl GlimpsedRow {
    /// None if the numbers do not fit: ids of 10^12 and more, or thousands of locations.
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
    /// Begins to look at what is fresh in the cache.
    #[must_use]
    pub fn glimpses(&self) -> Glimpses<'_> {
        let purges = self.purges();
        Glimpses { shop: self, purges, texts: self.cache().read_texts() }
    }

    /// Makes text of what was none yet, for next time. Not while the shop is looked at.
    pub fn keep_texts(&self, unwritten: &Unwritten) {
        let Unwritten { entries, changes, locations: (list, locations) } = unwritten;
        if !entries.is_empty() {
            self.cache().keep_texts(*list, (entries.iter().map(Arc::as_ref), locations), *changes);
        }
    }
}

impl Glimpses<'_> {
    /// Reads a grid if all of it is fresh in the cache: nothing is asked of Haravan, nobody waits, and nothing is
    /// counted until [`Shop::count_hits`].
    #[must_use]
    pub fn of(&self, grid: &Grid) -> Option<Glimpse<'_>> {
        let Self { shop, purges, texts } = self;
        let fresh_from = shop.freshness().fresh_from(shop.clock().now(), &FreshnessWish::default())?;
        let mut entries = shop.cache().reader();
        let list = shop.cache().location_list(&grid.locations);
        let mut look = Look::new(grid, fresh_from);
        let mut sources = Vec::with_capacity(grid.variants.len());
        let found = texts.find(list, &grid.variants);
        for (variant, (variant_id, found)) in (0..).zip(grid.variants.iter().zip(found)) {
            if let Some(found) = found.filter(|found| texts.is_current(found, &mut entries)) {
                look.take(variant, found)?;
                sources.push(Source::Texts(found));
            } else {
                let entry = Arc::clone(entries.get(*variant_id)?);
                look.look_into(variant, entry.cells())?;
                sources.push(Source::Cells(entry));
            }
        }
        // What was looked at before a purge must not be served after it.
        if *purges != shop.purges() {
            return None;
        }
        let oldest = look.oldest?;
        let lifetime = Lifetime { oldest, fresh_until: oldest.plus(shop.freshness().fresh) };
        Some(Glimpse {
            sources,
            rows: look.rows,
            cells: grid.cells(),
            changes: texts.changes(),
            lifetime,
            locations: (list, Arc::clone(&grid.locations)),
        })
    }
}

impl Glimpse<'_> {
    /// The rows, by variant and location, to be ordered as the answer wants them.
    pub fn rows_mut(&mut self) -> &mut Vec<GlimpsedRow> {
        &mut self.rows
    }

    /// Appends the JSON of the rows as Haravan sent them, in the order that they were brought into, with commas
    /// between them, and shows the fingerprint of each.
    pub fn write_rows(&self, out: &mut Vec<u8>, mut show: impl FnMut(Fingerprint)) {
        let mut line = Line::new();
        let before = out.len();
        for row in &self.rows {
            let (Some(variant), Some(place)) = (row.variant(), row.place()) else { continue };
            match self.sources.get(variant) {
                Some(Source::Texts(texts)) => {
                    if let Some((text, fingerprint)) = texts.text(place) {
                        out.extend_from_slice(text);
                        show(fingerprint);
                    }
                }
                Some(Source::Cells(entry)) => {
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

    /// What was no text yet.
    #[must_use]
    pub fn unwritten(&self) -> Unwritten {
        let entries = self.sources.iter().filter_map(|source| match source {
            Source::Texts(_) => None,
            Source::Cells(entry) => Some(Arc::clone(entry)),
        });
        Unwritten { entries: entries.collect(), changes: self.changes, locations: self.locations.clone() }
    }

    /// How many cells it has.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// How old its oldest cell is now, and for how long all of them stay fresh.
    #[must_use]
    pub fn age_at(&self, now: Moment) -> (Duration, Duration) {
        self.lifetime.at(now)
    }

    /// What an answer made of this rests on, if it took its locations from this book.
    #[must_use]
    pub fn basis(&self, book: Option<Arc<LocationBook>>) -> Basis {
        let entry = |source: &Source<'_>| match source {
            Source::Texts(texts) => (texts.variant_id(), texts.version()),
            Source::Cells(entry) => (entry.variant_id(), entry.version()),
        };
        let entries = self.sources.iter().map(entry).collect();
        Basis::new(entries, self.changes, self.lifetime, book, self.cells)
    }
}

/// What was seen of a grid so far.
struct Look<'a> {
    locations: &'a [LocationId],
    /// Where each location's cell was in the entry before: most variants are known at the same locations, so it is
    /// there in this one too.
    usual: Vec<usize>,
    fresh_from: Moment,
    oldest: Option<Moment>,
    rows: Vec<GlimpsedRow>,
}

impl<'a> Look<'a> {
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

    /// Takes the rows of a variant that are text; none if one of their cells is not fresh.
    #[inline]
    fn take(&mut self, variant: u64, texts: &RowTexts) -> Option<()> {
        self.see(texts.oldest())?;
        for (place, id) in (0..).zip(texts.row_ids()) {
            self.rows.push(GlimpsedRow::new(id, variant, place)?);
        }
        Some(())
    }

    /// Looks at the cells of a variant; none if one is not there, or not fresh.
    fn look_into(&mut self, variant: u64, cells: &[PackedCell]) -> Option<()> {
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
                self.rows.push(GlimpsedRow::new(id, variant, place)?);
            }
        }
        Some(())
    }

    /// Sees a moment at which something was confirmed; none if that was too long ago.
    #[inline]
    fn see(&mut self, confirmed_at: Moment) -> Option<()> {
        self.oldest = Some(self.oldest.map_or(confirmed_at, |oldest| oldest.min(confirmed_at)));
        (self.fresh_from <= confirmed_at).then_some(())
    }
}
