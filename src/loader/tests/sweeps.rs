//! What sweeps cost in calls.

use super::fake::{Fake, Setting, cells, lacks};
use super::in_seconds;

/// The calls of a first sweep and of one when the density is known, with their floors and the naive sweeps' calls.
#[tokio::test(start_paused = true)]
async fn measure() {
    for (variants, locations) in [(50_u64, 5_u64), (500, 5), (1_000, 20), (10_000, 24)] {
        for share in [50_u64, 10, 1] {
            let setting = Setting::new(Fake::sparse(2 * variants + 1_000, locations, share));
            let mut line = format!("{variants} x {locations} at {share} %:");
            let mut first = 1;
            for size in [variants, 1_000, variants] {
                let wanted = first..first + size;
                first += size;
                let before = setting.fake.calls();
                let load = setting.loader.load(lacks(wanted.clone(), 1..=locations)).unwrap();
                cells(&load.finish(in_seconds(1_000)).await);
                let calls = setting.fake.calls() - before;
                let (rows, naive) = setting.fake.naive(wanted);
                let floor = usize::try_from(size.div_ceil(50)).unwrap().max(rows.div_ceil(250));
                line += &format!("  {calls} calls, floor {floor}, naive {naive} |");
            }
            println!("{line}");
        }
    }
}
