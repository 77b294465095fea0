//! The sections that hold one value per key, each key declared once: name, type, default, kind and meaning.
//!
//! The `section!` macro makes of a declaration the struct, its `Default`, its reader and its lines in the
//! [reference](super::reference), so that none of them can differ from the others.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::base_url::{BASE_URL, BaseUrl};
use super::collector_url::{COLLECTOR, CollectorUrl};
use super::kind::{
    ADDRESS, FLAG, Kind, Refusal, bytes, duration, filled, integer, lasting, list, number, positive, share,
    size, string, whole,
};
use super::proxy::{HARAVAN_PROXY, HaravanProxy, OTLP_PROXY, ProxyUrl};
use super::reader::Reader;
use crate::clock::REACH;
use crate::domain::access::{PathPattern, PatternError};

/// A key as the reference shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyLine {
    /// Its section: `rate`, `shops[]`.
    pub(crate) section: &'static str,
    /// Its name in the section.
    pub(crate) key: &'static str,
    /// The kind of value.
    pub(crate) kind: &'static str,
    /// Its default in TOML; empty without a default.
    pub(crate) default: &'static str,
    /// What it means, as Markdown.
    pub(crate) meaning: &'static str,
}

/// Declares a section: `key: type = default, "the default in TOML", kind;` under the key's documentation.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $(#[derive($($derived:ident),+)])?
        $vis:vis struct $name:ident at $section:literal {
            $(
                $(#[doc = $meaning:literal])+
                $key:ident: $type:ty = $default:expr, $written:literal, $kind:expr;
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug $($(, $derived)+)?)]
        $vis struct $name {
            $($(#[doc = $meaning])+ pub $key: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)+ }
            }
        }

        impl $name {
            /// Its keys, for the reference.
            pub(crate) const KEYS: &'static [$crate::settings::sections::KeyLine] = &[
                $($crate::settings::sections::KeyLine {
                    section: $section,
                    key: stringify!($key),
                    kind: $kind.name,
                    default: $written,
                    meaning: concat!($($meaning),+),
                },)+
            ];

            /// What is written, and `unset` for every key that is not.
            pub(crate) fn read(reader: &mut $crate::settings::reader::Reader<'_>, unset: Self) -> Self {
                Self {
                    $($key: reader.value(stringify!($key), &$kind).map_or(unset.$key, Into::into),)+
                }
            }
        }
    };
}
pub(crate) use section;

/// The most threads that serve callers.
const MAX_WORKERS: i64 = 1024;
/// The most connections that may be served at once.
const MAX_CONNECTIONS: i64 = 1_000_000;
/// The deepest bucket, and the most calls at once, that a shop may be said to have: far above any plan of
/// Haravan's.
const MAX_CALLS: i64 = 10_000;
/// The fastest a bucket may be said to leak, in calls per second.
const MAX_LEAK: f64 = 10_000.0;
/// The longest that anyone is kept waiting.
const MAX_WAIT: Duration = Duration::from_secs(60 * 60);
/// The shortest timeout: less would only be a way to switch Haravan off.
const MIN_TIMEOUT: Duration = Duration::from_millis(1);
/// The longest that a cell can be of any use, stale or not.
pub(crate) const MAX_AGE: Duration = REACH;
/// The smallest cache: less does not hold one answer.
const MIN_CACHE_BYTES: u64 = 1 << 20;
/// The largest cache: 1 TiB.
const MAX_CACHE_BYTES: u64 = 1 << 40;
/// The smallest and the largest body that may be allowed.
const BODY_BYTES: (u64, u64) = (1 << 10, 1 << 30);
/// The longest body that may be passed through: 64 GiB.
const MOST_PASSED: u64 = 64 << 30;
/// The most cells that may be allowed anywhere.
const MAX_CELLS: i64 = 100_000_000;

section! {
    /// `[server]`: the listeners and the process.
    #[derive(PartialEq, Eq)]
    pub struct ServerSettings at "server" {
        /// The address and port to listen on.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)), r#""127.0.0.1:8080""#, ADDRESS;
        /// A second address to listen on, for operators: it serves `/metrics` and `/health/*` and nothing else. The first
        /// serves them too.
        admin_listen: Option<SocketAddr> = None, "", ADDRESS;
        /// How many threads serve callers; if unset, one per core.
        workers: Option<usize> = None, "", integer(|node| whole::<usize>(node, 1, MAX_WORKERS));
        /// The most connections that are served at once. A lower limit of open files lowers it. Probes are answered
        /// beyond it.
        max_connections: usize = 25_000, "25000", integer(|node| whole::<usize>(node, 1, MAX_CONNECTIONS));
        /// How long a request's body may take to come, and a second more for each 16 KiB of it that came.
        body_timeout: Duration = Duration::from_secs(10), r#""10s""#,
            duration(|node| lasting(node, MIN_TIMEOUT, MAX_WAIT));
        /// How long requests in flight may take to finish after SIGTERM.
        shutdown_grace: Duration = Duration::from_secs(25), r#""25s""#,
            duration(|node| lasting(node, Duration::ZERO, MAX_WAIT));
    }
}

section! {
    /// `[haravan]`: where Haravan is and how long to wait for it.
    #[derive(PartialEq, Eq)]
    pub struct HaravanSettings at "haravan" {
        /// The start of every URL asked of Haravan: https, or http on loopback only.
        base_url: BaseUrl = BaseUrl::default(), r#""https://apis.haravan.com""#, BASE_URL;
        /// How long a connection may take to open.
        connect_timeout: Duration = Duration::from_secs(3), r#""3s""#,
            duration(|node| lasting(node, MIN_TIMEOUT, MAX_WAIT));
        /// How long a call may take, its connection included.
        request_timeout: Duration = Duration::from_secs(8), r#""8s""#,
            duration(|node| lasting(node, MIN_TIMEOUT, MAX_WAIT));
        /// The proxy that https calls go through, such as `http://proxy:3128`; `none` for no proxy, whatever the
        /// environment says. If it is empty, `HTTPS_PROXY` and `NO_PROXY` count. Calls to loopback go through none.
        proxy: HaravanProxy = HaravanProxy::FromEnvironment, r#""""#, HARAVAN_PROXY;
    }
}

section! {
    /// `[rate]`: a shop's call budget at Haravan.
    #[derive(Copy, PartialEq)]
    pub struct RateSettings at "rate" {
        /// How many calls Haravan's leaky bucket holds for the shop.
        bucket: u32 = 80, "80", integer(|node| whole::<u32>(node, 1, MAX_CALLS));
        /// How many calls leak out of the bucket each second.
        leak_per_second: f64 = 4.0, "4.0", number(|node| positive(node, MAX_LEAK));
        /// Places of the bucket left to other users of the shop's token; fewer than `bucket`.
        headroom: u32 = 4, "4", integer(|node| whole::<u32>(node, 0, MAX_CALLS));
        /// How many calls may be under way for the shop at once.
        max_in_flight: u32 = 8, "8", integer(|node| whole::<u32>(node, 1, MAX_CALLS));
    }
}

section! {
    /// `[cache]`: how long a shop's cells are good for, and how much room they get.
    #[derive(Copy, PartialEq, Eq)]
    pub struct CacheSettings at "cache" {
        /// The age up to which a cell is served as it is.
        fresh: Duration = Duration::from_secs(15), r#""15s""#,
            duration(|node| lasting(node, Duration::ZERO, MAX_AGE));
        /// How much longer a cell is served while it is read anew.
        stale_while_revalidate: Duration = Duration::from_secs(15), r#""15s""#,
            duration(|node| lasting(node, Duration::ZERO, MAX_AGE));
        /// How much longer a cell is served when Haravan fails.
        stale_if_error: Duration = Duration::from_secs(600), r#""10m""#,
            duration(|node| lasting(node, Duration::ZERO, MAX_AGE));
        /// How many bytes a shop's cells may take up.
        max_bytes: u64 = 256 << 20, r#""256MiB""#, size(|node| bytes(node, MIN_CACHE_BYTES, MAX_CACHE_BYTES));
        /// How many more bytes a shop's answers and rows may take up, kept as text to be sent again; 0 keeps none.
        ready_bytes: u64 = 32 << 20, r#""32MiB""#, size(|node| bytes(node, 0, MAX_CACHE_BYTES));
    }
}

section! {
    /// `[limits]`: what one request, and all requests together, may ask for.
    #[derive(PartialEq, Eq)]
    pub struct LimitSettings at "limits" {
        /// How many cells (variant x location) one request may ask for.
        max_cells: usize = 250_000, "250000", integer(|node| whole::<usize>(node, 1, MAX_CELLS));
        /// How many cells may be waited for at once in one shop, over all callers.
        max_pending_cells: usize = 1_000_000, "1000000", integer(|node| whole::<usize>(node, 1, MAX_CELLS));
        /// How many bytes a request's body may have.
        max_body: u64 = 4 << 20, r#""4MiB""#, size(|node| bytes(node, BODY_BYTES.0, BODY_BYTES.1));
        /// How long a request waits for its cells unless it says otherwise; at most `max_wait`.
        default_wait: Duration = Duration::from_secs(10), r#""10s""#,
            duration(|node| lasting(node, MIN_TIMEOUT, MAX_WAIT));
        /// The longest wait a request may ask for.
        max_wait: Duration = Duration::from_secs(60), r#""60s""#,
            duration(|node| lasting(node, MIN_TIMEOUT, MAX_WAIT));
    }
}

section! {
    /// `[auth]`: whether callers need a key.
    #[derive(PartialEq, Eq)]
    pub struct AuthSettings at "auth" {
        /// Serves every caller everything, without a key; only on a loopback listener.
        disabled: bool = false, "false", FLAG;
    }
}

section! {
    /// `[passthrough]`: which of Haravan's other resources are passed through.
    #[derive(PartialEq, Eq)]
    pub struct PassthroughSettings at "passthrough" {
        /// The paths below `/com/` that keys with the scope `haravan` may read, as patterns such as `products/*`:
        /// `*` stands for any letters, slashes included.
        allow: Vec<PathPattern> = vec![PathPattern::all()], r#"["*"]"#, PATHS;
        /// The paths that keys with the scope `haravan-write` may write to, as patterns.
        write: Vec<PathPattern> = vec![PathPattern::all()], r#"["*"]"#, PATHS;
        /// The longest body that is passed through, in either direction.
        max_body: u64 = 64 << 20, r#""64MiB""#, size(|node| bytes(node, BODY_BYTES.0, MOST_PASSED));
    }
}

section! {
    /// `[telemetry]`: what is logged and traced, and how.
    #[derive(PartialEq)]
    pub struct TelemetrySettings at "telemetry" {
        /// What is logged, in the syntax of `RUST_LOG`.
        log: String = "info".to_owned(), r#""info""#, string(log_filter);
        /// How log lines are written: `text` or `json`.
        log_format: LogFormat = LogFormat::Text, r#""text""#, LOG_FORMAT;
        /// The collector that traces are exported to, by OTLP over HTTP, such as `http://127.0.0.1:4318`. If it
        /// is empty, no traces are exported.
        otlp_endpoint: Option<CollectorUrl> = None, r#""""#, COLLECTOR;
        /// The proxy that traces go through to the collector, such as `http://proxy:3128`. If it is empty,
        /// traces take no proxy; the environment does not count.
        otlp_proxy: Option<ProxyUrl> = None, r#""""#, OTLP_PROXY;
        /// The share of requests that is traced where the caller has not decided, from 0 to 1.
        otlp_sample_ratio: f64 = 1.0, "1.0", number(share);
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

const LOG_FORMAT: Kind<LogFormat> =
    Kind::new("string", "\"text\" or \"json\"", |node| match node.text().as_deref() {
        Some("text") => Ok(LogFormat::Text),
        Some("json") => Ok(LogFormat::Json),
        Some(_) | None => Err(Refusal::Shape),
    });

const PATHS: Kind<Vec<PathPattern>> =
    Kind::new("strings", "a list of patterns such as [\"products/*\"]", |node| {
        list(node, "a pattern such as \"products/*\"", |item| {
            let pattern = item.text().ok_or(Refusal::Shape)?;
            pattern.parse().map_err(|error: PatternError| Refusal::Because(error.to_string()))
        })
    });

fn log_filter(node: &super::tree::Node) -> Result<String, Refusal> {
    let text = filled(node)?;
    match tracing_subscriber::EnvFilter::try_new(&text) {
        Ok(_) => Ok(text),
        Err(_) => Err(Refusal::Because(
            "expected a log filter such as \"info\" or \"info,tonkho=debug\"".to_owned(),
        )),
    }
}

impl HaravanSettings {
    pub(crate) fn checked(reader: &mut Reader<'_>) -> Self {
        let settings = Self::read(reader, Self::default());
        let sound = reader.sound(&["connect_timeout", "request_timeout"]);
        if sound && settings.request_timeout < settings.connect_timeout {
            reader.refuse("connect_timeout", "must not be longer than request_timeout, which includes it");
        }
        settings
    }
}

impl RateSettings {
    pub(crate) fn checked(reader: &mut Reader<'_>, unset: Self) -> Self {
        let written = reader.has("bucket") || reader.has("headroom");
        let settings = Self::read(reader, unset);
        // Said once: a shop that overrides neither is not to blame for `[rate]`.
        let sound = written && reader.sound(&["bucket", "headroom"]);
        if sound && settings.bucket <= settings.headroom {
            reader.refuse("headroom", "must be less than bucket, or no call could ever be made");
        }
        settings
    }
}

impl LimitSettings {
    pub(crate) fn checked(reader: &mut Reader<'_>) -> Self {
        let settings = Self::read(reader, Self::default());
        if reader.sound(&["default_wait", "max_wait"]) && settings.max_wait < settings.default_wait {
            reader.refuse("default_wait", "must not be longer than max_wait");
        }
        settings
    }
}

impl AuthSettings {
    pub(crate) fn checked(reader: &mut Reader<'_>, server: &ServerSettings) -> Self {
        let settings = Self::read(reader, Self::default());
        if settings.disabled && !server.listen.ip().is_loopback() {
            reader.refuse(
                "disabled",
                "is allowed only if server.listen is a loopback address such as 127.0.0.1",
            );
        }
        settings
    }
}
