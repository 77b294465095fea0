//! Traces: continued from the caller, telling every step of a question's way, and in nobody's.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::Value;
use tokio::time::Instant;
use tonkho::sandbox::faults::Faults;

use crate::collector::{Collector, Manner, Span, Trace};
use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, GENERATED, TK_ALL, grid};
use crate::process::{GRACE, Process};

/// What callers' spans are called in these tests.
const PARENT: &str = "00f067aa0ba902b7";
const INVENTORY: &str = "GET /shops/{org_id}/com/inventory_locations.json";
const CALL: &str = "GET /com/inventory_locations.json";
/// A bucket that is in nobody's way.
const NO_LIMIT: &str = "rate = { bucket = 10000, leak_per_second = 10000.0, headroom = 0 }\n";

/// Starts a gateway that exports to this collector.
async fn traced(collector: &Collector, more: &str) -> Process {
    traced_in(collector, more, "", &[]).await
}

async fn traced_in(
    collector: &Collector,
    more: &str,
    telemetry: &str,
    variables: &[(&str, &str)],
) -> Process {
    let endpoint = collector.url();
    let telemetry = format!(
        "log = \"info,access=debug\", log_format = \"json\", otlp_endpoint = \"{endpoint}\"{telemetry}"
    );
    Process::start(&format!("{more}telemetry = {{ {telemetry} }}"), variables).await
}

/// A trace of a test's own.
fn trace_id(number: u8) -> String {
    format!("{number:032x}")
}

/// The caller's place in that trace, which is recorded.
fn traceparent(number: u8) -> String {
    format!("00-{}-{PARENT}-01", trace_id(number))
}

fn example() -> String {
    format!("/shops/{EXAMPLE}/com/inventory_locations.json?{EXAMPLE_QUERY}")
}

fn generated(variants: &[u64], locations: &[u64]) -> String {
    format!("/shops/{GENERATED}/com/inventory_locations.json?{}", grid(variants, locations))
}

/// Waits until spans of all these names have come of this trace, and gives back all that came.
async fn exported(collector: &Collector, number: u8, names: &[&str]) -> Trace {
    let trace_id = trace_id(number);
    let has =
        |spans: &[Span], name: &str| spans.iter().any(|span| span.trace_id == trace_id && span.name == name);
    let what = format!("{names:?} of {trace_id}");
    collector.wait_for(&what, |received| names.iter().all(|name| has(&received.spans, name))).await;
    collector.trace(&trace_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_shows_request_load_governor_wait_tile_and_pages() {
    let collector = Collector::start(Manner::Takes);
    let bucket = "rate = { bucket = 1, leak_per_second = 4.0, headroom = 0 }\n";
    let gateway = traced(&collector, bucket).await;
    let shop = gateway.sandbox().shop(GENERATED).unwrap();
    shop.set_faults(Faults { page_clamp: Some(10), ..Faults::default() });
    let path = generated(&shop.variant_ids()[..4], &shop.location_ids()[..5]);
    let headers = [("traceparent", &*traceparent(1)), ("tracestate", "vendor=x1"), ("x-request-id", "mine")];
    let rows = gateway.get(&path, &headers).await.rows().len();
    assert!((11..20).contains(&rows), "two pages at least, and cells without a row: {rows}");
    let trace = exported(&collector, 1, &[INVENTORY, "load", "tile"]).await;
    let tile = trace.only("tile");
    let pages = trace.below(tile, CALL);

    let request = trace.only(INVENTORY);
    assert_eq!((request.parent_id.as_str(), request.state.as_str()), (PARENT, "vendor=x1"));
    assert_eq!(request.kind, SpanKind::Server);
    for (name, expected) in [
        ("http.request.method", "GET"),
        ("http.route", "/shops/{org_id}/com/inventory_locations.json"),
        ("http.response.status_code", "200"),
        ("url.scheme", "http"),
        ("tonkho.request_id", "mine"),
        ("tonkho.shop", "2000"),
        ("tonkho.cache", "miss"),
        ("tonkho.cells.asked", "20"),
        ("tonkho.cells.fetched", "20"),
        ("tonkho.cells.joined", "0"),
        ("tonkho.cells.hit", "0"),
        ("tonkho.calls", &pages.len().to_string()),
    ] {
        assert_eq!(request.says(name), expected, "{name}: {request:#?}");
    }

    let load = trace.only("load");
    assert_eq!(load.parent_id, request.id);
    assert_eq!((load.says("tonkho.cells.asked"), load.says("tonkho.priority")), ("20", "interactive"));
    let leave = trace.below(load, "governor wait");
    assert_eq!(leave.len(), 1, "for the tile: {trace:#?}");
    assert_eq!(tile.parent_id, load.id);
    assert_eq!((tile.says("tonkho.tile.variants"), tile.says("tonkho.tile.locations")), ("4", "5"));

    let number = |page: &Span, name: &str| page.says(name).parse::<usize>().unwrap();
    // The last call asks for the first page again, whose length tells whether the second was whole.
    let asked = &pages[..pages.len() - 1];
    assert_eq!(asked.iter().map(|page| number(page, "tonkho.page.rows")).sum::<usize>(), rows);
    for (page, expected) in asked.iter().zip(1..) {
        assert_eq!(number(page, "tonkho.page.number"), expected);
        assert_eq!((page.kind, page.says("http.response.status_code")), (SpanKind::Client, "200"));
        assert!(!page.is_error && page.says("error.type").is_empty(), "{page:#?}");
    }
    // The bucket holds one call, which takes a quarter of a second to leak out before there is room for the next.
    let waits = trace.below(tile, "governor wait");
    assert_eq!(waits.len(), pages.len() - 1, "for each page but the first: {trace:#?}");
    let waited = Duration::from_nanos(waits[0].ended - leave[0].started);
    assert!(Duration::from_millis(240) <= waited, "{waited:?}");
    assert!(pages[0].ended <= waits[0].ended && waits[0].ended <= pages[1].started, "{trace:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_a_tile_in_flight_has_a_join_that_links_to_it() {
    let collector = Collector::start(Manner::Takes);
    let gateway = traced(&collector, NO_LIMIT).await;
    let shop = gateway.sandbox().shop(GENERATED).unwrap();
    let (variants, locations) = (shop.variant_ids(), shop.location_ids());
    let hold = shop.hold();
    let (first, second) = (traceparent(1), traceparent(2));
    let (first, second) = ([("traceparent", &*first)], [("traceparent", &*second)]);
    let path = generated(&variants[..2], &locations[..1]);
    let first = gateway.get(&path, &first);
    let second = async {
        shop.wait_for_requests(1).await;
        gateway.get(&generated(&variants[1..3], &locations[..1]), &second).await
    };
    let release = async {
        // The second question's own call: what it shares with the first is joined by now.
        shop.wait_for_requests(2).await;
        drop(hold);
    };
    let (first, second, ()) = tokio::join!(first, second, release);
    assert_eq!((first.status, second.status), (200, 200));
    let first = exported(&collector, 1, &[INVENTORY, "load", "tile"]).await;
    let second = exported(&collector, 2, &[INVENTORY, "load", "join", "tile"]).await;
    let (tile, load, join) = (first.only("tile"), second.only("load"), second.only("join"));
    assert_eq!((join.parent_id.as_str(), join.says("tonkho.cells.joined")), (load.id.as_str(), "1"));
    assert_eq!(join.links, [(trace_id(1), tile.id.clone())]);
    assert_eq!(second.only("tile").parent_id, load.id, "what nobody had asked for has a tile of its own");
    assert_eq!(second.only(INVENTORY).says("tonkho.cells.joined"), "1");
    assert!(first.0.iter().all(|span| span.name != "join"), "{first:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tile_for_two_questions_is_in_one_trace_and_joined_in_the_other() {
    let collector = Collector::start(Manner::Takes);
    let one_at_a_time = NO_LIMIT.replace(" }", ", max_in_flight = 1 }");
    let gateway = traced(&collector, &one_at_a_time).await;
    let shop = gateway.sandbox().shop(GENERATED).unwrap();
    let (variants, locations) = (shop.variant_ids(), shop.location_ids());
    let hold = shop.hold();
    let parents = [traceparent(1), traceparent(2), traceparent(3)];
    let paths: Vec<_> = (0..3).map(|at| generated(&variants[at..=at], &locations[..1])).collect();
    let ask = async |at: usize| gateway.get(&paths[at], &[("traceparent", &parents[at])]).await.status;
    let waiting = async |cells: &str| {
        let gauge = format!("tonkho_queue_cells{{priority=\"interactive\",shop=\"{GENERATED}\"}} {cells}\n");
        let begun = Instant::now();
        while !gateway.get("/metrics", &[]).await.text().contains(&gauge) {
            assert!(begun.elapsed() < Duration::from_secs(30), "no {gauge}");
        }
    };
    let second = async {
        shop.wait_for_requests(1).await;
        ask(1).await
    };
    let third = async {
        // Before that, the one that waits may be the first's.
        shop.wait_for_requests(1).await;
        waiting("1").await;
        ask(2).await
    };
    let release = async {
        waiting("2").await;
        drop(hold);
    };
    let (first, second, third, ()) = tokio::join!(ask(0), second, third, release);
    assert_eq!([first, second, third], [200; 3]);
    let second = exported(&collector, 2, &[INVENTORY, "load", "tile"]).await;
    let third = exported(&collector, 3, &[INVENTORY, "load", "join"]).await;
    let tile = second.only("tile");
    assert_eq!((tile.says("tonkho.tile.variants"), tile.says("tonkho.priority")), ("2", "interactive"));
    assert_eq!(third.only("join").links, [(trace_id(2), tile.id.clone())]);
    assert_eq!(third.only("governor wait").parent_id, third.only("load").id);
    assert!(third.0.iter().all(|span| span.name != "tile" && span.name != CALL), "{third:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_answer_has_the_refresh_in_its_trace() {
    let collector = Collector::start(Manner::Takes);
    let gateway = traced(&collector, &format!("{NO_LIMIT}cache.fresh = \"0s\"\n")).await;
    gateway.get(&example(), &[]).await.rows();
    gateway.get(&example(), &[("traceparent", &traceparent(1))]).await.rows();
    let trace = exported(&collector, 1, &[INVENTORY, "load", "tile"]).await;
    let (request, load) = (trace.only(INVENTORY), trace.only("load"));
    assert_eq!((request.says("tonkho.cache"), request.says("tonkho.cells.stale")), ("stale", "4"));
    assert_eq!((load.parent_id.as_str(), load.says("tonkho.priority")), (request.id.as_str(), "refresh"));
    assert_eq!(trace.only("tile").parent_id, load.id);
    assert_eq!(trace.only(CALL).parent_id, trace.only("tile").id);
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_calls_say_why_and_their_retries_how_many_there_were() {
    let collector = Collector::start(Manner::Takes);
    let gateway = traced(&collector, NO_LIMIT).await;
    gateway.sandbox().shop(EXAMPLE).unwrap().set_faults(Faults { fail_next: 1, ..Faults::default() });
    gateway.get(&example(), &[("traceparent", &traceparent(1))]).await.rows();
    let trace = exported(&collector, 1, &[INVENTORY, "load", "tile"]).await;
    let calls = trace.below(trace.only("tile"), CALL);
    let [failed, retry] = calls.as_slice() else { panic!("{trace:#?}") };
    assert!(failed.is_error && !retry.is_error, "{calls:#?}");
    assert_eq!((failed.says("http.response.status_code"), failed.says("error.type")), ("500", "500"));
    assert_eq!(
        (failed.says("http.request.resend_count"), retry.says("http.request.resend_count")),
        ("", "1")
    );
    assert!(!trace.only(INVENTORY).is_error);
}

#[tokio::test(flavor = "multi_thread")]
async fn locations_and_forwarded_paths_are_traced_by_their_patterns() {
    let collector = Collector::start(Manner::Takes);
    let gateway = traced(&collector, NO_LIMIT).await;
    let path = format!("/shops/{EXAMPLE}/com/locations.json");
    assert_eq!(gateway.get(&path, &[("traceparent", &traceparent(1))]).await.status, 200);
    let path = format!("/shops/{EXAMPLE}/com/products/count.json");
    assert_eq!(gateway.get(&path, &[("traceparent", &traceparent(2))]).await.status, 200);
    let route = "GET /shops/{org_id}/com/locations.json";
    let trace = exported(&collector, 1, &[route, "locations"]).await;
    let reading = trace.only("locations");
    assert_eq!(reading.parent_id, trace.only(route).id);
    assert_eq!(trace.below(reading, "GET /com/locations.json").len(), 2, "the list, and an empty page");
    assert_eq!(trace.below(reading, "governor wait").len(), 2);
    let route = "GET /shops/{org_id}/com/{path:.*}";
    let trace = exported(&collector, 2, &[route, "GET /com/{path}"]).await;
    let request = trace.only(route);
    assert_eq!(trace.below(request, "GET /com/{path}").len(), 1);
    assert_eq!(trace.below(request, "governor wait").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callers_decision_goes_over_the_ratio_and_a_malformed_one_is_none() {
    let collector = Collector::start(Manner::Takes);
    let mut gateway = traced_in(&collector, NO_LIMIT, ", otlp_sample_ratio = 0", &[]).await;
    let (unsampled, sampled) = (traceparent(1).replace("-01", "-00"), traceparent(2));
    let malformed = traceparent(3).to_uppercase().replace("-01", "-0A");
    for parent in [&unsampled, &sampled, &malformed] {
        gateway.get(&example(), &[("traceparent", parent)]).await.rows();
    }
    gateway.get(&example(), &[]).await.rows();
    assert!(gateway.stop().await.success());
    let spans = collector.spans();
    assert!(!spans.is_empty() && spans.iter().all(|span| span.trace_id == trace_id(2)), "{spans:#?}");
    assert_eq!(collector.trace(&trace_id(2)).only(INVENTORY).says("tonkho.cache"), "hit");

    let collector = Collector::start(Manner::Takes);
    let mut gateway = traced(&collector, NO_LIMIT).await;
    for parent in [&unsampled, &malformed] {
        gateway.get(&example(), &[("traceparent", parent)]).await.rows();
    }
    for probe in ["/health/ready", "/metrics"] {
        assert_eq!(gateway.get(probe, &[]).await.status, 200);
    }
    assert!(gateway.stop().await.success());
    let requests: Vec<_> =
        collector.spans().into_iter().filter(|span| span.kind == SpanKind::Server).collect();
    let [begun] = requests.as_slice() else { panic!("{requests:#?}") };
    assert_eq!(begun.parent_id, "", "the malformed one begins a trace of its own");
    assert_ne!(begun.trace_id, trace_id(3));
    let logged: Vec<_> = gateway.lines().into_iter().filter(|line| line["message"] == "answered").collect();
    assert!(
        logged.iter().all(|line| line.get("span").is_none() && line.get("spans").is_none()),
        "{logged:#?}"
    );
    let ids: Vec<_> = logged.iter().map(|line| line["trace_id"].as_str()).collect();
    assert_eq!(ids, [Some(trace_id(1).as_str()), Some(begun.trace_id.as_str())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_span_holds_what_was_sent_or_what_is_secret() {
    let collector = Collector::start(Manner::Takes);
    let mut gateway = traced(&collector, NO_LIMIT).await;
    for path in [
        format!("{}&note=hush", example()),
        format!("/shops/{EXAMPLE}/stock?variant_ids=hush"),
        format!("/shops/{EXAMPLE}/com/products/count.json?vendor=hush"),
        "/hush?hush".to_owned(),
        "/shops/4711/stock?variant_ids=1".to_owned(),
    ] {
        let keys = [("x-api-key", TK_ALL), ("x-haravan-access-token", TK_ALL)];
        let others = [("cookie", "hush"), ("user-agent", "hush")];
        gateway.get(&path, &[keys, others].concat()).await;
    }
    assert!(gateway.stop().await.success());
    let received = collector.received();
    let requests = received.spans.iter().filter(|span| span.kind == SpanKind::Server).count();
    assert_eq!(requests, 5);
    let exported = String::from_utf8_lossy(&received.bytes);
    for secret in ["hush", TK_ALL, "sandbox-1000", "1061514767", "963414", "4711", "products"] {
        assert!(!exported.contains(secret), "{secret} in {:#?}", received.spans);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exporter_says_who_it_is_and_what_the_environment_adds() {
    let collector = Collector::start(Manner::Takes);
    let variables = [
        ("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=tonkho-0,service.name=other"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20abc"),
    ];
    let gateway = traced_in(&collector, NO_LIMIT, "", &variables).await;
    gateway.get(&example(), &[("traceparent", &traceparent(1))]).await.rows();
    exported(&collector, 1, &[INVENTORY]).await;
    let received = collector.received();
    let says = |name: &str| received.resource.get(name).map(String::as_str);
    assert_eq!(says("service.name"), Some("tonkho"));
    assert_eq!(says("service.version"), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(says("service.instance.id").map(str::len), Some(32));
    assert_eq!(says("k8s.pod.name"), Some("tonkho-0"));
    assert_eq!(received.authorization.as_deref(), Some("Basic abc"));
}

/// Answers as ever, says once what is wrong, and stops in time.
async fn check_unmoved_by(gateway: &mut Process) {
    for _ in 0..50 {
        assert_eq!(gateway.get(&example(), &[]).await.rows().len(), 4);
    }
    gateway.line("traces cannot be exported: they are lost until they can").await;
    for _ in 0..50 {
        assert_eq!(gateway.get(&example(), &[]).await.rows().len(), 4);
    }
    let told = Instant::now();
    assert!(gateway.stop().await.success());
    assert!(told.elapsed() < GRACE, "{:?}", told.elapsed());
    let lines = gateway.lines();
    let warnings: Vec<_> =
        lines.iter().filter(|line| line["level"] == "WARN" || line["level"] == "ERROR").collect();
    assert!(warnings.len() <= 2, "one when it began, one at the end: {warnings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_down_changes_no_answer() {
    let collector = Collector::start(Manner::Takes);
    let endpoint = collector.url();
    drop(collector);
    let telemetry = format!(
        "telemetry = {{ log = \"info,access=debug\", log_format = \"json\", otlp_endpoint = \"{endpoint}\" }}"
    );
    let mut gateway = Process::start(&format!("{NO_LIMIT}{telemetry}"), &[]).await;
    check_unmoved_by(&mut gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_refuses_changes_no_answer() {
    let collector = Collector::start(Manner::Refuses);
    check_unmoved_by(&mut traced(&collector, NO_LIMIT).await).await;
    assert!(0 < collector.received().exports);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_never_answers_changes_no_answer() {
    let collector = Collector::start(Manner::NeverAnswers);
    check_unmoved_by(&mut traced(&collector, NO_LIMIT).await).await;
    assert!(0 < collector.received().exports);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_the_log_carries_the_callers_trace() {
    let gateway = Process::start(
        &format!("{NO_LIMIT}telemetry.log_format = \"json\"\ntelemetry.log = \"info,access=debug\""),
        &[],
    )
    .await;
    gateway.get(&example(), &[("traceparent", &traceparent(1))]).await.rows();
    let line = gateway.line("answered").await;
    assert_eq!(line["trace_id"], trace_id(1));
    assert_eq!(line["route"], "/shops/{org_id}/com/inventory_locations.json");
    assert!(line.get("spans").is_none() && line.get("span").is_none(), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_of_every_answer_has_its_request_id_that_of_a_hit_too() {
    let gateway = Process::start(
        &format!("{NO_LIMIT}telemetry.log_format = \"json\"\ntelemetry.log = \"info,access=debug\""),
        &[],
    )
    .await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let own = format!("order-{number}");
        let answer = gateway.get(&example(), &[("x-request-id", &own)]).await;
        assert_eq!((answer.is_hit(), answer.header("x-request-id")), (0 < number, Some(&*own)));
        ids.push(Value::from(own));
        let made = gateway.get(&example(), &[]).await;
        ids.push(Value::from(made.header("x-request-id").unwrap()));
    }
    let logged = |lines: &[Value]| -> Vec<Value> {
        let answered = lines.iter().filter(|line| line["message"] == "answered");
        answered.map(|line| line["request_id"].clone()).collect()
    };
    assert_eq!(logged(&gateway.lines_until(|lines| logged(lines).len() == ids.len()).await), ids);
}
