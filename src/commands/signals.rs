//! SIGTERM and ctrl-c: the first stops gracefully, the second at once.

use std::future::Future;
use std::io;

use tokio::sync::oneshot;

use super::Failure;

/// The exit code after a second signal, as shells have it for SIGINT.
const STOPPED_AT_ONCE: i32 = 130;

/// Ready once a signal asks the process to stop. Listening begins with the call, not with the first poll: a signal
/// that comes while the gateway starts is not lost.
pub(super) fn shutdown_signal() -> Result<impl Future<Output = ()>, Failure> {
    let mut signals = Signals::listen().map_err(|error| Failure::failed(format!("no signals: {error}")))?;
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(async move {
        signals.next().await;
        // No receiver is left: then the process is about to end anyway.
        let _unheard = stop.send(());
        signals.next().await;
        std::process::exit(STOPPED_AT_ONCE);
    });
    Ok(async {
        // The task above never ends without sending.
        let _told = stopped.await;
    })
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "as where there are signals")]
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
