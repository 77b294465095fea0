//! The devices of one shop: what its questions are answered with.

use std::sync::Arc;
use std::time::Duration;

use super::parts::ShopParts;
use super::windows_seen::WindowsSeen;
use crate::cache::Cache;
use crate::cache::freshness::FreshnessPolicy;
use crate::clock::Clock;
use crate::governor::Governor;
use crate::governor::resource::Resource;
use crate::haravan::{Oddities, ShopClient, Upstream, UpstreamParts};
use crate::loader::{Loader, LoaderParts};
use crate::tasks::Tasks;

/// What is added to the client's own timeout before a call counts as lost.
const CALL_TIMEOUT_SLACK: Duration = Duration::from_secs(1);

/// The devices of one shop.
#[derive(Debug)]
pub(in crate::stock) struct Devices {
    pub(in crate::stock) client: ShopClient,
    pub(in crate::stock) upstream: Upstream,
    pub(in crate::stock) cache: Arc<Cache>,
    pub(in crate::stock) loader: Loader,
    pub(in crate::stock) oddities: Arc<Oddities>,
    pub(in crate::stock) windows: WindowsSeen,
    pub(in crate::stock) freshness: FreshnessPolicy,
    pub(in crate::stock) clock: Clock,
    pub(in crate::stock) tasks: Tasks,
}

impl Devices {
    /// Devices with an empty cache.
    pub(super) fn new(parts: &ShopParts) -> Self {
        let call_timeout = parts.request_timeout + CALL_TIMEOUT_SLACK;
        let upstream = Upstream::new(UpstreamParts {
            governor: Governor::new(parts.governor),
            clock: parts.clock.clone(),
            call_timeout,
            metrics: parts.metrics.clone(),
        });
        let cache = Arc::new(Cache::new(parts.cache_bytes, parts.text_bytes));
        let oddities = Arc::new(Oddities::new(parts.org_id, parts.clock.clone(), parts.metrics.clone()));
        let loader = Loader::new(LoaderParts {
            source: Arc::new(parts.client.clone()),
            upstream: upstream.clone(),
            cache: Arc::clone(&cache),
            clock: parts.clock.clone(),
            tasks: parts.tasks.clone(),
            call_timeout,
            max_pending_cells: parts.max_pending_cells,
            metrics: parts.metrics.clone(),
            oddities: Arc::clone(&oddities),
        });
        Self {
            client: parts.client.clone(),
            upstream,
            cache,
            loader,
            oddities,
            windows: WindowsSeen::default(),
            freshness: parts.freshness,
            clock: parts.clock.clone(),
            tasks: parts.tasks.clone(),
        }
    }

    /// How long the bucket would make a new question wait, behind all that waits already.
    pub(in crate::stock) fn queue_wait(&self) -> Duration {
        self.wait_for(self.loader.queued_calls())
    }

    /// How long the bucket would make this number of calls for inventory wait.
    pub(in crate::stock) fn wait_for(&self, calls: usize) -> Duration {
        self.upstream.governor().wait_for(&Resource::INVENTORY, calls)
    }
}
