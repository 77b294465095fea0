//! One spelling for a path, before a route is looked for.
//!
//! Doubled slashes and a slash at the end, which programs add without meaning anything, are left out. `/admin/`, Haravan's second base for the same resources, becomes `/com/`.

use std::borrow::Cow;

use actix_web::http::Uri;
use actix_web::http::uri::PathAndQuery;
use actix_web::{HttpMessage, HttpRequest};
use memchr::memchr_iter;

/// Where the UI lives: its files are found by what stands before the last slash.
const DOCS: &str = "/docs";

/// What follows `com/` on the routes that are answered here; everything else there is Haravan's, byte for byte.
const ANSWERED: [&str; 2] = ["inventory_locations.json", "locations.json"];

/// Haravan's two bases: here they mean the same.
const ROOTS: [&str; 2] = ["com", "admin"];

/// The target that was asked for, in the extensions of a request whose target was changed into the usual one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedTarget(pub Uri);

/// The path of a request, as its caller wrote it.
pub(crate) fn with_asked_path<T>(request: &HttpRequest, read: impl FnOnce(&str) -> T) -> T {
    match request.extensions().get::<AskedTarget>() {
        Some(AskedTarget(asked)) => read(asked.path()),
        None => read(request.path()),
    }
}

/// Whether a path, in any spelling, is one of Haravan's: below `/com/` or `/admin/`, with or without a shop before it.
pub(crate) fn is_haravans(path: &str) -> bool {
    forwarded(path).is_some()
}

/// The target under its usual path; `None` if it was sent with that path.
#[must_use]
pub fn usual(target: &Uri) -> Option<Uri> {
    let path = match usual_path(target.path()) {
        Cow::Borrowed(_) => return None,
        Cow::Owned(path) => path,
    };
    let path_and_query = match target.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = target.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path_and_query).ok()?);
    Uri::from_parts(parts).ok()
}

fn usual_path(path: &str) -> Cow<'_, str> {
    if !is_unusual(path) && !is_below_admin(path) {
        return Cow::Borrowed(path);
    }
    let mut usual = joined(path);
    if usual == DOCS {
        usual.push('/');
    }
    if let Some(sent) = forwarded(path)
        && let Some((before, rest)) = split_at_root(&usual)
    {
        let before =
            before.strip_suffix("admin").map_or(Cow::Borrowed(before), |start| format!("{start}com").into());
        usual = format!("{before}/{}", if ANSWERED.contains(&rest) { rest } else { sent });
    }
    if usual == path { Cow::Borrowed(path) } else { Cow::Owned(usual) }
}

/// Whether a path without slashes to leave out is below `/admin/`. This is on the way of every hit.
fn is_below_admin(path: &str) -> bool {
    let of_a_shop = path.strip_prefix("/shops/").and_then(|rest| rest.get(rest.find('/')?..));
    of_a_shop.unwrap_or(path).starts_with("/admin/")
}

/// Whether a path has slashes to leave out. This is on the way of every hit.
fn is_unusual(path: &str) -> bool {
    let ends_in_slash = 1 < path.len() && path.ends_with('/');
    let mut after_last = 0;
    let doubled = memchr_iter(b'/', path.as_bytes()).any(|at| {
        let follows = 0 < at && at == after_last;
        after_last = at + 1;
        follows
    });
    ends_in_slash || doubled
}

/// The segments that are not empty, with one slash before each.
fn joined(path: &str) -> String {
    let mut joined = String::with_capacity(path.len());
    for segment in segments(path) {
        joined.push('/');
        joined.push_str(segment);
    }
    if joined.is_empty() { "/".to_owned() } else { joined }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// What follows the root of Haravan's paths (`/com/`, `/shops/{org_id}/com/`, and the same with `admin`), just as it was
/// sent.
fn forwarded(path: &str) -> Option<&str> {
    let (first, rest) = next_segment(path)?;
    if ROOTS.contains(&first) {
        return Some(rest);
    }
    let (_, rest) = next_segment(rest).filter(|_| first == "shops")?;
    let (root, rest) = next_segment(rest)?;
    ROOTS.contains(&root).then_some(rest)
}

/// The first segment that is not empty, and what follows the slash after it.
fn next_segment(path: &str) -> Option<(&str, &str)> {
    path.trim_start_matches('/').split_once('/')
}

/// A usual path, split where what is forwarded begins.
fn split_at_root(usual: &str) -> Option<(&str, &str)> {
    let rest = forwarded(usual)?;
    Some((usual.strip_suffix(rest)?.strip_suffix('/')?, rest))
}

#[cfg(test)]
mod tests {
    use actix_web::http::Uri;

    use super::{is_haravans, usual};

    #[track_caller]
    fn check(sent: &str, expected: &str) {
        let target: Uri = sent.parse().unwrap();
        let usual = usual(&target).map_or_else(|| sent.to_owned(), |target| target.to_string());
        assert_eq!(usual, expected, "{sent}");
    }

    #[test]
    fn doubled_slashes_and_one_at_the_end_are_left_out() {
        check("/shops/1000/stock/", "/shops/1000/stock");
        check("/shops/1000/stock/?variant_ids=1//2/", "/shops/1000/stock?variant_ids=1//2/");
        check("//shops///1000//stock//7//", "/shops/1000/stock/7");
        check("//", "/");
        check("/", "/");
        check("/shops", "/shops");
        check("http://a:80//shops/", "http://a:80/shops");
    }

    #[test]
    fn the_ui_keeps_the_slash_that_its_files_are_found_by() {
        check("/docs/", "/docs/");
        check("/docs", "/docs");
        check("//docs//", "/docs/");
        check("/docs/index.html/", "/docs/index.html");
    }

    #[test]
    fn what_is_forwarded_stays_as_it_is() {
        check("//shops//1000//com//orders//1.json/?a", "/shops/1000/com//orders//1.json/?a");
        check("/com//products.json", "/com//products.json");
        check("/com/", "/com");
        check("//com//inventory_locations.json/", "/com/inventory_locations.json");
        check("/shops/1000/com//locations.json", "/shops/1000/com/locations.json");
        check("/shops/1000/stock//com//x", "/shops/1000/stock/com/x");
    }
    #[test]
    fn admin_is_com_and_what_follows_stays_as_it_is() {
        check("/admin/inventory_locations.json?a=/admin/", "/com/inventory_locations.json?a=/admin/");
        check("/shops/1000/admin/locations.json", "/shops/1000/com/locations.json");
        check("//shops//1000//admin//locations.json/", "/shops/1000/com/locations.json");
        check("/admin/products/7.json?fields=id%2Cname", "/com/products/7.json?fields=id%2Cname");
        check("//admin/products.json/", "/com/products.json/");
        check("/admin//orders//%31.json", "/com//orders//%31.json");
        check("/admin/admin/com/x", "/com/admin/com/x");
        check("/com/admin/x", "/com/admin/x");
        check("http://a:80/admin/x", "http://a:80/com/x");
        for path in ["/admin", "/administer/x", "/shops/admin/x", "/shops/1/stock/admin/x", "/page/admin/x"] {
            check(path, path);
        }
    }

    #[test]
    fn haravans_paths_are_told_in_any_spelling() {
        for path in ["/com/x", "//com//x", "/admin/x", "/shops/1000/com/x", "//shops//1//admin//x"] {
            assert!(is_haravans(path), "{path}");
        }
        for path in ["/", "/com", "/comet/x", "/shops/1000/stock", "/shops/com/stock", "/shops/1000/comet/x"]
        {
            assert!(!is_haravans(path), "{path}");
        }
    }
}
