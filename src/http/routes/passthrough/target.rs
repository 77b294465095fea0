//! What a request that is passed through asks for: the path below `/com/` and the query string, byte for byte.

use std::sync::Arc;

use actix_web::http::Uri;

use crate::http::problem::Problem;
use crate::http::state::access::ShopPath;

/// What a request that is passed through asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The path below `/com/`.
    pub(super) path: Arc<str>,
    /// The query string; `None` if there is no question mark.
    pub(super) query: Option<Arc<str>>,
}

impl Target {
    /// Takes the target of a request apart.
    ///
    /// # Errors
    /// The path could lead to another one than it seems to.
    pub(super) fn of(target: &Uri) -> Result<Self, Problem> {
        let below = ShopPath::of(target.path()).below_root().filter(|path| !path.is_empty());
        let path = below.ok_or(Problem::NotFound)?;
        if let Some(what) = danger_in(path) {
            return Err(Problem::PathRefused { what });
        }
        Ok(Self { path: path.into(), query: target.query().map(Into::into) })
    }
}

/// What in a path some servers read as another path.
fn danger_in(path: &str) -> Option<&'static str> {
    let path = path.to_ascii_lowercase();
    let holds = |texts: &[&str]| texts.iter().any(|text| path.contains(text));
    if holds(&["%2f"]) {
        return Some("an encoded slash");
    }
    if holds(&["\\", "%5c"]) {
        return Some("a backslash");
    }
    if path.bytes().any(|byte| byte.is_ascii_control()) || holds(&["%00", "%0a", "%0d"]) {
        return Some("a control character");
    }
    let is_dots = |segment: &str| {
        // Some servers leave out what follows a semicolon.
        let name = segment.split(';').next().unwrap_or_default().replace("%2e", ".").replace("%3b", ";");
        matches!(name.split(';').next(), Some("." | ".."))
    };
    path.split('/').any(is_dots).then_some("a segment . or ..")
}

#[cfg(test)]
mod tests {
    use actix_web::http::Uri;
    use proptest::prelude::*;

    use super::Target;
    use crate::http::problem::Problem;

    #[track_caller]
    fn check(target: &str, expected: Result<(&str, Option<&str>), &'static str>) {
        let found = Target::of(&target.parse().unwrap());
        let expected = match expected {
            Ok((path, query)) => Ok(Target { path: path.into(), query: query.map(Into::into) }),
            Err("not found") => Err(Problem::NotFound),
            Err(what) => Err(Problem::PathRefused { what }),
        };
        assert_eq!(found, expected, "{target}");
    }

    #[test]
    fn path_and_query_stay_as_they_were_sent() {
        check("/com/products.json", Ok(("products.json", None)));
        check("/com/products.json?", Ok(("products.json", Some(""))));
        check("/shops/1000/com/a//b%20c/?x=/com/../y%2f&x", Ok(("a//b%20c/", Some("x=/com/../y%2f&x"))));
        check("/shops/1000/admin/a.json", Ok(("a.json", None)));
        check("http://elsewhere/com/a...b/.c", Ok(("a...b/.c", None)));
        check("/com/http://elsewhere/x", Ok(("http://elsewhere/x", None)));
        check("/com/@elsewhere", Ok(("@elsewhere", None)));
    }

    #[test]
    fn a_path_that_could_lead_elsewhere_is_refused() {
        let dots = Err("a segment . or ..");
        check("/com/../products.json", dots);
        check("/com/a/%2E%2e/b", dots);
        check("/com/a/.%2e", dots);
        check("/com/./a", dots);
        check("/com/a/..;x=1/b", dots);
        check("/com/a/..%3bx/b", dots);
        check("/com/a%2Fb", Err("an encoded slash"));
        check("/com/a%5cb", Err("a backslash"));
        check("/com/a%0d%0ab", Err("a control character"));
        check("/com/a%00", Err("a control character"));
        check("/com/", Err("not found"));
        check("/c%6fm/a", Err("not found"));
    }

    proptest! {
        #[test]
        fn what_the_edge_reads_the_client_can_send_as_it_is(rest in "[ -~]{0,12}(\\?[ -~]{0,12})?") {
            let target: Result<Uri, _> = format!("/com/a{rest}").parse();
            let Some(Ok(target)) = target.ok().map(|target| Target::of(&target)) else { return Ok(()) };
            let query = target.query.map(|query| format!("?{query}")).unwrap_or_default();
            let sent = format!("/com/{}{query}", target.path);
            let url: hyper::Uri = format!("https://haravan.invalid{sent}").parse().unwrap();
            prop_assert_eq!(url.path_and_query().unwrap().as_str(), sent);
        }
    }
}
