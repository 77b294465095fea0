//! How many connections are served at once: as many as the settings say, and fewer than there are descriptors.

use std::fs;

use super::connections::BEYOND;
use crate::settings::Settings;

/// Descriptors that the process has open whatever it serves: its listeners, its logs, its runtimes, a scrape's file.
/// Source: measured, and rounded up.
const OURS: usize = 48;
/// Descriptors that each thread that serves callers has open. Source: measured.
const OF_A_WORKER: usize = 4;
/// Connections that may be accepted before any of them is counted. Source: ours.
pub(super) const IN_HAND: usize = 16;

/// Connections that the operators' listener serves at once. Source: ours; a few scrapes and probes at a time.
pub(super) const OPERATORS: usize = 16;

/// How many connections a gateway with these settings serves at once.
pub(super) fn connections(settings: &Settings, workers: usize) -> usize {
    let to_haravan = settings.shops.iter().map(|shop| usize::try_from(shop.rate.max_in_flight).unwrap_or(0));
    let to_haravan = to_haravan.fold(0, usize::saturating_add);
    let own = OURS.saturating_add(workers.saturating_mul(OF_A_WORKER)).saturating_add(to_haravan);
    let to_operators = settings.server.admin_listen.map_or(0, |_| OPERATORS + BEYOND + IN_HAND);
    let own = own.saturating_add(to_operators);
    within(descriptors(), own).min(settings.server.max_connections)
}

/// How many connections there is room for: at least half of the descriptors are callers'.
fn within(descriptors: Option<usize>, own: usize) -> usize {
    let Some(descriptors) = descriptors else { return usize::MAX };
    let ours = own.min(descriptors / 2).saturating_add(BEYOND).saturating_add(IN_HAND);
    descriptors.saturating_sub(ours).max(1)
}

/// How many descriptors this process may have open, where the system says so.
fn descriptors() -> Option<usize> {
    soft_limit(&fs::read_to_string("/proc/self/limits").ok()?)
}

/// Reads the soft limit of open files from a process's `limits` file on Linux. `None` if it is unlimited.
fn soft_limit(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{BEYOND, IN_HAND, soft_limit, within};

    #[test]
    fn connections_leave_descriptors_for_everything_else() {
        assert_eq!(within(Some(1024), 100), 1024 - 100 - BEYOND - IN_HAND);
        assert_eq!(within(Some(200), 5_000), 200 - 100 - BEYOND - IN_HAND);
        assert_eq!(within(Some(20), 100), 1);
        assert_eq!(within(None, 100), usize::MAX);
    }

    #[test]
    fn the_limit_is_read_as_linux_writes_it() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max processes             31207                31207                processes \n\
                      Max open files            1024                 524288               files     \n";
        assert_eq!(soft_limit(limits), Some(1024));
        assert_eq!(soft_limit(&limits.replace("1024  ", "unlimited")), None);
        assert_eq!(soft_limit(""), None);
    }
}
