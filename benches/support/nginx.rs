//! nginx with a cache of the same bytes, if it is there.
#![expect(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running nginx; killed when dropped.
pub(crate) struct Nginx {
    child: Child,
    pub(crate) url: String,
}

impl Nginx {
    /// One worker on this processor, in front of this server.
    pub(crate) fn start(processor: &str, folder: &Path, upstream: &str) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (folder, file) = (folder.display(), folder.join("nginx.conf"));
        let configuration = format!(
            "daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
             events {{ worker_connections 256; }}
             http {{
               access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
               client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
               fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
               proxy_cache_path {folder}/cache keys_zone=c:8m;
               open_file_cache max=100 inactive=1h;
               server {{
                 listen 127.0.0.1:{port};
                 location / {{ proxy_pass {upstream}; proxy_cache c; proxy_cache_valid 200 1h; }}
               }}
             }}"
        );
        std::fs::write(&file, configuration).unwrap();
        let mut command = Command::new("taskset");
        command.args(["-c", processor, "nginx", "-c"]).arg(&file).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        for _ in 0..1_000 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(Self { child, url: format!("http://127.0.0.1:{port}") });
            }
            if child.try_wait().unwrap().is_some() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
