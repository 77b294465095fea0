//! What is refused, and where the refusal points.

use super::super::{Environment, Settings};
use super::{KEY, SHOP, check, good};
use crate::domain::id::host::HostName;

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn an_unknown_key_is_refused_by_its_path() {
    check("[rate]\nbuket = 1", &[], &["rate.buket: unknown key, did you mean rate.bucket?"]);
    check("[servr]\nlisten = 1", &[], &["servr: unknown key, did you mean server?"]);
    check("colour = 1", &[], &["colour: unknown key"]);
    check("\"a b\" = 1", &[], &["\"a b\": unknown key"]);
    check(&format!("{SHOP}nam = \"x\""), &[], &["shops[0].nam: unknown key, did you mean shops[0].name?"]);
    check(
        &format!("{SHOP}rate = {{ buket = 1 }}"),
        &[],
        &["shops[0].rate.buket: unknown key, did you mean shops[0].rate.bucket?"],
    );
}

#[test]
fn a_key_of_rate_or_cache_in_a_shop_is_read_with_its_table() {
    check(&format!("{SHOP}fresh = \"5s\"\nbucket = 40\nrate = {{ headroom = 2 }}"), &[], &[]);
    check(
        &format!("{SHOP}fresh = \"soon\""),
        &[],
        &["shops[0].cache.fresh: expected a duration such as \"15s\", \"500ms\" or \"10m\", found \"soon\""],
    );
}

#[test]
fn hosts_are_names_alone_and_mean_one_shop_each() {
    check(&format!("{SHOP}hosts = [\"Hrv-1000.Internal\", \"hrv-1000.internal\", \"localhost\"]"), &[], &[]);
    check(
        &format!("{SHOP}hosts = [\"https://a\", \"a:80\", \"a/b\", \"a b\", \"\", \"*.a\", 7]"),
        &[],
        &["shops[0].hosts: item 0: must be a host name alone, without a scheme or a slash; \
            item 1: must not have a port: a shop is found by its host whatever the port; \
            item 2: must be a host name alone, without a scheme or a slash; \
            item 3: must not have blanks; \
            item 4: must not be empty; \
            item 5: must be ASCII letters, digits, - and _, with single dots between them, such as \"hrv-1000.internal\"; \
            item 6: expected a host name such as \"hrv-1000.internal\""],
    );
    check(
        &format!("{SHOP}hosts = [\"a\"]\n[[shops]]\norg_id = 2000\ntoken = \"t\"\nhosts = [\"b\", \"A\"]"),
        &[],
        &["shops[1].hosts: item 1: is in shops[0].hosts already"],
    );
    let mut settings = good(
        "",
        &[
            ("TONKHO__SHOPS__0__ORG_ID", "7"),
            ("TONKHO__SHOPS__0__TOKEN", "t"),
            ("TONKHO__SHOPS__0__HOSTS", "[\"b\", \"A\", \"B\"]"),
        ],
    );
    let hosts = settings.shops.remove(0).hosts;
    assert_eq!(hosts, [HostName::parse("a").unwrap(), HostName::parse("b").unwrap()]);
}

#[test]
fn the_age_that_a_key_asks_for_is_a_duration() {
    for good in ["2s", "500ms", "0s", "1h 30m"] {
        check(&format!("{KEY}max_age = \"{good}\""), &[], &[]);
    }
    check(
        &format!("{KEY}max_age = 2"),
        &[],
        &["keys[0].max_age: expected a duration such as \"15s\", \"500ms\" or \"10m\", found 2"],
    );
}

#[test]
fn what_is_planned_is_let_pass_where_it_asks_for_nothing() {
    check(
        &format!("[cache]\nfull_refresh = \"6h\"\n[telemetry]\notlp_endpoint = \"\"\n{SHOP}mirror = false"),
        &[],
        &[],
    );
    check(
        &format!("[redis]\nurl = \"redis://127.0.0.1\"\n{SHOP}mirror = true"),
        &[],
        &[
            "redis.url: this version cannot do that yet",
            "shops[0].mirror: this version cannot mirror a shop yet: leave it false",
        ],
    );
}

#[test]
fn a_collector_that_is_no_address_is_refused_and_never_quoted() {
    let cases = [
        ("otlp_endpoint = \"collector:4318\"", "otlp_endpoint: must begin with http:// or https://"),
        (
            "otlp_endpoint = \"http://u:hush@collector\"",
            "otlp_endpoint: must not hold a user name or a password",
        ),
        (
            "otlp_endpoint = 4318",
            "otlp_endpoint: expected a URL such as \"http://127.0.0.1:4318\", or \"\" for none, found a value of type integer",
        ),
        ("otlp_sample_ratio = 1.5", "otlp_sample_ratio: must be from 0 to 1"),
        ("otlp_sample_ratio = -0.1", "otlp_sample_ratio: must be from 0 to 1"),
        ("otlp_sample_ratio = nan", "otlp_sample_ratio: must be from 0 to 1"),
        ("otlp_sample_ratio = \"half\"", "otlp_sample_ratio: expected a number, found \"half\""),
    ];
    for (line, expect) in cases {
        check(&format!("[telemetry]\n{line}"), &[], &[&format!("telemetry.{expect}")]);
    }
    for good in
        ["otlp_endpoint = \"http://collector:4318\"", "otlp_sample_ratio = 0", "otlp_sample_ratio = 0.25"]
    {
        check(&format!("[telemetry]\n{good}"), &[], &[]);
    }
    let variable = [("TONKHO__TELEMETRY__OTLP_ENDPOINT", "")];
    check("[telemetry]\notlp_endpoint = \"http://collector:4318\"", &variable, &[]);
    let variable = [("TONKHO__TELEMETRY__OTLP_SAMPLE_RATIO", "2")];
    check(
        "",
        &variable,
        &["telemetry.otlp_sample_ratio: must be from 0 to 1 (set by TONKHO__TELEMETRY__OTLP_SAMPLE_RATIO)"],
    );
}

#[test]
fn every_mistake_is_reported_together() {
    check(
        "colour = 1\n[rate]\nbucket = 0\n[cache]\nfresh = \"soon\"\n[[shops]]\norg_id = 0\n[[keys]]\nname = \"\"\n",
        &[("TONKHO__LIMITS__MAX_CELLS", "many")],
        &[
            "rate.bucket: must be from 1 to 10000",
            "cache.fresh: expected a duration such as \"15s\", \"500ms\" or \"10m\", found \"soon\"",
            "limits.max_cells: expected a whole number (set by TONKHO__LIMITS__MAX_CELLS)",
            "keys[0].name: must not be empty",
            "keys[0].sha256: is missing",
            "keys[0].shops: is missing",
            "keys[0].scopes: is missing",
            "shops[0].org_id: expected an id: a positive whole number, found 0",
            "shops[0]: has no token: expected token, token_file or token_env",
            "colour: unknown key",
        ],
    );
}

#[test]
fn a_value_of_another_kind_is_refused() {
    check("server = 1", &[], &["server: expected a table"]);
    check("shops = 1", &[], &["shops: expected a list of tables: [[shops]]"]);
    check("shops = [1]", &[], &["shops[0]: expected a table"]);
    check("[rate]\nbucket = \"80\"", &[], &["rate.bucket: expected a whole number, found \"80\""]);
    check("[rate]\nbucket = []", &[], &["rate.bucket: expected a whole number, found an array"]);
    check("[rate]\nbucket = {}", &[], &["rate.bucket: expected a whole number, found a table"]);
    check("[auth]\ndisabled = \"no\"", &[], &["auth.disabled: expected true or false, found \"no\""]);
    check(
        "[telemetry]\nlog_format = \"xml\"",
        &[],
        &["telemetry.log_format: expected \"text\" or \"json\", found \"xml\""],
    );
    check(
        "[telemetry]\nlog = \"a=b=c\"",
        &[],
        &["telemetry.log: expected a log filter such as \"info\" or \"info,tonkho=debug\""],
    );
    let long = "x".repeat(200);
    check(
        &format!("[rate]\nbucket = \"{long}\""),
        &[],
        &[&format!("rate.bucket: expected a whole number, found \"{}", "x".repeat(59))],
    );
}

#[test]
fn an_absurd_number_is_refused() {
    let cases = [
        ("[rate]\nbucket = 0", "rate.bucket: must be from 1 to 10000"),
        ("[rate]\nbucket = -1", "rate.bucket: must be from 1 to 10000"),
        ("[rate]\nleak_per_second = 0", "rate.leak_per_second: must be above 0 and at most 10000"),
        ("[rate]\nleak_per_second = -0.5", "rate.leak_per_second: must be above 0 and at most 10000"),
        ("[rate]\nleak_per_second = nan", "rate.leak_per_second: must be above 0 and at most 10000"),
        ("[rate]\nleak_per_second = inf", "rate.leak_per_second: must be above 0 and at most 10000"),
        ("[rate]\nmax_in_flight = 0", "rate.max_in_flight: must be from 1 to 10000"),
        ("[server]\nworkers = 0", "server.workers: must be from 1 to 1024"),
        ("[limits]\nmax_cells = 0", "limits.max_cells: must be from 1 to 100000000"),
        ("[limits]\nmax_pending_cells = 0", "limits.max_pending_cells: must be from 1 to 100000000"),
        ("[limits]\nmax_body = 0", "limits.max_body: must be from 1024 to 1073741824 bytes"),
        ("[cache]\nmax_bytes = \"1MB\"", "cache.max_bytes: must be from 1048576 to 1099511627776 bytes"),
        ("[cache]\nmax_bytes = -1", "cache.max_bytes: must be from 1048576 to 1099511627776 bytes"),
        ("[cache]\nstale_if_error = \"1y\"", "cache.stale_if_error: must be from 0s to 30days"),
        ("[haravan]\nrequest_timeout = \"0s\"", "haravan.request_timeout: must be from 1ms to 1h"),
    ];
    for (text, expect) in cases {
        check(text, &[], &[expect]);
    }
}

#[test]
fn a_duration_needs_its_unit_and_a_size_a_known_one() {
    let duration = "expected a duration such as \"15s\", \"500ms\" or \"10m\", found";
    check("[cache]\nfresh = 15", &[], &[&format!("cache.fresh: {duration} 15")]);
    check("[cache]\nfresh = \"15\"", &[], &[&format!("cache.fresh: {duration} \"15\"")]);
    check("[cache]\nfresh = \"-1s\"", &[], &[&format!("cache.fresh: {duration} \"-1s\"")]);
    let size = "expected a size such as \"256MiB\", \"4MB\" or a number of bytes, found";
    for wrong in ["\"4 apples\"", "\"MiB\"", "\"1.5MiB\"", "\"99999999999999GiB\"", "1.5"] {
        check(&format!("[cache]\nmax_bytes = {wrong}"), &[], &[&format!("cache.max_bytes: {size} {wrong}")]);
    }
}

#[test]
fn keys_that_contradict_each_other_are_refused() {
    check(
        "[rate]\nbucket = 4",
        &[],
        &["rate.headroom: must be less than bucket, or no call could ever be made"],
    );
    check(
        &format!("[rate]\nbucket = 4\n{SHOP}"),
        &[],
        &["rate.headroom: must be less than bucket, or no call could ever be made"],
    );
    check(
        &format!("{SHOP}rate = {{ headroom = 80 }}"),
        &[],
        &["shops[0].rate.headroom: must be less than bucket, or no call could ever be made"],
    );
    check("[limits]\ndefault_wait = \"2m\"", &[], &["limits.default_wait: must not be longer than max_wait"]);
    check(
        "[haravan]\nrequest_timeout = \"1s\"",
        &[],
        &["haravan.connect_timeout: must not be longer than request_timeout, which includes it"],
    );
}

#[test]
fn nothing_is_said_of_a_contradiction_with_a_key_that_is_wrong_itself() {
    check(
        "[limits]\ndefault_wait = \"2m\"\nmax_wait = \"0s\"",
        &[],
        &["limits.max_wait: must be from 1ms to 1h"],
    );
}

#[test]
fn a_gateway_without_keys_listens_on_loopback_only() {
    let refusal = "auth.disabled: is allowed only if server.listen is a loopback address such as 127.0.0.1";
    check("[auth]\ndisabled = true", &[], &[]);
    check("[auth]\ndisabled = true\n[server]\nlisten = \"[::1]:80\"", &[], &[]);
    check("[auth]\ndisabled = true\n[server]\nlisten = \"0.0.0.0:80\"", &[], &[refusal]);
    check("[auth]\ndisabled = true", &[("TONKHO__SERVER__LISTEN", "[::]:80")], &[refusal]);
    check(
        "[server]\nlisten = \"localhost\"",
        &[],
        &["server.listen: expected an address and a port such as \"127.0.0.1:8080\", found \"localhost\""],
    );
}

#[test]
fn a_base_url_that_is_no_place_for_tokens_is_refused() {
    let clear = "haravan.base_url: must be https: http is for loopback only";
    check("[haravan]\nbase_url = \"http://apis.haravan.com\"", &[], &[clear]);
}

#[test]
fn a_key_is_named_once_and_admitted_once() {
    check(
        &format!("{KEY}{KEY}"),
        &[],
        &["keys[1].name: is the name of keys[0] already", "keys[1].sha256: is the digest of keys[0] already"],
    );
}

#[test]
fn a_key_says_what_it_opens() {
    let cases = [
        ("shops = []", "keys[0].shops: must not be empty"),
        ("shops = \"*\"", "keys[0].shops: expected [\"*\"] or a list of org ids, found \"*\""),
        ("shops = [\"*\", 1]", "keys[0].shops: item 0: expected an org id: a positive whole number"),
        (
            "shops = [1, -2, \"+3\"]",
            "keys[0].shops: item 1: expected an org id: a positive whole number; item 2: expected an org id: a positive whole number",
        ),
        ("scopes = []", "keys[0].scopes: must not be empty"),
        (
            "scopes = [\"read\", \"write\"]",
            "keys[0].scopes: item 1: expected read, haravan, haravan-write or admin",
        ),
        ("requests_per_second = 0", "keys[0].requests_per_second: must be above 0 and at most 1000000"),
        (
            "sha256 = \"tk_demo\"",
            "keys[0].sha256: is the key itself: expected its SHA-256, 64 lower-case hex digits",
        ),
        (
            "sha256 = \"00\"",
            "keys[0].sha256: expected 64 lower-case hex digits, found a value of type string",
        ),
        ("name = \"two\\nlines\"", "keys[0].name: must not hold control characters"),
    ];
    for (line, expect) in cases {
        let key = line.split(' ').next().unwrap();
        let rest = KEY.lines().filter(|other| !other.starts_with(key)).collect::<Vec<_>>().join("\n");
        check(&format!("{rest}\n{line}\n"), &[], &[expect]);
    }
    let upper = HEX.to_uppercase();
    check(
        &KEY.replace(HEX, &upper),
        &[],
        &["keys[0].sha256: expected 64 lower-case hex digits, found a value of type string"],
    );
}

#[test]
fn a_shop_is_served_once_and_has_one_token() {
    check(&format!("{SHOP}{SHOP}"), &[], &["shops[1].org_id: is the org id of shops[0] already"]);
    check("[[shops]]\ntoken = \"t\"", &[], &["shops[0].org_id: is missing"]);
    check(
        &format!("{SHOP}token_env = \"T\""),
        &[("T", "t")],
        &["shops[0]: has more than one token: token, token_env"],
    );
    check(
        &format!("{SHOP}low_stock_threshold = -1"),
        &[],
        &["shops[0].low_stock_threshold: must not be negative"],
    );
    check(
        &format!("{SHOP}exclude_locations = [0]"),
        &[],
        &["shops[0].exclude_locations: item 0: expected an id: a positive whole number"],
    );
}

#[test]
fn a_token_that_cannot_be_had_is_refused_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        format!("token_file = {}", toml::Value::from(path.to_str().unwrap()))
    };
    let cases = [
        ("token = \"\"".to_owned(), "shops[0].token: holds an empty token"),
        (
            "token = \"a b\"".to_owned(),
            "shops[0].token: holds characters that an HTTP header cannot carry, or blanks",
        ),
        (file("empty", b"\n"), "shops[0].token_file: holds an empty token"),
        (
            file("two", b"a\nb\n"),
            "shops[0].token_file: holds characters that an HTTP header cannot carry, or blanks",
        ),
        (
            file("bytes", b"\xff"),
            "shops[0].token_file: holds characters that an HTTP header cannot carry, or blanks",
        ),
        (file("large", &[b'x'; 65537]), "shops[0].token_file: is larger than 65536 bytes: not a token"),
        (
            "token_file = \"/no/such\"".to_owned(),
            "shops[0].token_file: cannot read /no/such: No such file or directory (os error 2)",
        ),
        ("token_env = \"ABSENT\"".to_owned(), "shops[0].token_env: names ABSENT, which is not set"),
        ("token_env = \"EMPTY\"".to_owned(), "shops[0].token_env: names EMPTY, which is empty"),
    ];
    for (line, expect) in cases {
        check(&format!("[[shops]]\norg_id = 1\n{line}\n"), &[("EMPTY", "")], &[expect]);
    }
}

#[test]
fn a_pattern_of_paths_stays_below_com() {
    for wrong in ["", "/products.json", "../products.json", "a/../b.json", "a b.json", "a?b", "a#b"] {
        for key in ["allow", "write"] {
            check(
                &format!("[passthrough]\n{key} = [\"products/*\", \"{wrong}\"]"),
                &[],
                &[&format!(
                    "passthrough.{key}: item 1: must be a path below /com/ such as \"products/*\", without a slash at its start, .., blanks, ? or #"
                )],
            );
        }
    }
}

#[track_caller]
fn check_file(bytes: &[u8], expect: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.toml");
    std::fs::write(&path, bytes).unwrap();
    let error = Settings::load(Some(&path), &Environment::default()).unwrap_err();
    assert_eq!(error.to_string(), format!("{}: {expect}", path.display()));
}

#[test]
fn a_file_that_is_not_toml_is_refused_by_line_and_column() {
    check_file(
        "[rate]\nbucket = = 1\n".as_bytes(),
        "line 2, column 10: is not TOML: extra `=`, expected nothing",
    );
    check_file(b"a = 1\nb = \"\xff\"", "line 2, column 6: is not UTF-8");
}

#[test]
fn a_file_that_is_missing_is_named() {
    let error = Settings::load(Some("/no/such.toml".as_ref()), &Environment::default()).unwrap_err();
    assert_eq!(error.to_string(), "/no/such.toml: cannot read it: No such file or directory (os error 2)");
}
