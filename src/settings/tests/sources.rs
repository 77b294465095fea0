//! Where settings come from: the file, the environment over it, a shop over its section.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use rust_decimal::Decimal;
use secrecy::ExposeSecret;

use crate::domain::access::{Scope, ShopAccess};
use crate::domain::id::{LocationId, OrgId};

use super::super::sections::LogFormat;
use super::super::{DEFAULT_FILE, Environment, Settings, file};
use super::{KEY, SHOP, check, good};

#[test]
fn nothing_written_is_the_defaults() {
    let settings = good("", &[]);
    assert_eq!(format!("{settings:?}"), format!("{:?}", Settings::default()));
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.haravan.base_url.as_str(), "https://apis.haravan.com");
}

#[test]
fn a_file_says_it_all() {
    let text = r#"
        [server]
        listen = "[::1]:9000"
        workers = 3
        shutdown_grace = "500ms"
        [haravan]
        base_url = "http://127.0.0.1:8081/"
        [rate]
        leak_per_second = 2
        [cache]
        fresh = "1m 30s"
        max_bytes = "4MB"
        [limits]
        max_body = 65536
        [[shops]]
        org_id = "1000"
        name = "Cửa hàng mẫu"
        token = "t"
        low_stock_threshold = 2.5
        exclude_locations = [3, "2", 3]
        rate = { bucket = 40 }
        [shops.cache]
        fresh = "5s"
        [passthrough]
        allow = ["products.json", "products/count.json"]
        [telemetry]
        log = "info,tonkho=debug"
        log_format = "json"
    "#;
    let settings = good(text, &[]);
    assert_eq!(settings.server.listen.to_string(), "[::1]:9000");
    assert_eq!(settings.server.workers, Some(3));
    assert_eq!(settings.server.shutdown_grace, Duration::from_millis(500));
    assert_eq!(settings.haravan.base_url.as_str(), "http://127.0.0.1:8081");
    assert_eq!(settings.cache.fresh, Duration::from_secs(90));
    assert_eq!(settings.cache.max_bytes, 4_000_000);
    assert_eq!(settings.limits.max_body, 65536);
    let allowed: Vec<String> = settings.passthrough.allow.iter().map(ToString::to_string).collect();
    assert_eq!(allowed, ["products.json", "products/count.json"]);
    assert_eq!(settings.telemetry.log_format, LogFormat::Json);
    let shop = &settings.shops[0];
    assert_eq!((shop.org_id.get(), shop.name.as_deref()), (1000, Some("Cửa hàng mẫu")));
    assert_eq!(shop.low_stock_threshold, Decimal::new(25, 1));
    assert_eq!(shop.exclude_locations, [2, 3].map(|id| LocationId::new(id).unwrap()));
}

#[test]
fn a_shop_overrides_key_by_key() {
    let text = format!(
        "[rate]\nleak_per_second = 2.0\n[cache]\nmax_bytes = \"1GiB\"\n{SHOP}rate = {{ bucket = 40 }}\ncache = {{ fresh = \"5s\" }}\n"
    );
    let settings = good(&text, &[]);
    let shop = &settings.shops[0];
    assert_eq!((shop.rate.bucket, shop.rate.leak_per_second), (40, 2.0));
    assert_eq!((shop.cache.fresh, shop.cache.max_bytes), (Duration::from_secs(5), 1 << 30));
    assert_eq!(settings.rate.bucket, 80);
}

#[test]
fn a_variable_goes_over_the_file() {
    let text = format!("[rate]\nbucket = 40\n[cache]\nfresh = \"1s\"\n{SHOP}");
    let settings = good(
        &text,
        &[
            ("TONKHO__RATE__BUCKET", "60"),
            ("TONKHO__RATE__LEAK_PER_SECOND", "3"),
            ("TONKHO__CACHE__FRESH", "2s"),
            ("TONKHO__CACHE__MAX_BYTES", "8 MiB"),
            ("TONKHO__SERVER__LISTEN", "\"127.0.0.1:1\""),
            ("TONKHO__AUTH__DISABLED", "true"),
            ("TONKHO__TELEMETRY__LOG", "[request]=debug"),
            ("TONKHO__SHOPS__0__TOKEN", "0123"),
            ("TONKHO__SHOPS__0__RATE__HEADROOM", "0"),
            ("TONKHO_SERVICE_HOST", "10.0.0.1"),
            ("PATH", "/bin"),
        ],
    );
    assert_eq!((settings.rate.bucket, settings.rate.leak_per_second), (60, 3.0));
    assert_eq!((settings.cache.fresh, settings.cache.max_bytes), (Duration::from_secs(2), 8 << 20));
    assert_eq!(settings.server.listen.port(), 1);
    assert!(settings.auth.disabled);
    assert_eq!(settings.telemetry.log, "[request]=debug");
    assert_eq!(settings.shops[0].token.expose_secret(), "0123");
    assert_eq!(settings.shops[0].rate.headroom, 0);
}

#[test]
fn variables_alone_make_keys_and_shops() {
    let digest = "ab".repeat(32);
    let shops: Vec<(String, String)> = (0..11)
        .flat_map(|index| {
            let token = (format!("TONKHO__SHOPS__{index}__TOKEN"), "t".to_owned());
            [token, (format!("TONKHO__SHOPS__{index}__ORG_ID"), (1000 + index).to_string())]
        })
        .collect();
    let keys = [
        ("TONKHO__KEYS__0__NAME", "12"),
        ("TONKHO__KEYS__0__SHA256", &digest),
        ("TONKHO__KEYS__0__SHOPS", "1000, 1001"),
        ("TONKHO__KEYS__0__SCOPES", "read,admin"),
    ];
    let environment: Environment =
        shops.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(keys).collect();
    let settings = Settings::from_toml("", &environment).unwrap();
    let org_ids: Vec<u64> = settings.shops.iter().map(|shop| shop.org_id.get()).collect();
    assert_eq!(org_ids, (1000..1011).collect::<Vec<u64>>());
    let key = &settings.keys[0];
    assert_eq!(key.name, "12");
    assert_eq!(key.shops, ShopAccess::Only([1000, 1001].map(|id| OrgId::new(id).unwrap()).into()));
    assert_eq!(key.scopes, BTreeSet::from([Scope::Read, Scope::Admin]));
}

#[test]
fn a_variable_may_hold_a_whole_value_in_toml() {
    for every in ["[\"*\"]", "*", "['*']"] {
        let settings = good(&KEY.replace("[\"*\"]", "[1]"), &[("TONKHO__KEYS__0__SHOPS", every)]);
        assert_eq!(settings.keys[0].shops, ShopAccess::All, "{every}");
    }
    let settings = good(
        "",
        &[
            ("TONKHO__SHOPS", "[{ org_id = 1000, rate = { bucket = 9 } }]"),
            ("TONKHO__SHOPS__0__TOKEN", "t"),
            ("TONKHO__LIMITS", "{ max_cells = 7 }"),
        ],
    );
    assert_eq!(settings.shops[0].rate.bucket, 9);
    assert_eq!(settings.limits.max_cells, 7);
}

#[test]
fn a_token_comes_from_a_file_or_a_variable_without_its_line_break() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "from-file\r\n").unwrap();
    let text = format!(
        "[[shops]]\norg_id = 1\ntoken_file = {}\n[[shops]]\norg_id = 2\ntoken_env = \"HARAVAN_TOKEN_2\"\n",
        toml::Value::from(path.to_str().unwrap())
    );
    let settings = good(&text, &[("HARAVAN_TOKEN_2", "from-variable\n")]);
    let tokens: Vec<&str> = settings.shops.iter().map(|shop| shop.token.expose_secret()).collect();
    assert_eq!(tokens, ["from-file", "from-variable"]);
}

#[test]
fn an_unknown_variable_is_refused_by_its_name() {
    check(
        SHOP,
        &[
            ("TONKHO__RATE__BUKET", "1"),
            ("TONKHO__SERVR__LISTEN", "1"),
            ("TONKHO__SHOPS__0__TOKEN_FIL", "1"),
            ("TONKHO__server__listen", "1"),
            ("TONKHO__", "1"),
            ("TONKHO__RATE____BUCKET", "1"),
        ],
        &[
            "TONKHO__: unknown variable: expected TONKHO__SECTION__KEY in capitals",
            "TONKHO__RATE____BUCKET: unknown variable: expected TONKHO__SECTION__KEY in capitals",
            "TONKHO__server__listen: unknown variable: expected TONKHO__SECTION__KEY in capitals",
            "TONKHO__RATE__BUKET: unknown variable, did you mean TONKHO__RATE__BUCKET?",
            "TONKHO__SHOPS__0__TOKEN_FIL: unknown variable, did you mean TONKHO__SHOPS__0__TOKEN_FILE?",
            "TONKHO__SERVR__LISTEN: unknown variable, did you mean TONKHO__SERVER__LISTEN?",
        ],
    );
}

#[test]
fn a_variable_without_a_place_is_refused_by_its_name() {
    check(
        SHOP,
        &[
            ("TONKHO__SHOPS__2__TOKEN", "x"),
            ("TONKHO__SHOPS__FIRST__TOKEN", "x"),
            ("TONKHO__SHOPS__0__ORG_ID__X", "x"),
        ],
        &[
            "TONKHO__SHOPS__0__ORG_ID__X: goes into a value that has no parts",
            "TONKHO__SHOPS__2__TOKEN: skips an entry: the list before it has 1, so the next index is 1",
            "TONKHO__SHOPS__FIRST__TOKEN: goes into a list, where an index such as 0 is expected",
        ],
    );
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf8_is_refused_by_its_name() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let environment: Environment =
        [("TONKHO__RATE__BUCKET", OsString::from_vec(vec![0xff]))].into_iter().collect();
    let error = Settings::from_toml("", &environment).unwrap_err();
    assert_eq!(error.to_string(), "TONKHO__RATE__BUCKET: is not UTF-8");
}

#[test]
fn where_a_gateway_listens_is_known_whatever_else_is_wrong() {
    let listen = |text: &str, variables: &[(&str, &str)]| {
        let environment: Environment = variables.iter().copied().collect();
        let written = file::parse(Path::new(DEFAULT_FILE), text).unwrap();
        Settings::listen_address_of(written, &environment).to_string()
    };
    let variable = ("TONKHO__SERVER__LISTEN", "0.0.0.0:1");
    assert_eq!(listen("", &[]), "127.0.0.1:8080");
    assert_eq!(listen("server.listen = '[::]:2'\n[[shops]]\ntoken_env = 'NOT_SET'", &[]), "[::]:2");
    assert_eq!(listen("server.listen = '[::]:2'", &[variable, ("TONKHO__NO", "1")]), "0.0.0.0:1");
    assert_eq!(listen("server.listen = 8080\nserver.port = 1", &[]), "127.0.0.1:8080");
}
