//! One spelling for a path: doubled slashes and a slash at the end, which programs add without meaning anything, are
//! left out before a route is looked for.

use std::borrow::Cow;

use actix_web::http::Uri;
use actix_web::http::uri::PathAndQuery;
use memchr::memchr_iter;

/// Where the UI lives: its files are found by what stands before the last slash.
const DOCS: &str = "/docs";

/// What follows `com/` on the routes that are answered here; everything else there is Haravan's, byte for byte.
const ANSWERED: [&str; 2] = ["inventory_locations.json", "locations.json"];

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
    if !is_unusual(path) {
        return Cow::Borrowed(path);
    }
    let mut usual = joined(path);
    if usual == DOCS {
        usual.push('/');
    }
    if let Some(forwarded) = forwarded(path)
        && let Some((before, rest)) = split_at_root(&usual)
        && !ANSWERED.contains(&rest)
    {
        usual = format!("{before}/{forwarded}");
    }
    if usual == path { Cow::Borrowed(path) } else { Cow::Owned(usual) }
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

/// What follows the root of Haravan's paths, `/com/` or `/shops/{org_id}/com/`, just as it was sent.
fn forwarded(path: &str) -> Option<&str> {
    let (first, rest) = next_segment(path)?;
    if is_root(first) {
        return Some(rest);
    }
    let (_, rest) = next_segment(rest).filter(|_| first == "shops")?;
    let (root, rest) = next_segment(rest)?;
    is_root(root).then_some(rest)
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

fn is_root(segment: &str) -> bool {
    segment == "com" || segment == "admin"
}

#[cfg(test)]
mod tests {
    use actix_web::http::Uri;

    use super::usual;

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
        check("//admin/products.json/", "/admin/products.json/");
        check("/com/", "/com");
        check("//com//inventory_locations.json/", "/com/inventory_locations.json");
        check("/shops/1000/com//locations.json", "/shops/1000/com/locations.json");
        check("/shops/1000/stock//com//x", "/shops/1000/stock/com/x");
    }
}
