//! The page for people: who sees what, in which language, and that looking costs Haravan nothing.

use reqwest::Method;
use serde_json::Value;
use tonkho::sandbox::faults::Failure;
use tonkho::sandbox::settings::Scope;

use crate::answer::Answer;
use crate::gateway::{
    EXAMPLE, EXAMPLE_QUERY, GENERATED, TK_ADMIN, TK_ALL, TK_HARAVAN, TK_ONE, TK_READER, TestApp, grid,
};

const VARIANT: &str = "/page/variant?shop=1000&variant_id=1061514767";

/// What a form of the page's sends, over a connection of its own: redirects are not followed.
async fn send(app: &TestApp, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: tonkho\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    app.raw(request.as_bytes()).await
}

/// A header of a raw answer.
fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next()?;
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
}

/// Signs in and gives back the cookie, as a browser would send it.
async fn signed_in(app: &TestApp, key: &str) -> String {
    let answer = send(app, "/page/sign-in", "", &format!("key={key}")).await;
    let cookie = header(&answer, "set-cookie").unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

#[track_caller]
fn html(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.shown());
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
    assert_eq!(
        answer.header("content-security-policy"),
        Some(
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    );
    answer.text()
}

/// The board's rows: variant, location, quantity as shown.
fn board(html: &str) -> Vec<(u64, u64, String)> {
    let after = |row: &str, start: &str| row.split_once(start).unwrap().1.to_owned();
    // A location without a name is shown by its id; one with a name has it in the title.
    let id = |row: &str, start| {
        let rest = after(row, start);
        let digits = rest.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        digits.split(|letter: char| !letter.is_ascii_digit()).next().unwrap().parse().unwrap()
    };
    let rows = html.split("<tr><th scope=\"row\">").skip(1);
    rows.map(|row| {
        let shown = after(row, "<td class=\"number short\">").split('<').next().unwrap().to_owned();
        (id(row, "variant_id="), id(row, "class=\"place\""), shown)
    })
    .collect()
}

/// The same of alerts, as the API tells them.
fn alerts(body: &Value) -> Vec<(u64, u64, String)> {
    let alerts = body["alerts"].as_array().unwrap().iter();
    alerts
        .map(|alert| {
            let shown = alert["qty_available"].to_string().replace('-', "−");
            (alert["variant_id"].as_u64().unwrap(), alert["loc_id"].as_u64().unwrap(), shown)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_there_is_a_form_and_nothing_else() {
    let app = TestApp::spawn().await;
    app.example().await.rows();
    for path in ["/", "/?shop=1000", VARIANT] {
        let answer = app.ask(Method::GET, path).await;
        let text = html(&answer, 401);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert!(text.contains("action=\"/page/sign-in\"") && text.contains("name=\"key\""), "{text}");
        assert!(!text.contains("963414") && !text.contains("−15"), "{text}");
    }
    assert_eq!(app.ask(Method::HEAD, "/").await.status, 401);
    app.ask(Method::DELETE, "/").await.problem(405, "method-not-allowed");
    app.get("/nowhere").await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_told_so_and_never_repeated() {
    let app = TestApp::spawn().await;
    for (headers, said) in [("", "not admitted"), ("Accept-Language: vi\r\n", "không được chấp nhận")]
    {
        for body in ["key=tk_wrong", "key=", "", "%%%", &format!("key={}", "x".repeat(100_000))] {
            let answer = send(&app, "/page/sign-in", headers, body).await;
            assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
            assert!(answer.contains(said) && answer.contains("name=\"key\""), "{answer}");
            assert_eq!(header(&answer, "set-cookie"), None);
            assert!(!answer.contains("tk_wrong"), "{answer}");
        }
    }
    // What was looked for, and the language chosen, are not forgotten over it.
    let answer = send(&app, "/page/sign-in", "", "key=tk_wrong&shop=1000&lang=vi").await;
    for kept in ["name=\"shop\" value=\"1000\"", "name=\"lang\" value=\"vi\"", "<html lang=\"vi\">"] {
        assert!(answer.contains(kept), "{kept}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_typed_once_and_a_session_takes_its_place() {
    let app = TestApp::spawn().await;
    app.example().await.rows();
    let answer = send(&app, "/page/sign-in", "", &format!("key=+{TK_ALL}%20&lang=vi&shop=1000")).await;
    assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
    assert_eq!(header(&answer, "location"), Some("/?shop=1000&lang=vi"));
    let cookie = header(&answer, "set-cookie").unwrap();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(!answer.contains(TK_ALL), "{answer}");
    let cookie = signed_in(&app, TK_ALL).await;
    let text = html(&app.ask(Method::GET, "/").header("cookie", &cookie).await, 200);
    assert!(text.contains("the key tk_all") && text.contains("action=\"/page/sign-out\""), "{text}");
    assert!(text.contains("−15"), "{text}");
    let behind_tls = send(&app, "/page/sign-in", "X-Forwarded-Proto: https\r\n", "key=tk_all").await;
    assert!(header(&behind_tls, "set-cookie").unwrap().ends_with("; SameSite=Strict; Secure"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_told_to_and_when_nobody_uses_it() {
    let app = TestApp::spawn().await;
    let answer = send(&app, "/page/sign-out", "", "lang=en").await;
    assert_eq!(header(&answer, "location"), Some("/?lang=en"));
    let cookie = header(&answer, "set-cookie").unwrap();
    assert!(cookie.starts_with("tonkho_session=;") && cookie.ends_with("; Max-Age=0"), "{cookie}");
    let cookie = signed_in(&app, TK_ALL).await;
    app.age(11 * 60 * 60);
    let answer = app.ask(Method::GET, "/").header("cookie", &cookie).await;
    html(&answer, 200);
    let renewed = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    app.age(2 * 60 * 60);
    let text = html(&app.ask(Method::GET, "/").header("cookie", &cookie).await, 401);
    assert!(text.contains("Your session has ended"), "{text}");
    html(&app.ask(Method::GET, "/").header("cookie", &renewed).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_opens_the_page_and_nothing_of_the_api() {
    let app = TestApp::spawn().await;
    let cookie = signed_in(&app, TK_ALL).await;
    let stock = format!("/shops/1000/stock?{EXAMPLE_QUERY}");
    for (method, path) in
        [(Method::GET, "/shops"), (Method::GET, &stock), (Method::DELETE, "/shops/1000/cache")]
    {
        app.ask(method, path).header("cookie", &cookie).await.problem(401, "unauthenticated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_is_refused() {
    let app = TestApp::spawn().await;
    for path in ["/page/sign-in", "/page/sign-out"] {
        let answer = send(&app, path, "Sec-Fetch-Site: cross-site\r\n", "key=tk_all").await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert_eq!(header(&answer, "set-cookie"), None);
        let answer = send(&app, path, "Sec-Fetch-Site: same-origin\r\n", "key=tk_all").await;
        assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_plain_connection_the_origin_of_a_form_must_be_the_host_asked() {
    let app = TestApp::spawn().await;
    for path in ["/page/sign-in", "/page/sign-out"] {
        for origin in [
            "http://elsewhere.example",
            "http://tonkho.elsewhere",
            "http://tonkho:81",
            "http://tonkho@elsewhere.example",
            "https://",
            "tonkho",
            "null",
            "",
        ] {
            let answer = send(&app, path, &format!("Origin: {origin}\r\n"), "key=tk_all").await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{origin}: {answer}");
            assert_eq!(header(&answer, "set-cookie"), None);
        }
        let two = "Origin: http://tonkho\r\nOrigin: http://elsewhere.example\r\n";
        assert!(send(&app, path, two, "key=tk_all").await.starts_with("HTTP/1.1 400 "));
        for origin in ["http://tonkho", "https://tonkho:443", "http://TONKHO:80"] {
            let answer = send(&app, path, &format!("Origin: {origin}\r\n"), "key=tk_all").await;
            assert!(answer.starts_with("HTTP/1.1 303 "), "{origin}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_sees_what_its_scopes_allow_and_is_told_what_is_not_shown() {
    let app = TestApp::spawn().await;
    app.example().await.rows();
    let (stock, calls) = ("Rows below zero</dt>", "Call limit used</dt>");
    for (key, sees_stock, sees_calls) in
        [(TK_ALL, true, true), (TK_READER, true, false), (TK_ADMIN, false, true), (TK_HARAVAN, false, false)]
    {
        let text = html(&app.ask(Method::GET, "/").key(key).await, 200);
        assert_eq!(text.contains(stock), sees_stock, "{key}: {text}");
        assert_eq!(text.contains("−15"), sees_stock, "{key}: {text}");
        assert_eq!(text.contains("lacks the scope “read”"), !sees_stock, "{key}: {text}");
        assert_eq!(text.contains(calls), sees_calls, "{key}: {text}");
        assert_eq!(text.contains("lacks the scope “admin”"), !sees_calls, "{key}: {text}");
        let variant = app.ask(Method::GET, VARIANT).key(key).await;
        html(&variant, if sees_stock { 200 } else { 403 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_shop_and_one_that_does_not_exist_look_the_same() {
    let app = TestApp::spawn().await;
    let text = html(&app.ask(Method::GET, "/").key(TK_ONE).await, 200);
    assert!(text.contains("shop-1000") && !text.contains("2000"), "{text}");
    for path in ["/?shop=", "/page/variant?variant_id=7&shop="] {
        let mut told = Vec::new();
        for shop in ["2000", "9999"] {
            let answer = app.ask(Method::GET, &format!("{path}{shop}")).key(TK_ONE).await;
            let id = answer.header("x-request-id").unwrap().to_owned();
            told.push(html(&answer, 403).replace(shop, "").replace(&id, ""));
        }
        assert_eq!(told[0], told[1]);
        html(&app.ask(Method::GET, &format!("{path}abc")).key(TK_ONE).await, 403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_asks_haravan_for_nothing() {
    let app = TestApp::spawn().await;
    app.example().await.rows();
    let calls = || {
        let of = |shop| {
            let counters = app.shop(shop).counters();
            (counters.inventory, counters.locations)
        };
        (of(EXAMPLE), of(GENERATED))
    };
    let before = calls();
    assert_eq!(before, ((1, 0), (0, 0)));
    let text = html(&app.ask(Method::GET, "/").key(TK_ALL).await, 200);
    assert!(text.contains("names are not known here yet"), "{text}");
    for seconds in [0, 20, 60, 400, 4_000] {
        app.age(seconds);
        for path in ["/", "/?shop=1000", "/?shop=2000"] {
            html(&app.ask(Method::GET, path).key(TK_ALL).await, 200);
        }
    }
    assert_eq!(calls(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_shows_the_alerts_over_the_cells_that_are_cached() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let (variants, locations) = (&shop.variant_ids()[..150], &shop.location_ids()[..7]);
    let path = format!("/shops/2000/alerts/negative?{}", grid(variants, locations));
    let expected = alerts(&app.get(&path).await.ok());
    assert!((2..=50).contains(&expected.len()), "{}", expected.len());
    let shown = || async { board(&html(&app.ask(Method::GET, "/?shop=2000").key(TK_READER).await, 200)) };
    assert_eq!(shown().await, expected);
    // What changes at Haravan shows once somebody has asked.
    let (variant, location, _) = expected[0];
    shop.set_quantity(variant, location, -1_234).unwrap();
    assert_eq!(shown().await, expected);
    app.age(700);
    assert_eq!(shown().await, [], "older than anything that is served");
    let expected = alerts(&app.get(&path).await.ok());
    let worst = shown().await;
    assert_eq!(worst[0], (variant, location, "−1,234".to_owned()));
    assert_eq!(worst[1..], expected[1..]);
    app.ask(Method::DELETE, &format!("/shops/2000/cache?location_ids={location}")).key(TK_ALL).await;
    let kept: Vec<_> = worst.into_iter().filter(|(_, place, _)| *place != location).collect();
    assert_eq!(shown().await, kept);
    app.ask(Method::DELETE, "/shops/2000/cache").key(TK_ALL).await;
    assert_eq!(shown().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_very_many_alerts_the_worst_fifty_are_shown() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let (variants, locations) = (shop.variant_ids(), shop.location_ids());
    let location = locations[0];
    for (variant, quantity) in variants.iter().zip(1..) {
        shop.set_quantity(*variant, location, -10 * quantity);
    }
    let body = app.get(&format!("/shops/2000/alerts/negative?{}", grid(&variants, &locations))).await.ok();
    let expected = alerts(&body);
    assert!(50 < expected.len());
    let text = html(&app.ask(Method::GET, "/?shop=2000&lang=vi").key(TK_ALL).await, 200);
    let shown: Vec<_> = board(&text).into_iter().map(|(variant, place, _)| (variant, place)).collect();
    let worst: Vec<_> = expected[..50].iter().map(|(variant, place, _)| (*variant, *place)).collect();
    assert_eq!(shown, worst);
    assert!(text.contains(&format!("nặng nhất 50 trên {}.", expected.len())), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_is_shown_with_every_location_and_what_it_lacks() {
    let app = TestApp::spawn().await;
    let text = html(&app.get(VARIANT).await, 200);
    for told in
        ["Địa điểm mặc định", "Kho Tân Bình", "<b>−15</b>", "<b>15</b>", "class=\"below\"", "class=\"above\""]
    {
        assert!(text.contains(told), "{told}: {text}");
    }
    let text = html(&app.get("/page/variant?shop=1000&variant_id=+42+&lang=vi").await, 200);
    assert!(text.contains("không có dòng tồn nào"), "{text}");
    for id in ["", "abc", "0", "-1", "1,2", "<script>"] {
        let text = html(&app.get(&format!("/page/variant?shop=1000&variant_id={id}")).await, 400);
        assert!(text.contains("not a variant id") && text.contains("aria-invalid=\"true\""), "{id}: {text}");
        assert!(!text.contains("<script>"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_haravan_fails_the_page_says_so_in_words() {
    let app = TestApp::spawn().await;
    html(&app.get(VARIANT).await, 200);
    app.age(4_000);
    app.fail(EXAMPLE, 1_000, Failure::Status500);
    let text = html(&app.get(&format!("{VARIANT}&lang=vi")).await, 200);
    assert!(text.contains("chưa rõ: Haravan lỗi") && !text.contains("<b>0</b>"), "{text}");
    let app = TestApp::spawn().await;
    let mut scopes = Scope::all();
    scopes.remove(&Scope::ReadShop);
    app.shop(EXAMPLE).set_scopes(scopes);
    let text = html(&app.get(VARIANT).await, 422);
    assert!(text.contains("locations are not known"), "{text}");
    app.shop(GENERATED).set_token("another".to_owned());
    let text = html(&app.get("/page/variant?shop=2000&variant_id=7").await, 502);
    assert!(text.contains("Haravan refuses the shop's token"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_looks_too_often_is_told_in_words_when_to_come_back() {
    let app = TestApp::builder().limited_key("tk_slow", 0.001).spawn().await;
    let cookie = signed_in(&app, "tk_slow").await;
    html(&app.ask(Method::GET, "/").header("cookie", &cookie).await, 200);
    let answer = app.ask(Method::GET, "/").header("cookie", &cookie).await;
    let text = html(&answer, 429);
    assert!(answer.header("retry-after").is_some());
    assert!(text.contains("Too many requests") && text.contains("http-equiv=\"refresh\""), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_speaks_the_language_of_the_browser_or_the_one_that_was_chosen() {
    let app = TestApp::spawn().await;
    for (path, accepted, tag, title) in [
        ("/", "vi-VN,vi;q=0.9,en;q=0.8", "vi", "<title>Cửa hàng · tonkho</title>"),
        ("/", "fr", "en", "<title>Shops · tonkho</title>"),
        ("/?lang=vi", "en", "vi", "<title>Cửa hàng · tonkho</title>"),
        ("/?lang=en", "vi", "en", "<title>Shops · tonkho</title>"),
    ] {
        let answer = app.get(path).header("accept-language", accepted).await;
        let text = html(&answer, 200);
        assert!(answer.header("vary").unwrap().contains("Accept-Language"));
        assert!(text.contains(&format!("<html lang=\"{tag}\">")) && text.contains(title), "{text}");
        assert!(text.contains("href=\"/?lang=vi\"") && text.contains("href=\"/?lang=en\""), "{text}");
    }
    let text = html(&app.get("/?lang=vi").await, 200);
    assert!(text.contains("href=\"/?shop=1000&amp;lang=vi\""), "a choice is carried along: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_key_is_needed_none_is_asked_for() {
    let app = TestApp::builder().settings(|settings| settings.auth.disabled = true).spawn().await;
    let text = html(&app.ask(Method::GET, "/").await, 200);
    assert!(text.contains("shop-1000") && !text.contains("/page/sign-out"), "{text}");
    let answer = send(&app, "/page/sign-in", "", "key=whatever").await;
    assert_eq!((header(&answer, "location"), header(&answer, "set-cookie")), (Some("/"), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn style_and_script_come_from_here_and_are_kept_until_they_change() {
    let app = TestApp::spawn().await;
    let text = html(&app.get("/").await, 200);
    let links = text.split('"').filter(|link| link.starts_with("/page/") && link.contains("?v="));
    let links: std::collections::BTreeSet<&str> = links.collect();
    assert_eq!(links.len(), 3, "{links:?}");
    for link in links {
        let answer = app.ask(Method::GET, link).await;
        assert_eq!(answer.status, 200, "{link}");
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"), "{link}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let etag = answer.header("etag").unwrap().to_owned();
        assert!(!answer.text().contains("http://") || link.contains(".svg"), "{link}");
        assert_eq!(app.ask(Method::GET, link).header("if-none-match", &etag).await.status, 304);
        let plain = link.split('?').next().unwrap();
        let answer = app.ask(Method::GET, plain).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-cache")));
    }
    app.get("/page/nothing.css").await.problem(404, "not-found");
    assert!(!text.contains(" style=") && !text.contains("<style") && !text.contains("http:"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_no_way_around_keys_that_contradict_each_other() {
    let app = TestApp::spawn().await;
    let cookie = signed_in(&app, TK_ALL).await;
    let ask = || app.ask(Method::GET, "/").header("cookie", &cookie);
    html(&ask().await, 200);
    html(&ask().header("x-haravan-access-token", TK_ALL).await, 200);
    html(&ask().header("x-api-key", TK_ALL).header("x-haravan-access-token", TK_ONE).await, 401);
}
