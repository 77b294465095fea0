//! The answers of the routes as the OpenAPI document describes them: what is said with a 200, and every problem, each
//! with the body that the code writes.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::time::Duration;

use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Header, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use super::bodies::{Forwarded, Locations};
use super::questions::InventoryReply;
use super::shop_list::ShopList;
use crate::domain::access::Scope;
use crate::http::problem::{PROBLEM_JSON, Problem, ProblemBody};
use crate::http::request::paths;
use crate::query::QueryError;
use crate::stock::ReadError;
use crate::stock::shop::ForwardError;

/// Answers by status.
type Answers = BTreeMap<String, RefOr<Response>>;

/// A path that an example problem names.
const VIEW: &str = "/shops/1000/stock";
/// The same on a compatible route.
const COMPATIBLE: &str = "/shops/1000/com/inventory_locations.json";
/// A request id that an example problem names.
const REQUEST_ID: &str = "5f0c1d7e9a4b4c3d8e2f1a0b9c8d7e6f";

/// The answers of the compatible inventory route.
#[derive(Debug)]
pub(crate) struct InventoryAnswers;
/// The answers of the compatible location route.
#[derive(Debug)]
pub(crate) struct LocationsAnswers;
/// The answers to a read that is passed through.
#[derive(Debug)]
pub(crate) struct ForwardedAnswers;
/// The answers to a write that is passed through.
#[derive(Debug)]
pub(crate) struct WriteAnswers;
/// The answers to a deletion that is passed through.
#[derive(Debug)]
pub(crate) struct DeletionAnswers;
/// The answers of a view.
#[derive(Debug)]
pub(crate) struct ViewAnswers<A>(PhantomData<A>);
/// The answers of the list of shops.
#[derive(Debug)]
pub(crate) struct ShopListAnswers;
/// The answers of a purge.
#[derive(Debug)]
pub(crate) struct PurgeAnswers;

impl IntoResponses for InventoryAnswers {
    fn responses() -> Answers {
        let rows =
            fresh("The rows that were asked for.").content("application/json", body::<InventoryReply>());
        let mut problems = caller_problems();
        problems.extend(question_problems());
        problems.extend(upstream_problems());
        answers([("200", rows), ("304", not_modified())], &problems, COMPATIBLE)
    }
}

impl IntoResponses for LocationsAnswers {
    fn responses() -> Answers {
        let locations =
            fresh("The locations that were asked for.").content("application/json", body::<Locations>());
        let mut problems = caller_problems();
        problems.push(bad_value());
        problems.extend(upstream_problems());
        answers([("200", locations), ("304", not_modified())], &problems, "/shops/1000/com/locations.json")
    }
}

impl IntoResponses for ForwardedAnswers {
    fn responses() -> Answers {
        passed(vec![
            Problem::LacksScope(Scope::Haravan),
            not_passed("passthrough.allow"),
            ReadError::Timeout.into(),
        ])
    }
}

impl IntoResponses for WriteAnswers {
    fn responses() -> Answers {
        let mut problems = write_problems();
        problems.push(Problem::BodyTooLarge { max: 64 << 20, setting: "passthrough.max_body" });
        passed(problems)
    }
}

impl IntoResponses for DeletionAnswers {
    fn responses() -> Answers {
        passed(write_problems())
    }
}

impl<A: ToSchema> IntoResponses for ViewAnswers<A> {
    fn responses() -> Answers {
        let lines = |description: &str| {
            let text = ObjectBuilder::new().schema_type(Type::String).description(Some(description));
            ContentBuilder::new().schema(Some(text)).build()
        };
        let view = fresh("The view. The same cells make the same bytes, except `as_of`.")
            .content("application/json", body::<A>())
            .content(
                "text/csv",
                lines(
                    "A header line, then a line for each item (RFC 4180). An answer that is not complete ends in a \
                     line whose first field is `#incomplete`; how many cells are missing, and why, follows. With \
                     `text/csv; bom=1` a byte order mark comes first, which Excel needs.",
                ),
            )
            .content(
                "application/x-ndjson",
                lines(
                    "A line of JSON for each item. The envelope is the last line if the answer is not complete, or \
                     warns of something.",
                ),
            );
        let mut problems = caller_problems();
        problems.extend(question_problems());
        problems
            .push(Problem::NotAcceptable { offered: "application/json, text/csv and application/x-ndjson" });
        problems.extend(upstream_problems());
        answers([("200", view), ("304", not_modified())], &problems, VIEW)
    }
}

impl IntoResponses for ShopListAnswers {
    fn responses() -> Answers {
        let shops = ResponseBuilder::new()
            .description("The shops, ordered by org id.")
            .content("application/json", body::<ShopList>());
        let problems = [Problem::Unauthenticated, Problem::LacksScope(Scope::Admin), too_many_requests()];
        answers([("200", shops)], &problems, "/shops")
    }
}

impl IntoResponses for PurgeAnswers {
    fn responses() -> Answers {
        let mut problems = caller_problems();
        problems.push(bad_value());
        problems.push(Problem::LacksScope(Scope::Admin));
        let done = ResponseBuilder::new().description("The cache entries were purged.");
        answers([("204", done)], &problems, "/shops/1000/cache")
    }
}

fn caller_problems() -> Vec<Problem> {
    vec![Problem::Unauthenticated, Problem::ShopClosed, too_many_requests(), Problem::Internal]
}

/// What may come of a request that is passed through: any answer of Haravan's, or one of these problems.
fn passed(own: Vec<Problem>) -> Answers {
    let haravans = || body::<Forwarded>();
    let answer = |description: &str| {
        ResponseBuilder::new()
            .description(description)
            .header("Cache-Status", header("Always `tonkho; fwd=bypass`.", Type::String))
            .content("application/json", haravans())
    };
    let mut problems = caller_problems();
    problems.extend([Problem::PathRefused { what: "an encoded slash" }, Problem::NotFound]);
    problems.extend(own);
    problems.push(ReadError::Failed.into());
    problems.push(ReadError::RateLimited { retry_after: Duration::from_secs(7) }.into());
    let good = [
        ("200", answer("What Haravan answered.")),
        ("default", answer("What Haravan answered, with the status that it sent.")),
    ];
    let mut answers = answers(good, &problems, "/shops/1000/com/products.json");
    for answer in answers.values_mut() {
        if let RefOr::T(answer) = answer {
            // Haravan sends these statuses too.
            answer.content.entry("application/json".to_owned()).or_insert_with(|| haravans().into());
        }
    }
    answers
}

fn write_problems() -> Vec<Problem> {
    vec![
        Problem::LacksScope(Scope::HaravanWrite),
        not_passed("passthrough.write"),
        Problem::Forward(ForwardError::EndUnknown { is_late: true }),
        Problem::Forward(ForwardError::EndUnknown { is_late: false }),
    ]
}

fn not_passed(setting: &'static str) -> Problem {
    Problem::NotPassedThrough { setting }
}

fn question_problems() -> Vec<Problem> {
    let cells = QueryError::TooManyCells { variants: 5000, locations: 60, cells: 300_000, max: 250_000 };
    vec![
        bad_value(),
        cells.into(),
        Problem::BodyTooLarge { max: 4 << 20, setting: "limits.max_body" },
        Problem::MediaType,
        Problem::VariantsNeeded,
    ]
}

fn upstream_problems() -> Vec<Problem> {
    vec![
        ReadError::Failed.into(),
        ReadError::Unauthorized.into(),
        ReadError::RateLimited { retry_after: Duration::from_secs(7) }.into(),
        ReadError::Timeout.into(),
        ReadError::NotCached.into(),
    ]
}

fn bad_value() -> Problem {
    QueryError::NotAnId { parameter: "variant_ids", item: "abc".to_owned() }.into()
}

fn too_many_requests() -> Problem {
    Problem::TooManyRequests { retry_after: Duration::from_secs(1) }
}

/// The answers, and the problems: those of one status are examples of one answer.
fn answers<const N: usize>(good: [(&str, ResponseBuilder); N], problems: &[Problem], path: &str) -> Answers {
    let mut answers: Answers = good
        .into_iter()
        .map(|(status, response)| (status.to_owned(), with_request_id(response).build().into()))
        .collect();
    let mut by_status = BTreeMap::<u16, Vec<&Problem>>::new();
    for problem in problems {
        by_status.entry(problem.kind_at(path).status.as_u16()).or_default().push(problem);
    }
    for (status, problems) in by_status {
        answers.insert(status.to_string(), problem_answer(&problems, path).into());
    }
    if paths::is_haravans(path) {
        // Who may not read a shop learns nothing of it.
        for (_, answer) in answers.iter_mut().filter(|(status, _)| !["401", "403"].contains(&status.as_str()))
        {
            if let RefOr::T(response) = answer {
                let text = "How full the shop's bucket is, as Haravan tells it: `level/size`.";
                response
                    .headers
                    .insert("X-Haravan-Api-Call-Limit".to_owned(), header(text, Type::String).into());
            }
        }
    }
    answers
}

fn problem_answer(problems: &[&Problem], path: &str) -> Response {
    let titles: Vec<String> =
        problems.iter().map(|problem| format!("`{0}`: {1}.", problem.kind().slug, problem)).collect();
    let examples = problems.iter().map(|problem| {
        let example = ExampleBuilder::new()
            .summary(problem.kind().title)
            .value(serde_json::to_value(problem.body(path, REQUEST_ID)).ok());
        (problem.kind().slug, example.build())
    });
    let schema = Ref::from_schema_name(ProblemBody::name());
    let content = ContentBuilder::new().schema(Some(schema)).examples_from_iter(examples).build();
    let mut response = ResponseBuilder::new().description(titles.join("\n\n")).content(PROBLEM_JSON, content);
    if problems.iter().any(|problem| problem.retry_after().is_some()) {
        let text = "After how many whole seconds to ask again.";
        response = response.header("Retry-After", header(text, Type::Integer));
    }
    if problems.contains(&&Problem::Unauthenticated) {
        response = response.header("WWW-Authenticate", header("Always `Bearer`.", Type::String));
    }
    with_request_id(response).build()
}

/// An answer with the headers that tell where it comes from.
fn fresh(description: &str) -> ResponseBuilder {
    cache_headers(ResponseBuilder::new().description(description))
}

fn not_modified() -> ResponseBuilder {
    cache_headers(
        ResponseBuilder::new()
            .description("The answer that the caller has (`If-None-Match`) is still right."),
    )
}

fn cache_headers(response: ResponseBuilder) -> ResponseBuilder {
    response
        .header("Age", header("The age of the oldest cell used, in seconds.", Type::Integer))
        .header(
            "ETag",
            header("The version of the answer: strong on compatible routes, weak on views.", Type::String),
        )
        .header(
            "Cache-Status",
            header("Where the answer comes from (RFC 9211), such as `tonkho; hit; ttl=12`.", Type::String),
        )
        .header("X-Tonkho-Missing", header("How many cells are missing. Left out if none is.", Type::Integer))
        .header(
            "Preference-Applied",
            header("The `wait=N` that was granted, if one was asked for.", Type::String),
        )
}

fn with_request_id(response: ResponseBuilder) -> ResponseBuilder {
    response.header(
        "X-Request-Id",
        header("The id of the request. It is the caller's own if the caller sent one.", Type::String),
    )
}

fn header(description: &str, schema_type: Type) -> Header {
    let schema = ObjectBuilder::new().schema_type(schema_type).build();
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}

fn body<T: ToSchema>() -> utoipa::openapi::Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name(T::name()))).build()
}
