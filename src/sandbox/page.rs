//! `inventory_locations.json`: what is refused, and the page that is answered.

use std::borrow::Cow;

use jiff::Timestamp;

use super::answer::Answer;
use super::catalog::Catalog;
use super::faults::Faults;
use super::raw::RawObject;
use super::request::{Asked, Given, IdList};
use super::store::{Order, PageQuery, Row, Store};

/// The most variant ids, and the most location ids, of a request. Source: Haravan doc, checked live.
const MAX_IDS: usize = 50;

/// The rows of a page when `limit` does not say, and the most there are. Source: Haravan doc.
const PAGE_ROWS: usize = 250;

/// Answers a request for inventory.
pub(super) fn answer(
    store: &Store,
    catalog: &Catalog,
    asked: &Asked,
    faults: &Faults,
    clamp: Option<u32>,
) -> Answer {
    let query = match parse(asked, faults, clamp) {
        Ok(query) => query,
        Err(refusal) => return refusal,
    };
    refuse_ids(&query, catalog, faults).unwrap_or_else(|| render(store, &query, faults))
}

/// Gives some of the rows asked for, on this page or another, a new quantity.
pub(super) fn change_some(store: &mut Store, asked: &Asked, count: usize, rng: &mut fastrand::Rng) {
    let cells = (asked.variant_ids.as_slice(), asked.location_ids.as_slice());
    let mut rows: Vec<&Row> = store.asked_for(cells.0, cells.1).collect();
    rows.sort_unstable_by_key(|row| row.id);
    let chosen = rng.choose_multiple(rows, count);
    let changed: Vec<Row> = chosen
        .into_iter()
        .filter_map(|row| row.with_available(rng.i64(-5..200).into(), Timestamp::now()).ok())
        .collect();
    for row in changed {
        store.put(row);
    }
}

fn parse<'a>(asked: &'a Asked, faults: &Faults, clamp: Option<u32>) -> Result<PageQuery<'a>, Answer> {
    let location_ids = ids(&asked.location_ids, "location_ids", "kho")?;
    let variant_ids = ids(&asked.variant_ids, "variant_ids", "biến thể")?;
    if asked.since_id == Given::Garbled {
        return Err(Answer::refusal(400, "since_id không hợp lệ"));
    }
    if asked.updated_at_min == Given::Garbled {
        return Err(Answer::refusal(400, "updated_at_min không hợp lệ"));
    }
    let clamp = clamp.and_then(|rows| usize::try_from(rows).ok()).unwrap_or(PAGE_ROWS);
    let order = Order::parse(asked.param("order"), asked.param("direction"));
    Ok(PageQuery {
        variant_ids,
        location_ids,
        since_id: asked.since_id.value().filter(|_| !faults.ignore_since_id),
        updated_at_min: asked.updated_at_min.value(),
        order: if faults.ignore_order { Order::Unordered } else { order },
        limit: asked.number("limit").unwrap_or(PAGE_ROWS).min(PAGE_ROWS).min(clamp),
    })
}

/// A list of ids within the limit. Missing lists and long ones: 422 (live); garbage: 400 (guess).
fn ids<'a>(list: &'a IdList, name: &str, noun: &str) -> Result<&'a [u64], Answer> {
    match list {
        IdList::Absent => Err(Answer::refusal(422, &format!("{name} không được để trống"))),
        IdList::Garbled => Err(Answer::refusal(400, &format!("{name} không hợp lệ"))),
        IdList::Ids(ids) if MAX_IDS < ids.len() => {
            Err(Answer::refusal(422, &format!("Tối đa chỉ được {MAX_IDS} {noun}")))
        }
        IdList::Ids(ids) => Ok(ids),
    }
}

/// One bad id spoils the whole batch, and the message does not say which it is. Source: live.
fn refuse_ids(query: &PageQuery<'_>, catalog: &Catalog, faults: &Faults) -> Option<Answer> {
    let strange = |known: bool| faults.refuse_unknown_ids && !known;
    let bad_variant = |id: &u64| faults.poisoned_variants.contains(id) || strange(catalog.has_variant(*id));
    let bad_location =
        |id: &u64| faults.poisoned_locations.contains(id) || strange(catalog.has_location(*id));
    if query.variant_ids.iter().any(bad_variant) {
        return Some(Answer::refusal(422, "Biến thể không hợp lệ"));
    }
    if query.location_ids.iter().any(bad_location) {
        return Some(Answer::refusal(422, "Kho không hợp lệ"));
    }
    None
}

fn render(store: &Store, query: &PageQuery<'_>, faults: &Faults) -> Answer {
    let mut rows = store.page(query);
    let twice: Vec<&Row> = rows.iter().take(faults.duplicate_rows).copied().collect();
    rows.extend(twice);
    rows.extend(store.strangers(query, faults.extra_rows));
    let mut texts: Vec<Cow<'_, str>> =
        rows.iter().enumerate().map(|(place, row)| odd(place, row, faults)).collect();
    texts.extend(faults.raw_rows.iter().map(|text| Cow::Borrowed(text.as_str())));
    Answer::list("inventory_locations", &texts)
}

/// The text of a row, with the fields dropped and set that the faults name.
fn odd<'a>(place: usize, row: &'a Row, faults: &Faults) -> Cow<'a, str> {
    let whole = faults.drop_fields.is_empty() && faults.set_fields.is_empty() && faults.raw_fields.is_empty();
    if whole || !place.is_multiple_of(faults.odd_row_every.max(1)) {
        return Cow::Borrowed(&row.json);
    }
    let Ok(mut object) = serde_json::from_str::<RawObject>(&row.json) else {
        return Cow::Borrowed(&row.json);
    };
    object.retain(|key| !faults.drop_fields.contains(key));
    for (key, value) in &faults.set_fields {
        object.set(key, value);
    }
    for (key, text) in &faults.raw_fields {
        object.set(key, text);
    }
    Cow::Owned(object.to_string())
}
