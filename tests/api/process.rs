//! The gateway as a process of its own: what a test cannot see from inside, such as its log and its end.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use reqwest::Client;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tonkho::domain::access::KeyDigest;
use tonkho::sandbox::Sandbox;
use tonkho::sandbox::settings::{BucketSettings, SandboxSettings};

use crate::answer::Answer;
use crate::collector::PATIENCE;
use crate::gateway::TK_ALL;

/// So many calls, and so many a second, that no bucket is in the way.
const NO_LIMIT: u32 = 10_000;

/// How long the gateway may take to stop.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// A gateway that runs, and the Haravan it asks; killed when dropped.
pub(crate) struct Process {
    child: Option<Child>,
    url: String,
    lines: Arc<watch::Sender<Vec<Value>>>,
    http: Client,
    sandbox: Option<Sandbox>,
    _folder: TempDir,
}

/// What a gateway may take.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// How long it may take to stop.
    pub(crate) grace: Duration,
    /// How many files it may have open, connections included; `None` for as many as the tests.
    pub(crate) descriptors: Option<u32>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { grace: GRACE, descriptors: None }
    }
}

impl Bounds {
    fn command(self, program: &str) -> Command {
        let Some(descriptors) = self.descriptors else { return Command::new(program) };
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("ulimit -n {descriptors} && exec \"$0\" \"$@\""), program]);
        command
    }
}

impl Process {
    /// Starts `tonkho serve` with the key that may do everything, two shops, and more of a configuration.
    pub(crate) async fn start(more: &str, variables: &[(&str, &str)]) -> Self {
        Self::start_within(Bounds::default(), more, variables).await
    }

    /// The same, within other bounds.
    pub(crate) async fn start_within(bounds: Bounds, more: &str, variables: &[(&str, &str)]) -> Self {
        let mut haravan = SandboxSettings { workers: 1, ..SandboxSettings::default() };
        for shop in &mut haravan.shops {
            shop.bucket = BucketSettings::new(NO_LIMIT, f64::from(NO_LIMIT));
        }
        // Nothing in this process has done so yet: the gateway is in another.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().no_proxy().build().unwrap();
        let sandbox = Sandbox::start(haravan).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("tonkho.toml");
        std::fs::write(&config, configuration(&sandbox, bounds.grace, more)).unwrap();
        let mut child = bounds
            .command(env!("CARGO_BIN_EXE_tonkho"))
            .args(["serve", "--config"])
            .arg(&config)
            .env_clear()
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = Arc::new(watch::Sender::new(Vec::new()));
        let (said, heard) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&lines));
        thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                heard.send_modify(|lines| lines.push(line));
            }
        });
        let child = Some(child);
        let mut process =
            Self { child, url: String::new(), lines, http, sandbox: Some(sandbox), _folder: folder };
        process.url = format!("http://{}", process.line("listening").await["addr"].as_str().unwrap());
        process
    }

    /// A `GET` with the key that may do everything and these headers.
    pub(crate) async fn get(&self, path: &str, headers: &[(&'static str, &str)]) -> Answer {
        let mut request = self.http.get(format!("{}{path}", self.url)).bearer_auth(TK_ALL);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// The local Haravan.
    pub(crate) fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().unwrap()
    }

    /// Waits for a line of the log, the first with this message.
    pub(crate) async fn line(&self, message: &str) -> Value {
        let is_it = |line: &Value| line["message"] == message;
        let mut lines = self.lines.subscribe();
        let there = timeout(PATIENCE, lines.wait_for(|lines| lines.iter().any(is_it))).await;
        match there {
            Ok(Ok(lines)) => lines.iter().find(|line| is_it(line)).unwrap().clone(),
            _ => panic!("no line {message:?} in {:#?}", self.lines()),
        }
    }

    /// Waits until the log is as it should be.
    pub(crate) async fn lines_until(&self, is_enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let mut lines = self.lines.subscribe();
        match timeout(PATIENCE, lines.wait_for(|lines| is_enough(lines))).await {
            Ok(Ok(lines)) => lines.clone(),
            _ => panic!("never in {:#?}", self.lines()),
        }
    }

    /// The log so far.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.lines.borrow().clone()
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let told = Command::new("sh").args(["-c", &format!("kill {}", child.id())]).status();
        assert!(told.unwrap().success());
        let ended = timeout(PATIENCE, spawn_blocking(move || child.wait())).await;
        ended.unwrap().unwrap().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Fails if it has ended by itself, which is as good.
            let _ = child.kill();
            let _ = child.wait();
        }
        if let Some(sandbox) = self.sandbox.take() {
            let runtime = tokio::runtime::Handle::current();
            tokio::task::block_in_place(|| runtime.block_on(sandbox.stop()));
        }
    }
}

fn configuration(sandbox: &Sandbox, grace: Duration, more: &str) -> String {
    let digest: String =
        KeyDigest::of_key(TK_ALL).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let (haravan, grace) = (sandbox.base_url(), grace.as_millis());
    format!(
        r#"
        server = {{ listen = "127.0.0.1:0", workers = 2, shutdown_grace = "{grace}ms" }}
        haravan.base_url = "{haravan}"
        passthrough.allow = ["products/count.json"]
        {more}
        [[keys]]
        name = "all"
        sha256 = "{digest}"
        shops = ["*"]
        scopes = ["read", "haravan", "admin"]
        [[shops]]
        org_id = 1000
        token = "sandbox-1000"
        [[shops]]
        org_id = 2000
        token = "sandbox-2000"
        "#
    )
}
