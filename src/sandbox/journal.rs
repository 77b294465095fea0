//! What a shop was asked: a bounded log of requests, and counters.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;

use super::request::{Asked, Resource};

/// How many requests the log remembers.
pub const LOG_LENGTH: usize = 20_000;

/// One request, as it came and as it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestRecord {
    /// Counts the shop's requests from 0, over clearings.
    pub number: u64,
    /// Milliseconds since the sandbox started.
    pub elapsed_ms: u64,
    /// The path asked for.
    pub path: String,
    /// What the path stands for.
    pub resource: Resource,
    /// How many variant ids were sent, repetitions included.
    pub variant_count: usize,
    /// How many location ids were sent, repetitions included.
    pub location_count: usize,
    /// The variant ids as sent; empty when they could not be read.
    pub variant_ids: Vec<u64>,
    /// The location ids as sent; empty when they could not be read.
    pub location_ids: Vec<u64>,
    /// `limit`, as sent.
    pub limit: Option<String>,
    /// `page`, as sent.
    pub page: Option<String>,
    /// `since_id`, if it is a number.
    pub since_id: Option<u64>,
    /// `order`, as sent.
    pub order: Option<String>,
    /// `direction`, as sent.
    pub direction: Option<String>,
    /// `updated_at_min`, as sent.
    pub updated_at_min: Option<String>,
    /// The status answered; nothing while there is no answer yet, or if there never was one.
    pub status: Option<u16>,
    /// How many rows (or locations, or products) the answer holds, before any damage to its body.
    pub rows: usize,
}

/// What happened to a shop since the start, or since the log was cleared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Requests of any kind under a valid token.
    pub requests: u64,
    /// Requests for inventory.
    pub inventory: u64,
    /// Requests for locations.
    pub locations: u64,
    /// Requests for products or their count.
    pub products: u64,
    /// Answers that were 429.
    pub throttled: u64,
    /// Answers that were 422.
    pub refused: u64,
    /// Requests that failed on purpose.
    pub failed: u64,
    /// Inventory rows answered.
    pub rows: u64,
    /// Inventory requests made so far and not finished.
    pub in_flight: u64,
    /// The most inventory requests there were at the same time.
    pub max_in_flight: u64,
}

/// The log and the counters of a shop.
#[derive(Debug, Default)]
pub(super) struct Journal {
    log: VecDeque<RequestRecord>,
    next: u64,
    counters: Counters,
}

impl Journal {
    /// Notes a request that has just come; the number finds it again.
    pub(super) fn arrived(&mut self, asked: &Asked, elapsed: Duration) -> u64 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        if LOG_LENGTH <= self.log.len() {
            self.log.pop_front();
        }
        self.log.push_back(RequestRecord::new(number, asked, elapsed));
        let counters = &mut self.counters;
        bump(&mut counters.requests);
        match asked.resource {
            Resource::Inventory => {
                bump(&mut counters.inventory);
                bump(&mut counters.in_flight);
                counters.max_in_flight = counters.max_in_flight.max(counters.in_flight);
            }
            Resource::Locations => bump(&mut counters.locations),
            Resource::Products | Resource::ProductCount => bump(&mut counters.products),
            _ => {}
        }
        number
    }

    /// Notes how a request was answered.
    pub(super) fn answered(&mut self, number: u64, resource: Resource, status: u16, rows: usize) {
        if let Some(record) = self.record(number) {
            record.status = Some(status);
            record.rows = rows;
        }
        match status {
            429 => bump(&mut self.counters.throttled),
            422 => bump(&mut self.counters.refused),
            _ => {}
        }
        if resource == Resource::Inventory {
            let rows = u64::try_from(rows).unwrap_or(u64::MAX);
            self.counters.rows = self.counters.rows.saturating_add(rows);
        }
    }

    /// Notes that a request fails on purpose.
    pub(super) fn failed(&mut self) {
        bump(&mut self.counters.failed);
    }

    /// Notes that an inventory request is over, answered or given up.
    pub(super) fn left(&mut self) {
        self.counters.in_flight = self.counters.in_flight.saturating_sub(1);
    }

    pub(super) fn counters(&self) -> Counters {
        self.counters
    }

    pub(super) fn records(&self) -> Vec<RequestRecord> {
        self.log.iter().cloned().collect()
    }

    /// Forgets the log and counts afresh; what is in flight stays so.
    pub(super) fn clear(&mut self) {
        self.log.clear();
        let in_flight = self.counters.in_flight;
        self.counters = Counters { in_flight, max_in_flight: in_flight, ..Counters::default() };
    }

    fn record(&mut self, number: u64) -> Option<&mut RequestRecord> {
        let first = self.log.front()?.number;
        let place = usize::try_from(number.checked_sub(first)?).ok()?;
        self.log.get_mut(place)
    }
}

impl RequestRecord {
    fn new(number: u64, asked: &Asked, elapsed: Duration) -> Self {
        let text = |name: &str| asked.param(name).map(str::to_owned);
        Self {
            number,
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            path: asked.path.clone(),
            resource: asked.resource,
            variant_count: asked.variant_ids.as_slice().len(),
            location_count: asked.location_ids.as_slice().len(),
            variant_ids: asked.variant_ids.as_slice().to_vec(),
            location_ids: asked.location_ids.as_slice().to_vec(),
            limit: text("limit"),
            page: text("page"),
            since_id: asked.since_id.value(),
            order: text("order"),
            direction: text("direction"),
            updated_at_min: text("updated_at_min"),
            status: None,
            rows: 0,
        }
    }
}

fn bump(count: &mut u64) {
    *count = count.saturating_add(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_forgets_the_oldest_and_still_finds_the_others() {
        let mut journal = Journal::default();
        let asked = Asked::parse(&actix_web::http::Method::GET, "/com/shop.json", "");
        let mut last = 0;
        for _ in 0..LOG_LENGTH + 5 {
            last = journal.arrived(&asked, Duration::ZERO);
        }
        journal.answered(last, Resource::Shop, 200, 0);
        journal.answered(0, Resource::Shop, 500, 0);
        let records = journal.records();
        assert_eq!(records.len(), LOG_LENGTH);
        assert_eq!(records[0].number, 5);
        assert_eq!(records[LOG_LENGTH - 1].status, Some(200));
    }
}
