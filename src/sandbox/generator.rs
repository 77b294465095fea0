//! Shops made from a seed: as many locations, products and rows as asked for, and as odd as real ones.
//!
//! Ids are random: neither rows nor variants come in the order of their ids.

mod names;

use jiff::Timestamp;
use rustc_hash::FxHashSet;

use super::catalog::{Catalog, Location, Product, Variant};
use super::settings::GeneratedSettings;
use super::store::{Placing, Row, Store};

/// Generated changes lie in the year before this second (2026-01-01T00:00:00Z).
const NEWEST_CHANGE: i64 = 1_767_225_600;

/// A year, in seconds.
const YEAR: i64 = 31_536_000;

/// How often a random pick is repeated to avoid a repetition.
const ATTEMPTS: usize = 1_000;

/// Makes the shop that these settings describe.
pub(super) fn shop(settings: &GeneratedSettings) -> (Store, Catalog) {
    let mut maker = Maker { rng: fastrand::Rng::with_seed(settings.seed), used: FxHashSet::default() };
    let mut catalog = Catalog::new("Thời trang Phương Nam");
    for number in 0..settings.locations {
        let location = maker.location(number);
        catalog.put_location(location);
    }
    for count in variants_per_product(settings, &mut maker.rng) {
        let product = maker.product(count);
        catalog.add_product(product);
    }
    let mut store = Store::new(Placing::Scrambled);
    for product in catalog.products() {
        for variant in &product.variants {
            for location in catalog.locations() {
                if maker.rng.f64() < settings.density {
                    store.put(maker.row(settings, location.id, product.id, variant.id));
                }
            }
        }
    }
    (store, catalog)
}

/// The random source, and the ids taken already.
struct Maker {
    rng: fastrand::Rng,
    used: FxHashSet<u64>,
}

/// The quantities of a row, as JSON texts.
struct Quantities {
    onhand: String,
    commited: i64,
    incoming: i64,
    available: String,
}

impl Maker {
    fn location(&mut self, number: usize) -> Location {
        let round = number / names::PLACES.len();
        let place = number % names::PLACES.len();
        let (name, address, province) = names::PLACES.get(place).copied().unwrap_or(("Kho", "", ""));
        let name = if round == 0 { name.to_owned() } else { format!("{name} {}", round.saturating_add(1)) };
        let class = if number == names::ON_THE_ROAD { "ontheroad" } else { "default" };
        Location {
            id: self.id(900_000..1_900_000),
            name,
            is_primary: number == 0,
            is_unavailable_quantity: number == names::UNAVAILABLE,
            location_type: Some(class.to_owned()),
            address: address.to_owned(),
            province: province.to_owned(),
        }
    }

    fn product(&mut self, variants: usize) -> Product {
        let id = self.id(1_010_000_000..1_060_000_000);
        let title = format!("{} {}", self.pick(&names::GOODS), self.pick(&names::LINES));
        let (updated_at, _) = self.change();
        let variants = (0..variants).map(|number| self.variant(id, number)).collect();
        Product { id, title, updated_at, variants }
    }

    fn variant(&mut self, product_id: u64, number: usize) -> Variant {
        let title = format!("{} / {}", self.pick(&names::COLOURS), self.pick(&names::SIZES));
        Variant {
            id: self.id(1_060_000_000..1_190_000_000),
            sku: format!("PN{}-{number:02}", product_id % 10_000_000),
            title,
            price: self.rng.u64(49..1_500).saturating_mul(1_000),
        }
    }

    fn row(&mut self, settings: &GeneratedSettings, loc_id: u64, product_id: u64, variant_id: u64) -> Row {
        let id = self.id(1_000_000_000..2_000_000_000);
        let Quantities { onhand, commited, incoming, available } = self.quantities(settings);
        let (updated_at, instant) = self.change();
        let json = format!(
            r#"{{"id":{id},"loc_id":{loc_id},"product_id":{product_id},"variant_id":{variant_id},"qty_onhand":{onhand},"qty_commited":{commited},"qty_incoming":{incoming},"qty_available":{available},"updated_at":"{updated_at}"}}"#
        );
        Row::known((id, loc_id, variant_id, product_id), instant, json)
    }

    fn quantities(&mut self, settings: &GeneratedSettings) -> Quantities {
        let negative = self.rng.f64() < settings.negative;
        let (onhand, commited) = if negative {
            let onhand = self.rng.i64(-3..4);
            (onhand, onhand.max(0).saturating_add(self.rng.i64(1..15)))
        } else {
            let most = self.pick(&[1, 8, 40, 300]);
            let onhand = self.rng.i64(0..=most);
            (onhand, self.rng.i64(0..=onhand.min(12)))
        };
        let off = if self.rng.f64() < settings.mismatched { self.rng.i64(1..4) } else { 0 };
        let off = if negative { off.saturating_neg() } else { off };
        let spelled = if self.rng.f64() < settings.decimals { self.pick(&[".50", ".0"]) } else { "" };
        let (onhand, available) = (onhand, onhand.saturating_sub(commited).saturating_add(off));
        // A half below zero would need its digits counted down: spell those rows with `.0` instead.
        let spelled = if spelled == ".50" && (onhand < 0 || available < 0) { ".0" } else { spelled };
        Quantities {
            onhand: format!("{onhand}{spelled}"),
            commited,
            incoming: if self.rng.u8(0..10) == 0 { self.rng.i64(1..60) } else { 0 },
            available: format!("{available}{spelled}"),
        }
    }

    /// A time as .NET writes it: 1 to 7 fraction digits, none of them a trailing zero.
    fn change(&mut self) -> (String, Timestamp) {
        let second = NEWEST_CHANGE.saturating_sub(self.rng.i64(1..=YEAR));
        let whole = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH).to_string();
        let digits = self.rng.usize(1..=7);
        let mut fraction: String = (1..digits).map(|_| self.rng.digit(10)).collect();
        fraction.push(self.pick(&['1', '2', '3', '4', '5', '6', '7', '8', '9']));
        let text = format!("{}.{fraction}Z", whole.trim_end_matches('Z'));
        let nanos = format!("{fraction:0<9}").parse().unwrap_or(0);
        (text, Timestamp::new(second, nanos).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    fn id(&mut self, range: std::ops::Range<u64>) -> u64 {
        for _ in 0..ATTEMPTS {
            let id = self.rng.u64(range.clone());
            if self.used.insert(id) {
                return id;
            }
        }
        // The range is as good as used up: go on above it.
        let mut id = range.end;
        while !self.used.insert(id) {
            id = id.saturating_add(1);
        }
        id
    }

    fn pick<T: Copy + Default>(&mut self, choices: &[T]) -> T {
        self.rng.choice(choices).copied().unwrap_or_default()
    }
}

/// One variant for each product, and the others wherever they fall.
fn variants_per_product(settings: &GeneratedSettings, rng: &mut fastrand::Rng) -> Vec<usize> {
    let mut counts = vec![1_usize; settings.products];
    for _ in settings.products..settings.variants {
        if let Some(count) = rng.choice(counts.iter_mut()) {
            *count = count.saturating_add(1);
        }
    }
    counts
}

#[cfg(test)]
mod tests;
