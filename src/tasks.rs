//! Background tasks: each has a name, hears of the shutdown, and is awaited at the end.
//!
//! A panic in a task ends that task alone. It is logged and counted.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The background tasks of a gateway. Clones share them.
#[derive(Debug, Clone)]
pub struct Tasks {
    supervisor: Arc<Supervisor>,
}

#[derive(Debug)]
struct Supervisor {
    runtime: Handle,
    running: TaskTracker,
    /// The tasks should end.
    shutdown: CancellationToken,
    /// The tasks are out of time.
    cut_off: CancellationToken,
    panics: AtomicU64,
}

/// A task that runs. When it is dropped in a panic, it reports that.
struct Running {
    name: &'static str,
    supervisor: Arc<Supervisor>,
}

impl Tasks {
    /// No tasks yet. They will run on this runtime.
    #[must_use]
    pub fn new(runtime: Handle) -> Self {
        let (shutdown, cut_off) = (CancellationToken::new(), CancellationToken::new());
        let (running, panics) = (TaskTracker::new(), AtomicU64::new(0));
        Self { supervisor: Arc::new(Supervisor { runtime, running, shutdown, cut_off, panics }) }
    }

    /// The runtime that tasks run on.
    #[must_use]
    pub fn runtime(&self) -> &Handle {
        &self.supervisor.runtime
    }

    /// Starts a task that is dropped at the shutdown.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.supervisor.shutdown.clone();
        self.start(name, async move {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// Starts a task that ends by itself after the shutdown signal. It is dropped if it takes too long.
    pub fn spawn_with_shutdown<T>(&self, name: &'static str, task: impl FnOnce(CancellationToken) -> T)
    where
        T: Future<Output = ()> + Send + 'static,
    {
        self.start(name, task(self.supervisor.shutdown.clone()));
    }

    /// Signals the shutdown, and waits until all tasks have ended, or until the deadline. Returns how many tasks were
    /// cut off.
    pub async fn stop(&self, deadline: Instant) -> usize {
        let Supervisor { running, shutdown, cut_off, .. } = &*self.supervisor;
        shutdown.cancel();
        running.close();
        if timeout_at(deadline, running.wait()).await.is_ok() {
            return 0;
        }
        let left = running.len();
        cut_off.cancel();
        left
    }

    /// How many tasks have panicked.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.supervisor.panics.load(Ordering::Relaxed)
    }

    fn start(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let running = Running { name, supervisor: Arc::clone(&self.supervisor) };
        let cut_off = self.supervisor.cut_off.clone();
        let supervised = async move {
            let _running = running;
            tokio::select! {
                biased;
                () = cut_off.cancelled() => {}
                () = task => {}
            }
        };
        self.supervisor.running.spawn_on(supervised, &self.supervisor.runtime);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.supervisor.panics.fetch_add(1, Ordering::Relaxed);
            tracing::error!(task = self.name, "a background task panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use tokio::runtime::Handle;
    use tokio::time::{Instant, sleep};

    use super::Tasks;

    fn in_seconds(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_are_dropped_at_the_shutdown() {
        let tasks = Tasks::new(Handle::current());
        tasks.spawn("endless", pending());
        let began = Instant::now();
        assert_eq!(tasks.stop(in_seconds(9)).await, 0);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_hears_of_the_shutdown_has_until_the_deadline() {
        let tasks = Tasks::new(Handle::current());
        let saved = Arc::new(AtomicBool::new(false));
        let saves = Arc::clone(&saved);
        tasks.spawn_with_shutdown("saving", |shutdown| async move {
            shutdown.cancelled().await;
            sleep(Duration::from_secs(5)).await;
            saves.store(true, Ordering::Release);
        });
        tasks.spawn_with_shutdown("deaf", |_| pending());
        assert_eq!(tasks.stop(in_seconds(9)).await, 1, "only the one that does not end is cut off");
        assert!(saved.load(Ordering::Acquire));
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_counted_and_ends_one_task_alone() {
        let tasks = Tasks::new(Handle::current());
        let lived = Arc::new(AtomicBool::new(false));
        let lives = Arc::clone(&lived);
        tasks.spawn("broken", async { assert!(pending_is_false(), "as the test wants") });
        tasks.spawn("sound", async move { lives.store(true, Ordering::Release) });
        sleep(Duration::from_secs(1)).await;
        assert_eq!((tasks.panics(), lived.load(Ordering::Acquire)), (1, true));
    }

    fn pending_is_false() -> bool {
        std::hint::black_box(false)
    }
}
