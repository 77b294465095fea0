//! Programs that ask in Haravan's own manner cost no more calls through the gateway than without it.

use std::collections::BTreeMap;

use fastrand::Rng;
use tonkho::sandbox::faults::Faults;
use tonkho::sandbox::handle::ShopHandle;
use tonkho::sandbox::settings::GeneratedSettings;

use crate::answer::Answer;
use crate::gateway::{GENERATED, TK_ALL, TK_READER, TestApp};
use crate::oracle::{self, OracleRow, Wanted};

/// Worlds that are played: each has a density, a number of locations, perhaps a clamp, perhaps refused ids.
const WORLDS: u64 = 9;
/// Questions asked in each.
const QUESTIONS: usize = 30;
/// Most calls for a question with refused ids.
const MOST_FOR_REFUSED: usize = 32;

/// The calls of a program that asks Haravan itself for so many rows, by `since_id` until a page is not full. Where pages
/// are clamped, until one is empty: a program that stops earlier loses rows.
fn calls_directly(rows: usize, limit: usize, clamp: Option<usize>) -> usize {
    let page = limit.min(clamp.unwrap_or(limit));
    match clamp {
        Some(_) => rows.div_ceil(page) + 1,
        None => rows / page + 1,
    }
}

/// Asks the gateway as a program does, until a page is not full: the rows that came.
async fn ask(app: &TestApp, key: &str, wanted: &Wanted, limit: usize) -> Vec<String> {
    let mut rows = Vec::new();
    let mut since_id = 0;
    loop {
        let page = Wanted { since_id: Some(since_id), limit: Some(limit), ..wanted.clone() };
        let answer: Answer = app.inventory(GENERATED, &page.query()).key(key).await;
        rows.extend(answer.rows());
        let ids = answer.row_ids();
        since_id = match ids.last() {
            Some(last) if ids.len() == limit => *last,
            _ => return rows,
        };
    }
}

/// A question of at most fifty ids of each kind.
fn question(random: &mut Rng, shop: &ShopHandle) -> Wanted {
    let mut some = |ids: Vec<u64>| {
        let most = ids.len().min(50);
        let count = if random.bool() { most } else { random.usize(1..=most) };
        let mut chosen = random.choose_multiple(ids, count);
        chosen.sort_unstable();
        chosen
    };
    Wanted {
        variant_ids: some(shop.variant_ids()),
        location_ids: some(shop.location_ids()),
        ..Wanted::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_cost_no_more_calls_than_without_the_gateway_and_get_the_same_rows() {
    for seed in 0..WORLDS {
        let mut random = Rng::with_seed(seed);
        let density = [1.0, 0.8, 0.4, 0.1][random.usize(0..4)];
        let locations = random.usize(1..=30);
        let stock = GeneratedSettings {
            variants: 2_000,
            products: 700,
            locations,
            density,
            ..GeneratedSettings::default()
        };
        let app = TestApp::builder().generated(stock).spawn().await;
        let shop = app.shop(GENERATED);
        let clamp = (seed % 3 == 1).then(|| [50_usize, 100, 150][random.usize(0..3)]);
        let refused = if seed % 3 == 2 { random.choose_multiple(shop.variant_ids(), 20) } else { Vec::new() };
        shop.set_faults(Faults {
            page_clamp: clamp.map(|clamp| u32::try_from(clamp).unwrap()),
            poisoned_variants: refused.iter().copied().collect(),
            ..Faults::default()
        });
        let mut rows_of: BTreeMap<u64, Vec<OracleRow>> = BTreeMap::new();
        for row in oracle::rows(&shop) {
            rows_of.entry(row.variant_id).or_default().push(row);
        }
        let (mut directly, mut through) = (0, 0);
        for number in 0..QUESTIONS {
            let wanted = question(&mut random, &shop);
            let limit = if random.bool() { 250 } else { 50 };
            let key = if random.bool() { TK_ALL } else { TK_READER };
            let before = app.upstream_calls(GENERATED);
            let came = ask(&app, key, &wanted, limit).await;
            let calls = usize::try_from(app.upstream_calls(GENERATED) - before).unwrap();
            let what =
                format!("world {seed}, question {number}, limit {limit}, clamp {clamp:?}, density {density}");
            let is_refused = wanted.variant_ids.iter().any(|id| refused.contains(id));
            let good = Wanted {
                variant_ids: wanted.variant_ids.iter().copied().filter(|id| !refused.contains(id)).collect(),
                ..wanted.clone()
            };
            let rows: Vec<OracleRow> =
                good.variant_ids.iter().filter_map(|id| rows_of.get(id)).flatten().cloned().collect();
            assert_eq!(came, good.answer(&rows), "{what}");
            if is_refused {
                assert!(calls <= MOST_FOR_REFUSED + 6 * (came.len() / limit), "{what}: {calls} calls");
            } else {
                directly += calls_directly(came.len(), limit, clamp);
                through += calls;
            }
            assert!(through <= directly + 1, "{what}: {through} calls, {directly} directly");
        }
    }
}
