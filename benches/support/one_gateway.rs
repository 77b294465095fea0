//! A gateway in a process of its own, and how much memory it has.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark may stop at the first surprise")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tonkho::app::App;
use tonkho::domain::access::KeyDigest;
use tonkho::sandbox::settings::{BucketSettings, GENERATED_SHOP};
use tonkho::settings::Settings;
use tonkho::settings::environment::Environment;

pub(crate) const KEY: &str = "tk_bench";

/// A running gateway; killed when dropped.
pub(crate) struct Gateway {
    child: Child,
    url: String,
}

impl Gateway {
    /// Starts one over this Haravan, whose cells stay fresh for this long.
    pub(crate) fn start(haravan: &str, bucket: BucketSettings, fresh: Duration) -> Self {
        let folder = std::env::temp_dir().join(format!("tonkho-passthrough-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("tonkho.toml");
        fs::write(&file, configuration(haravan, bucket, fresh)).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command.arg("gateway").arg(&file).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        fs::remove_dir_all(folder).unwrap();
        Self { child, url: url.trim().to_owned() }
    }

    /// The base of the shop's paths.
    pub(crate) fn shop(&self) -> String {
        format!("{}/shops/{GENERATED_SHOP}", self.url)
    }

    /// Forgets what was the most memory; what there is now, in bytes.
    pub(crate) fn forget_peak(&self) -> u64 {
        // 5 resets the peak: see proc(5).
        fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
        self.bytes("VmRSS:")
    }

    /// The most memory since then, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        self.bytes("VmHWM:")
    }

    fn bytes(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Fails if it has ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(haravan: &str, bucket: BucketSettings, fresh: Duration) -> String {
    let BucketSettings { size, leak_per_second, .. } = bucket;
    format!(
        "[server]\nlisten = '127.0.0.1:0'\nworkers = 1\n\
         [haravan]\nbase_url = '{haravan}'\n\
         [rate]\nbucket = {size}\nleak_per_second = {leak_per_second:?}\n\
         [cache]\nfresh = '{}ms'\n\
         [[keys]]\nname = 'bench'\nsha256 = '{}'\nshops = ['*']\nscopes = ['read', 'haravan', 'haravan-write']\n\
         [[shops]]\norg_id = {GENERATED_SHOP}\ntoken = 'sandbox-{GENERATED_SHOP}'\n",
        fresh.as_millis(),
        KeyDigest::of_key(KEY),
    )
}

/// Is such a gateway, until the process is killed.
pub(crate) fn serve(file: &str) {
    let none: Environment = std::iter::empty::<(&str, &str)>().collect();
    let settings = Settings::load(Some(Path::new(file)), &none).unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let app = App::build(settings).unwrap();
        println!("http://{}", app.addr());
        app.run_until(std::future::pending()).await.unwrap();
    });
}
