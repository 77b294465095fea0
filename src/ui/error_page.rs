//! What is shown instead of a page: the problem in the visitor's language, with the way back.

use maud::html;

use super::address::Address;
use super::i18n::words::Words;
use super::parts::layout::{Page, Reload};
use super::parts::search::{self, Input};
use super::visit::Visit;
use crate::http::connection::request_id::RequestId;
use crate::http::problem::Problem;
use crate::http::request::parameters::error::ParameterError;
use crate::query::QueryError;
use crate::stock::ReadError;

/// The page for a problem. Where it is a matter of time, the page tries again by itself.
pub(super) fn page(visit: &Visit<'_>, problem: &Problem) -> Page {
    let words = visit.words();
    let (title, why) = told(problem, words);
    let input = if is_about_the_id(problem) { Input::Wrong } else { Input::Fine };
    let id = RequestId::of(visit.request);
    let main = html! {
        div.toolbar { (search::form(visit, input)) }
        section.trouble role="alert" aria-labelledby="trouble" {
            h1 #trouble { (title) }
            p { (why) }
            p.back { a href=(Address::overview(visit.tongue)) { (words.back) } }
            p.note { (words.request_id) " " code { (id.as_str()) } }
        }
    };
    let reload = problem.retry_after().map_or(Reload::None, Reload::Retry);
    Page { title: title.to_owned(), main, reload }
}

/// A problem's title and why, in the visitor's words. Never the problem's own text: it may quote what was sent.
fn told(problem: &Problem, words: &Words) -> (&'static str, &'static str) {
    if is_about_the_id(problem) {
        return (words.trouble_id, words.trouble_id_why);
    }
    match problem {
        Problem::Parameter(_)
        | Problem::Head(_)
        | Problem::MediaType
        | Problem::BodyTooLarge { .. }
        | Problem::BodyLate
        | Problem::PathRefused { .. }
        | Problem::NotAcceptable { .. }
        | Problem::Unauthenticated
        | Problem::NotFound
        | Problem::VariantsNeeded
        | Problem::Method { .. } => (words.trouble_request, words.trouble_request_why),
        Problem::LacksScope(_) | Problem::NotPassedThrough { .. } => {
            (words.trouble_scope, words.trouble_scope_why)
        }
        Problem::ShopClosed | Problem::NotBound => (words.trouble_shop, words.trouble_shop_why),
        Problem::TooManyRequests { .. } | Problem::TooManyConnections => {
            (words.trouble_often, words.trouble_often_why)
        }
        Problem::LocationsNeeded | Problem::NoLocations => {
            (words.trouble_locations, words.trouble_locations_why)
        }
        Problem::Forward(_) | Problem::AnswerTooLong { .. } => {
            (words.trouble_haravan, words.trouble_haravan_why)
        }
        Problem::Read(error) => match error {
            ReadError::RateLimited { .. } | ReadError::Overloaded { .. } => {
                (words.trouble_limit, words.trouble_limit_why)
            }
            ReadError::Timeout => (words.trouble_slow, words.trouble_slow_why),
            ReadError::Failed | ReadError::Rejected { .. } | ReadError::NotCached => {
                (words.trouble_haravan, words.trouble_haravan_why)
            }
            ReadError::Unauthorized => (words.trouble_token, words.trouble_token_why),
        },
        Problem::Internal => (words.trouble_here, words.trouble_here_why),
    }
}

fn is_about_the_id(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::Parameter(ParameterError::Query(QueryError::NotAnId { .. } | QueryError::EmptyList { .. }))
    )
}
