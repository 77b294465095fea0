//! One shop of the sandbox, shared by every server thread: its access, stock, bucket, faults and journal.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use tokio::time::Instant;

use super::answer::Answer;
use super::bucket::{self, Bucket};
use super::faults::{Failure, Faults};
use super::gate::Gate;
use super::journal::Journal;
use super::request::{Asked, Resource};
use super::settings::{Scope, ShopSettings};
use super::stock::Stock;
use super::store::RowError;
use super::{changes, page, resources};

/// A shop and all that is known about its requests.
#[derive(Debug)]
pub(super) struct Shop {
    pub(super) org_id: u64,
    pub(super) access: RwLock<Access>,
    pub(super) stock: RwLock<Stock>,
    pub(super) bucket: Mutex<Bucket>,
    pub(super) faults: Mutex<Faults>,
    pub(super) journal: Mutex<Journal>,
    pub(super) progress: watch::Sender<Progress>,
    /// Inventory requests wait here before anything is read for them.
    pub(super) requests: Gate,
    /// Inventory answers wait here after they were made.
    pub(super) answers: Gate,
    /// Answers to requests for locations wait here after they were made.
    pub(super) location_answers: Gate,
    rng: Mutex<fastrand::Rng>,
    started: Instant,
}

/// Who may read what.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) token: String,
    pub(super) scopes: BTreeSet<Scope>,
}

/// How many inventory requests have come so far, and for how many the answer is made.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    pub(super) arrived: u64,
    pub(super) answered: u64,
    /// The same for locations.
    pub(super) locations_answered: u64,
}

/// A request on its way through; dropping it ends it, answered or not.
#[derive(Debug)]
pub(super) struct Visit {
    shop: Arc<Shop>,
    number: u64,
    resource: Resource,
}

impl Shop {
    pub(super) fn new(settings: ShopSettings, seed: u64, started: Instant) -> Result<Self, RowError> {
        let ShopSettings { org_id, token, scopes, data: stock, bucket, faults } = settings;
        Ok(Self {
            org_id,
            access: RwLock::new(Access { token, scopes }),
            stock: RwLock::new(Stock::new(stock, org_id)?),
            bucket: Mutex::new(Bucket::new(bucket, started)),
            faults: Mutex::new(faults),
            journal: Mutex::default(),
            progress: watch::Sender::default(),
            requests: Gate::default(),
            answers: Gate::default(),
            location_answers: Gate::default(),
            rng: Mutex::new(fastrand::Rng::with_seed(seed ^ org_id)),
            started,
        })
    }

    /// Notes a request.
    pub(super) fn arrive(self: &Arc<Self>, asked: &Asked) -> Visit {
        let number = self.journal.lock().arrived(asked, self.started.elapsed());
        if asked.resource == Resource::Inventory {
            self.progress.send_modify(|progress| progress.arrived = progress.arrived.saturating_add(1));
        }
        Visit { shop: Arc::clone(self), number, resource: asked.resource }
    }

    /// How long this answer is to take.
    pub(super) fn latency(&self) -> std::time::Duration {
        let faults = self.faults.lock();
        faults.latency(&mut self.rng.lock())
    }

    /// Lets a request through the bucket, or returns its `Retry-After`.
    pub(super) fn admit(&self, asked: &Asked) -> Result<(), String> {
        let (unfounded, text) = {
            let mut faults = self.faults.lock();
            (faults.take_throttle(asked), faults.retry_after.clone())
        };
        if unfounded {
            return Err(text.unwrap_or_else(|| "2.0".to_owned()));
        }
        let taken = self.bucket.lock().take(Instant::now());
        taken.map_err(|wait| text.unwrap_or_else(|| bucket::retry_after(wait)))
    }

    /// How this request fails on purpose, if it does.
    pub(super) fn failure(&self, asked: &Asked) -> Option<Failure> {
        let failure = self.faults.lock().take_failure(asked, &mut self.rng.lock());
        if failure.is_some() {
            self.journal.lock().failed();
        }
        failure
    }

    /// The text of the call-limit header; empty: none.
    pub(super) fn call_limit(&self) -> String {
        let lie = self.faults.lock().call_limit_header.clone();
        lie.unwrap_or_else(|| self.bucket.lock().header(Instant::now()))
    }

    /// The answer of a shop where nothing fails.
    pub(super) fn answer(&self, asked: &Asked) -> Answer {
        if !self.access.read().allows(asked.resource) {
            return Answer::refusal(403, "Forbidden: the token lacks the scope for this resource");
        }
        if let Some(body) = self.faults.lock().body_instead(asked) {
            return Answer { status: 200, body, rows: 0 };
        }
        match asked.resource {
            Resource::Inventory => self.inventory(asked),
            Resource::StockChange => changes::adjust_or_set(&mut self.stock.write(), asked),
            Resource::VariantChange => changes::change_variant(&mut self.stock.write(), asked),
            _ => {
                let faults = self.faults.lock().clone();
                resources::answer(self.org_id, &self.stock.read(), asked, &faults)
            }
        }
    }

    fn inventory(&self, asked: &Asked) -> Answer {
        let (faults, clamp) = {
            let mut faults = self.faults.lock();
            (faults.clone(), faults.take_clamp())
        };
        if faults.changes_between_pages == 0 {
            let stock = self.stock.read();
            return page::answer(&stock.store, &stock.catalog, asked, &faults, clamp);
        }
        let mut stock = self.stock.write();
        let Stock { store, catalog } = &mut *stock;
        let answer = page::answer(store, catalog, asked, &faults, clamp);
        page::change_some(store, asked, faults.changes_between_pages, &mut self.rng.lock());
        answer
    }
}

impl Access {
    /// Source of the scopes: Haravan doc.
    fn allows(&self, resource: Resource) -> bool {
        let has = |scope| self.scopes.contains(&scope);
        match resource {
            Resource::Inventory => has(Scope::ReadInventories) || has(Scope::WriteInventories),
            Resource::StockChange => has(Scope::WriteInventories),
            Resource::Locations | Resource::Location | Resource::Shop => has(Scope::ReadShop),
            Resource::Products | Resource::ProductCount | Resource::Product | Resource::Variant => {
                has(Scope::ReadProducts) || has(Scope::WriteProducts)
            }
            Resource::VariantChange => has(Scope::WriteProducts),
            Resource::Empty | Resource::Unknown => true,
        }
    }
}

impl Visit {
    /// Notes that the answer is made, though it may be held or spoilt yet.
    pub(super) fn answered(&self, status: u16, rows: usize) {
        self.shop.journal.lock().answered(self.number, self.resource, status, rows);
        self.shop.progress.send_modify(|progress| match self.resource {
            Resource::Inventory => progress.answered = progress.answered.saturating_add(1),
            Resource::Locations => {
                progress.locations_answered = progress.locations_answered.saturating_add(1);
            }
            _ => {}
        });
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if self.resource == Resource::Inventory {
            self.shop.journal.lock().left();
        }
    }
}
