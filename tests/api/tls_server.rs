//! A Haravan behind TLS, whose certificate is trusted by those alone who trust [`AUTHORITY`].

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

/// Who signed the certificate.
pub(crate) const AUTHORITY: &str = "\
-----BEGIN CERTIFICATE-----
MIIBkDCCATegAwIBAgIUfZn2xYtqaEvTDZQQRGuMLqX8jXIwCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSbm9ib2R5IHRydXN0cyB0aGlzMCAXDTI2MTEyNjIyMjAxNloY
DzIxMjYxMTAyMjIyMDE2WjAdMRswGQYDVQQDDBJub2JvZHkgdHJ1c3RzIHRoaXMw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATzmftkyHnnseP02kZAcQ4K/VPuzKFX
FjFAdBtLBlJsBfXDdHzkkxw+KgjFO6eqjBiwUQ95axBCwX2dzFHHKIA0o1MwUTAd
BgNVHQ4EFgQUftVY8D7V0+8XupvLfvClOqbreJEwHwYDVR0jBBgwFoAUftVY8D7V
0+8XupvLfvClOqbreJEwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBE
AiBt2LGqk/H4ed9xxCIHaj9V8esrBYXXxxYKgLN8BQTcMQIgOZEi5NRbfK4D17+r
zDxbi8233PWlheEncaWavPo+nTc=
-----END CERTIFICATE-----
";
/// For `localhost`, `haravan.invalid` and `127.0.0.1`.
const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBrjCCAVWgAwIBAgIUNEumAjnFM1VNrxHpNQhezzNrZd4wCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSbm9ib2R5IHRydXN0cyB0aGlzMCAXDTI2MTEyNzEzNDE0NFoY
DzIxMjYxMTAzMTM0MTQ0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjO
PQIBBggqhkjOPQMBBwNCAATTiOU1Q3wZRf8G+920HMq3CYCPuQTvH5hxJR7Edhl/
S//UNjVpaFVirakYwle4uAtNiqT8SVpEi7KFhtb8LBt4o3oweDArBgNVHREEJDAi
gglsb2NhbGhvc3SCD2hhcmF2YW4uaW52YWxpZIcEfwAAATAJBgNVHRMEAjAAMB0G
A1UdDgQWBBT2O+AKkFWeEaKjKx1JV/3q18Fj3zAfBgNVHSMEGDAWgBR+1VjwPtXT
7xe6m8t+8KU6put4kTAKBggqhkjOPQQDAgNHADBEAiBd5VZTcofQ1SxJys54EaQU
X57DH62yezJ3qGOj73rAsQIgVlYa2pab9O7rtOF5sbZNvtDVVsXedly5UoQMznh0
rkk=
-----END CERTIFICATE-----
";
const KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/ilfKnzCC1O5At2v
vIkAFdYMMsvFdRAwAIpiWCVbUaihRANCAATTiOU1Q3wZRf8G+920HMq3CYCPuQTv
H5hxJR7Edhl/S//UNjVpaFVirakYwle4uAtNiqT8SVpEi7KFhtb8LBt4
-----END PRIVATE KEY-----
";

/// The server; it ends with the process.
pub(crate) struct TlsServer {
    pub(crate) port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl TlsServer {
    /// Answers each request with this JSON.
    pub(crate) fn start(body: &'static str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key);
        let config = Arc::new(config.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (config, seen) = (Arc::clone(&config), Arc::clone(&seen));
                thread::spawn(move || serve(connection, config, body, &seen));
            }
        });
        Self { port, heads }
    }

    /// The heads of the requests that came.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().clone()
    }
}

/// Ends with the caller's end of the connection, or its alert.
fn serve(mut connection: TcpStream, config: Arc<ServerConfig>, body: &str, seen: &Mutex<Vec<String>>) {
    let mut tls = ServerConnection::new(config).unwrap();
    let mut stream = Stream::new(&mut tls, &mut connection);
    while let Some(head) = read_head(&mut stream) {
        seen.lock().push(head);
        let length = body.len();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
        if stream.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

/// The head of a request, without its empty line; `None` if it does not come whole.
pub(crate) fn read_head(from: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        from.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&head).trim_end().to_owned())
}
