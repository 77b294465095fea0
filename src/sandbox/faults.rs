//! What may go wrong on purpose, as one set of switches per shop.
//!
//! This file says what the switches are and which requests they hit; `mishap.rs` and `page.rs` carry them out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::request::{Asked, Resource};

/// The faults of one shop; by default there are no faults.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// How long every answer takes, in milliseconds.
    pub latency_ms: u64,
    /// Up to how much longer some answers take, in milliseconds.
    pub latency_jitter_ms: u64,
    /// The most rows of a page of inventory, silently, whatever `limit` says.
    pub page_clamp: Option<u32>,
    /// How many pages are still answered whole before `page_clamp` applies; counts down.
    pub page_clamp_after: u64,
    /// Answers 422 to a batch with a variant or location that is not the shop's.
    pub refuse_unknown_ids: bool,
    /// Variants that make any batch they are in a 422.
    pub poisoned_variants: BTreeSet<u64>,
    /// Locations that make any batch they are in a 422.
    pub poisoned_locations: BTreeSet<u64>,
    /// How many more requests fail, in the way of `fail_as`; counts down.
    pub fail_next: u64,
    /// The share of requests that fail, 0 to 1, besides those of `fail_next`.
    pub fail_ratio: f64,
    /// How requests fail, taken in turn; empty means [`Failure::Status500`].
    pub fail_as: Vec<Failure>,
    /// How many requests that could fail are spared first; counts down.
    pub fail_skip: u64,
    /// Only requests for this resource fail or are throttled without reason; `null`: any.
    pub fail_only: Option<Resource>,
    /// Only requests that name one of these variants fail or are throttled without reason; empty: any.
    pub fail_variants: BTreeSet<u64>,
    /// How many more requests get a 429 although the bucket has room; counts down.
    pub throttle_next: u64,
    /// The text of `Retry-After` on every 429 (`0.35`, `abc`, `-1`); empty leaves the header out.
    pub retry_after: Option<String>,
    /// A fixed text for the call-limit header (`79/80`, `abc`); empty leaves the header out.
    pub call_limit_header: Option<String>,
    /// The number of rows outside the question at the end of a page.
    pub extra_rows: usize,
    /// How many rows of a page come twice.
    pub duplicate_rows: usize,
    /// Fields left out of odd rows.
    pub drop_fields: BTreeSet<String>,
    /// Fields added to, or replaced in, odd rows.
    pub set_fields: BTreeMap<String, Value>,
    /// Fields of odd rows that are replaced by this text as it is: `1e99`, or `5,"id":6` for a field that comes twice.
    pub raw_fields: BTreeMap<String, String>,
    /// Texts that come at the end of every page as if they were rows: `null`, `{}`, a row without ids.
    pub raw_rows: Vec<String>,
    /// The entries of `locations.json` as they are, in place of the shop's own; `null`: the shop's own.
    pub raw_locations: Option<Vec<String>>,
    /// The whole body of every answer that would go well, in its place; `fail_only` says of which resource.
    pub raw_body: Option<String>,
    /// Every so manieth row of a page is an odd one; 0 and 1 mean every row.
    pub odd_row_every: usize,
    /// Ignores `order` and `direction`.
    pub ignore_order: bool,
    /// Ignores `since_id`, so that every page is the first.
    pub ignore_since_id: bool,
    /// How many of the rows asked for change, time stamp included, after each page.
    pub changes_between_pages: usize,
}

/// A way in which a request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// 500 with a JSON body.
    #[serde(rename = "status_500")]
    Status500,
    /// 502 with a JSON body.
    #[serde(rename = "status_502")]
    Status502,
    /// 503 with a JSON body.
    #[serde(rename = "status_503")]
    Status503,
    /// 502 with a proxy's HTML page.
    #[serde(rename = "html_502")]
    Html502,
    /// 403 with a firewall's HTML page.
    #[serde(rename = "html_403")]
    Html403,
    /// 408 with a JSON body.
    #[serde(rename = "status_408")]
    Status408,
    /// 425 with a JSON body.
    #[serde(rename = "status_425")]
    Status425,
    /// 401, as if the token had been withdrawn.
    Unauthorized,
    /// 403, as if the scope had been withdrawn.
    Forbidden,
    /// 302 to a sign-in page.
    Redirect,
    /// No answer for two minutes.
    Timeout,
    /// The connection is closed before any answer.
    Reset,
    /// A declared length, and the connection closed half way.
    CutBody,
    /// A chunked body, and the connection closed half way.
    CutChunked,
    /// 200 whose body is no JSON.
    GarbledJson,
    /// 200 whose body is no UTF-8.
    GarbledUtf8,
    /// 200 whose JSON is declared as HTML.
    WrongContentType,
    /// 200 whose body never ends.
    HugeBody,
    /// 200 with `{}`.
    EmptyObject,
    /// 200 with no body at all.
    EmptyBody,
    /// The right answer, a few bytes at a time.
    SlowDrip,
}

impl Faults {
    /// The next `count` requests fail like this.
    pub fn failing(count: u64, failure: Failure) -> Self {
        Self { fail_next: count, fail_as: vec![failure], ..Self::default() }
    }

    /// How long this answer is to take.
    pub(super) fn latency(&self, rng: &mut fastrand::Rng) -> Duration {
        let jitter = rng.u64(0..=self.latency_jitter_ms);
        Duration::from_millis(self.latency_ms.saturating_add(jitter))
    }

    /// Whether this request is refused although there is room.
    pub(super) fn take_throttle(&mut self, asked: &Asked) -> bool {
        self.hits(asked) && take_one(&mut self.throttle_next)
    }

    /// How this request fails, if it does.
    pub(super) fn take_failure(&mut self, asked: &Asked, rng: &mut fastrand::Rng) -> Option<Failure> {
        if !self.hits(asked) || take_one(&mut self.fail_skip) {
            return None;
        }
        if !take_one(&mut self.fail_next) && self.fail_ratio <= rng.f64() {
            return None;
        }
        let failure = self.fail_as.first().copied().unwrap_or(Failure::Status500);
        if !self.fail_as.is_empty() {
            self.fail_as.rotate_left(1);
        }
        Some(failure)
    }

    /// The body that takes the place of this request's answer.
    pub(super) fn body_instead(&self, asked: &Asked) -> Option<String> {
        self.raw_body.clone().filter(|_| self.hits(asked))
    }

    /// The clamp that applies to the page about to be made.
    pub(super) fn take_clamp(&mut self) -> Option<u32> {
        self.page_clamp?;
        if take_one(&mut self.page_clamp_after) {
            return None;
        }
        self.page_clamp
    }

    fn hits(&self, asked: &Asked) -> bool {
        let named = asked.variant_ids.as_slice();
        self.fail_only.is_none_or(|resource| resource == asked.resource)
            && (self.fail_variants.is_empty() || named.iter().any(|id| self.fail_variants.contains(id)))
    }
}

/// Counts down by one if there is one to count.
fn take_one(count: &mut u64) -> bool {
    let some = 0 < *count;
    *count = count.saturating_sub(1);
    some
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_switch_is_refused() {
        let read: Result<Faults, _> = serde_json::from_str(r#"{"page_clmap":50}"#);
        assert!(read.unwrap_err().to_string().contains("page_clmap"));
    }

    #[test]
    fn failures_take_turns_and_count_down_after_the_spared() {
        let mut faults = Faults {
            fail_next: 3,
            fail_skip: 1,
            fail_as: vec![Failure::Html502, Failure::Reset],
            ..Faults::default()
        };
        let asked = Asked::parse(&actix_web::http::Method::GET, "/com/shop.json", "");
        let mut rng = fastrand::Rng::with_seed(1);
        let seen: Vec<_> = (0..5).map(|_| faults.take_failure(&asked, &mut rng)).collect();
        let expected = [None, Some(Failure::Html502), Some(Failure::Reset), Some(Failure::Html502), None];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_failure_for_one_variant_spares_the_others() {
        let mut faults = Faults::failing(1, Failure::Timeout);
        faults.fail_variants.insert(7);
        let mut rng = fastrand::Rng::with_seed(1);
        let mut hit = |query| {
            let asked = Asked::parse(&actix_web::http::Method::GET, "/com/inventory_locations.json", query);
            faults.take_failure(&asked, &mut rng).is_some()
        };
        assert!(!hit("variant_ids=6&location_ids=1"));
        assert!(hit("variant_ids=6,7&location_ids=1"));
    }

    #[test]
    fn a_clamp_may_appear_after_some_pages() {
        let mut faults = Faults { page_clamp: Some(50), page_clamp_after: 2, ..Faults::default() };
        let seen: Vec<_> = (0..4).map(|_| faults.take_clamp()).collect();
        assert_eq!(seen, [None, None, Some(50), Some(50)]);
    }
}
