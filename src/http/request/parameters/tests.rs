//! Parameters as callers write them.

use std::num::NonZeroU64;

use actix_web::web::{self, Payload};
use actix_web::{App, HttpRequest, HttpResponse};

use super::error::{MOST_IGNORED, ParameterError};
use super::table::{FORMAT, GROUP_BY, INVENTORY, LIMIT, MIN_SHORTAGE, NEGATIVE, ORDER, PARTIAL, STOCK};
use super::{Parameters, Texts, Vocabulary, read_body};
use crate::http::problem::Problem;
use crate::http::request::accept::Form;
use crate::query::{Direction, Order, Selection, Slice};
use crate::view::stock::GroupBy;

fn variants(parameters: &Parameters<'_>) -> Result<Option<Vec<u64>>, Problem> {
    let ids = parameters.variants()?;
    Ok(ids.map(|list| list.ids().iter().map(|id| id.get()).collect()))
}

fn in_stock(query: &str) -> Result<Parameters<'_>, ParameterError> {
    Parameters::from_query(&STOCK, query)
}

#[track_caller]
fn check(query: &str, body: Option<&str>, expected: Result<Option<&[u64]>, &str>) {
    check_in(&INVENTORY, query, body, expected);
}

#[track_caller]
fn check_in(
    vocabulary: &'static Vocabulary,
    query: &str,
    body: Option<&str>,
    expected: Result<Option<&[u64]>, &str>,
) {
    let read = Texts::from_query(vocabulary, query)
        .and_then(|texts| match body {
            Some(body) => texts.and_body(body.as_bytes()),
            None => Ok(texts),
        })
        .map(Texts::read)
        .map_err(Problem::from)
        .and_then(|parameters| variants(&parameters));
    let read = read.map_err(|problem| problem.to_string());
    assert_eq!(
        read.as_ref().map(Option::as_deref).map_err(String::as_str),
        expected,
        "{query:?} with {body:?}"
    );
}

#[test]
fn repeated_and_misspelled_lists_are_one_list() {
    check("variant_ids=1,2&variant_ids=3", None, Ok(Some(&[1, 2, 3])));
    check("vatiant_ids=2,1", None, Ok(Some(&[1, 2])));
    check("variant_ids=1,2&vatiant_ids=2,1,1", None, Ok(Some(&[1, 2])));
    check("variant_ids=1%2C2&&x=%ff&%zz=1", None, Ok(Some(&[1, 2])));
    check("variant%5Fids=7", None, Ok(Some(&[7])));
    check("", None, Ok(None));
    check("variant_ids[]=1&variant_ids[]=2,3&variant_ids=4", None, Ok(Some(&[1, 2, 3, 4])));
    check("variant_ids%5B0%5D=2&vatiant_ids[1]=2", None, Ok(Some(&[2])));
    check("", Some(r#"{"variant_ids[]":[1],"variant_ids":[2]}"#), Ok(Some(&[1, 2])));
}

#[test]
fn lists_that_contradict_or_are_none_are_refused() {
    let differ = "variant_ids and vatiant_ids are two spellings of one parameter and must not differ";
    check("variant_ids=1&vatiant_ids=2", None, Err(differ));
    check("variant_ids=1&variant_ids=x", None, Err("variant_ids: \"x\" is not a positive integer"));
    let empty = "variant_ids: the list holds no id, and an empty list never means all";
    check("variant_ids=", None, Err(empty));
    check("variant_ids", None, Err(empty));
    check("", Some(r#"{"variant_ids":[]}"#), Err(empty));
    check("", Some(r#"{"variant_ids":[""," "]}"#), Err(empty));
    let encoding = "variant_ids: the value is not percent-encoded UTF-8";
    check("variant_ids=%", None, Err(encoding));
    check("variant_ids=%ff", None, Err(encoding));
}

#[test]
fn a_body_lists_ids_in_any_of_three_ways() {
    check("", Some(r#"{"variant_ids":[1,2]}"#), Ok(Some(&[1, 2])));
    check("", Some(r#"{"variant_ids":["1"," 2, 3",4]}"#), Ok(Some(&[1, 2, 3, 4])));
    check("", Some(r#"{"variant_ids":"2,1"}"#), Ok(Some(&[1, 2])));
    check("", Some(r#"{"variant_ids":18446744073709551615}"#), Ok(Some(&[u64::MAX])));
    check("", Some(r#" {"vatiant_ids" : [ 5 ]} "#), Ok(Some(&[5])));
    check(
        "",
        Some(r#"{"variant_ids":[616.0,1e3,18446744073709551615.00]}"#),
        Ok(Some(&[616, 1000, u64::MAX])),
    );
    check("", Some(r#"{"variant\u005fids":[5]}"#), Ok(Some(&[5])));
}

#[test]
fn a_member_of_the_wrong_type_is_named() {
    let wrong = "variant_ids: expected an array of ids, or a string of comma-separated ids";
    for member in ["true", "{}", "[true]", "[null]", "[[1]]", "[{}]"] {
        check("", Some(&format!(r#"{{"variant_ids":{member}}}"#)), Err(wrong));
    }
    for (member, item) in
        [("[1.5]", "1.5"), ("[0]", "0"), ("[-1]", "-1"), ("[\"1e3\"]", "1e3"), ("[\"a\"]", "a")]
    {
        let named = format!("variant_ids: \"{item}\" is not a positive integer");
        check("", Some(&format!(r#"{{"variant_ids":{member}}}"#)), Err(&named));
    }
    let limit = "limit: expected a string, a number or a boolean";
    check("", Some(r#"{"limit":[1]}"#), Err(limit));
    check("", Some(r#"{"limit":{}}"#), Err(limit));
}

#[test]
fn what_is_null_or_a_single_value_that_is_empty_is_not_given() {
    for body in [r#"{"limit":null}"#, r#"{"limit":""}"#, r#"{"limit":" "}"#, r#"{"location_ids":null}"#, "{}"]
    {
        let read = Texts::from_query(&INVENTORY, "since_id=&page=%20&order&limit=").unwrap();
        let read = read.and_body(body.as_bytes()).unwrap();
        assert!(read.given.is_empty(), "{body}");
    }
    check("limit=&limit=5&variant_ids=1", None, Ok(Some(&[1])));
    check("variant_ids=1", Some(r#"{"variant_ids":null}"#), Ok(Some(&[1])));
    check("", Some(r#"{"variant_ids":null}"#), Ok(None));
}

#[test]
fn a_name_that_is_nearly_known_is_an_error_wherever_it_stands() {
    let named = "Variant_ids: unknown parameter, did you mean variant_ids?";
    check("Variant_ids=1", None, Err(named));
    check("", Some(r#"{"Variant_ids":[1]}"#), Err(named));
    check("", Some(r#"{"Variant_ids":null}"#), Err(named));
}

#[test]
fn a_name_that_is_not_known_is_ignored_at_haravans_routes_and_an_error_at_ours() {
    check("fields=id&_=1&%zz=1", Some(r#"{"sku":1,"variant_ids":[1]}"#), Ok(Some(&[1])));
    for (query, body) in [("sku=1", "{}"), ("", r#"{"sku":1}"#), ("", r#"{"sku":null}"#)] {
        let named = "sku: unknown parameter; the parameters here are location_ids, variant_ids, level, \
                     min_shortage, partial, explain, format";
        check_in(&NEGATIVE, query, Some(body), Err(named));
    }
}

#[test]
fn names_that_are_not_known_are_compared_up_to_a_bound() {
    let query = |count| vec!["sku=1"; count].join("&");
    check(&query(MOST_IGNORED), None, Ok(None));
    let named = "more than 1000 parameters are unknown";
    check(&query(MOST_IGNORED + 1), None, Err(named));
    let members: Vec<String> = (0..=MOST_IGNORED).map(|number| format!("\"sku{number}\":1")).collect();
    check("", Some(&format!("{{{}}}", members.join(","))), Err(named));
}

#[test]
fn a_body_that_is_no_json_object_is_refused() {
    check("", Some(""), Err("the body is empty; expected a JSON object"));
    check("", Some(" \n"), Err("the body is empty; expected a JSON object"));
    check("", Some("variant_ids=1"), Err("the body is not JSON (line 1, column 1)"));
    check("", Some("{\"variant_ids\":[1}"), Err("the body is not JSON (line 1, column 18)"));
    check("", Some("[1]"), Err("the body is not a JSON object"));
    check("", Some("{} {}"), Err("the body is not JSON (line 1, column 4)"));
}

#[test]
fn what_nobody_asked_for_may_be_as_deep_and_as_large_as_it_likes() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!(r#"{{"x":{deep},"y":{},"variant_ids":[1]}}"#, "9".repeat(10_000));
    check("", Some(&body), Ok(Some(&[1])));
}

#[test]
fn the_query_string_and_the_body_add_up_but_never_say_the_same() {
    check("limit=5", Some(r#"{"variant_ids":[1]}"#), Ok(Some(&[1])));
    let twice = "variant_ids: given both in the query string and in the body";
    check("variant_ids=1", Some(r#"{"variant_ids":[1]}"#), Err(twice));
}

#[test]
fn a_single_value_may_be_repeated_but_not_changed() {
    check("limit=5&limit=5", None, Ok(None));
    check("limit=5&limit=6", None, Err("limit: given more than once, with different values"));
}

#[test]
fn switches_are_true_or_false() {
    let flag = |query| in_stock(query).unwrap().is_on(&PARTIAL).map_err(|error| error.to_string());
    assert_eq!(flag(""), Ok(false));
    assert_eq!(flag("partial=true"), Ok(true));
    assert_eq!(flag("partial=1"), Ok(true));
    assert_eq!(flag("partial=false"), Ok(false));
    assert_eq!(flag("partial=yes"), Err("partial: \"yes\" is not true or false".to_owned()));
    assert_eq!(
        (flag("partial="), flag("partial=True"), flag("partial=FALSE")),
        (Ok(false), Ok(true), Ok(false))
    );
    let body = Texts::from_query(&INVENTORY, "").unwrap();
    let body = body.and_body(b"{\"partial\":true,\"limit\":5,\"order\":\"id\"}").unwrap().read();
    assert_eq!(body.is_on(&PARTIAL), Ok(true));
    assert_eq!(body.get(&LIMIT).map(|limit| limit.map(NonZeroU64::get)), Ok(Some(5)));
    assert_eq!(body.get(&ORDER), Ok(Some(Order::Id)));
}

#[test]
fn quantities_are_decimals_of_at_least_zero() {
    let quantity = |query: &str| Parameters::from_query(&NEGATIVE, query).unwrap().get(&MIN_SHORTAGE);
    assert_eq!(quantity("").unwrap(), None);
    assert_eq!(quantity("min_shortage=2.5").unwrap().unwrap().to_string(), "2.5");
    assert_eq!(quantity("min_shortage=0").unwrap().unwrap().to_string(), "0");
    assert_eq!(quantity("min_shortage=").unwrap(), None);
    let precise = "12345678901234567890.123456789012345678";
    assert_eq!(quantity(&format!("min_shortage={precise}")).unwrap().unwrap().to_string(), precise);
    for wrong in ["-1", "abc", "1e1000", "123456789012345678901.123456789012345678", "NaN"] {
        assert!(quantity(&format!("min_shortage={wrong}")).is_err(), "{wrong}");
    }
}

#[test]
fn words_are_chosen_in_any_case() {
    let form = |query| in_stock(query).unwrap().get(&FORMAT).map_err(|error| error.to_string());
    assert_eq!(form(""), Ok(None));
    assert_eq!(form("format=csv-excel"), Ok(Some(Form::CsvForExcel)));
    assert_eq!(form("format=NDJSON"), Ok(Some(Form::Ndjson)));
    assert_eq!(form("format=xlsx"), Err("format: \"xlsx\" is not json, csv, csv-excel or ndjson".to_owned()));
    assert_eq!(in_stock("group_by=Product").unwrap().get(&GROUP_BY), Ok(Some(GroupBy::Product)));
}

#[track_caller]
fn check_selection(query: &str, expected: Result<Selection, &str>) {
    let read = Parameters::from_query(&INVENTORY, query).and_then(|parameters| parameters.selection());
    let read = read.map_err(|error| error.to_string());
    assert_eq!(read.as_ref().map_err(String::as_str), expected.as_ref().map_err(|error| *error), "{query}");
}

#[test]
fn limit_and_page_make_a_slice() {
    let slice = |skip, take| Selection { slice: Some(Slice { skip, take }), ..Selection::default() };
    check_selection("", Ok(Selection::default()));
    check_selection("limit=&page=", Ok(Selection::default()));
    check_selection("limit=1000", Ok(slice(0, 1000)));
    check_selection("limit=10&page=3", Ok(slice(20, 10)));
    check_selection("page=2", Ok(slice(250, 250)));
    let most = "page=18446744073709551615&limit=18446744073709551615";
    check_selection(most, Ok(slice(u64::MAX, u64::MAX)));
}

#[test]
fn order_and_direction_are_read() {
    let expected =
        Selection { order: Order::UpdatedAt, direction: Direction::Descending, ..Selection::default() };
    check_selection("order=updated_at&direction=desc", Ok(expected));
    check_selection("order=Updated_At&direction=DESC", Ok(expected));
    check_selection("order=ID&direction=Asc", Ok(Selection::default()));
}

#[test]
fn a_wrong_value_is_named_never_replaced_by_a_default() {
    check_selection("limit=0", Err("limit: \"0\" is not an integer of at least 1"));
    check_selection("limit=-1", Err("limit: \"-1\" is not an integer of at least 1"));
    check_selection("limit=abc", Err("limit: \"abc\" is not an integer of at least 1"));
    check_selection("limit=%2B5", Err("limit: \"+5\" is not an integer of at least 1"));
    check_selection("page=0", Err("page: \"0\" is not an integer of at least 1"));
    check_selection("order=name", Err("order: \"name\" is not id or updated_at"));
    check_selection("direction=up", Err("direction: \"up\" is not asc or desc"));
    check_selection("since_id=x", Err("since_id: \"x\" is not an integer of at least 0"));
    let instant = "updated_at_min: \"yesterday\" is not a date and time such as 2018-11-16T10:36:20.691Z";
    check_selection("updated_at_min=yesterday", Err(instant));
}

async fn take(request: HttpRequest, payload: Payload) -> HttpResponse {
    match read_body(&request, payload, 10).await {
        Ok(body) => HttpResponse::Ok().body(body),
        Err(problem) => problem.respond(&request),
    }
}

#[actix_web::test]
async fn a_body_is_bounded_and_must_be_json() {
    let app = App::new().route("/", web::post().to(take));
    let app = actix_web::test::init_service(app).await;
    for (content_type, length, status) in [
        (Some("application/json"), 10, 200),
        (Some("application/json; charset=utf-8"), 10, 200),
        (Some("application/vnd.api+json"), 10, 200),
        (None, 10, 200),
        (Some("application/json"), 11, 413),
        (Some("application/x-www-form-urlencoded"), 10, 415),
        (Some("text/plain"), 10, 415),
        (Some("nonsense"), 10, 415),
    ] {
        let request = actix_web::test::TestRequest::post().set_payload("x".repeat(length));
        let request = content_type
            .into_iter()
            .fold(request, |request, content_type| request.insert_header(("Content-Type", content_type)));
        let response = actix_web::test::call_service(&app, request.to_request()).await;
        assert_eq!(response.status(), status, "{content_type:?}, {length} bytes");
    }
}
