//! The metrics as they are gathered, written down for `promtool check metrics` (`make metrics-check`).

use std::fs;
use std::path::Path;
use std::time::Duration;

use prometheus::TextEncoder;
use tonkho::domain::id::OrgId;
use tonkho::metrics::{MethodLabel, Metrics, ShopReading, UPSTREAM_OUTCOMES};
use tonkho::plan::pending::Priority;

use crate::source::read;

#[test]
fn every_metric_is_written_down_to_be_checked() {
    let metrics = Metrics::new().unwrap();
    metrics.route("/shops").answered(MethodLabel::of("GET"), 200, Duration::from_millis(3));
    metrics.connections().open.inc();
    metrics.show_task_panics(1);
    let shop = metrics.shop(OrgId::new(1000).unwrap());
    shop.upstream_batch(250);
    for outcome in UPSTREAM_OUTCOMES {
        shop.upstream_request(outcome, Duration::from_millis(300));
    }
    shop.show(ShopReading {
        resident_cells: 250,
        cache_bytes: 10_000,
        bucket_level: 1.5,
        bucket_usable: 76.0,
        stopped: None,
        queue_cells: &Priority::ALL.map(|priority| (priority.as_str(), 0)),
    });
    let text = TextEncoder::new().encode_to_string(&metrics.registry().gather()).unwrap();
    let declared = text.lines().filter(|line| line.starts_with("# TYPE tonkho_")).count();
    // A family without a series is not written, so each of them was counted above.
    let families = read("src/metrics.rs").matches("= \"tonkho_").count();
    assert_eq!(declared, families, "{text}");
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("metrics.txt"), text).unwrap();
}
