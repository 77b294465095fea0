//! The host that a request was sent to.

use std::borrow::Cow;

use actix_web::dev::RequestHead;
use actix_web::http::header::{HOST, HeaderValue};

/// The host of a request, in lower case, without a port: that of its target, or else of its `Host` header. `None` if it
/// has none, or several that differ.
pub(crate) fn sent(head: &RequestHead) -> Option<Cow<'_, str>> {
    let named = match head.uri.host() {
        Some(host) => host,
        None => header(head)?,
    };
    // The name of the root, which ends in a dot, is written by some.
    let name = named.strip_suffix('.').unwrap_or(named);
    let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
    Some(if is_lower { Cow::Borrowed(name) } else { Cow::Owned(name.to_ascii_lowercase()) })
}

/// What the `Host` header says before the port.
fn header(head: &RequestHead) -> Option<&str> {
    let mut lines = head.headers().get_all(HOST).map(HeaderValue::as_bytes);
    let line = lines.next()?;
    if lines.any(|other| other != line) {
        return None;
    }
    let host = str::from_utf8(line).ok()?;
    Some(host.split_once(':').map_or(host, |(name, _)| name))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::sent;

    #[track_caller]
    fn check(target: &str, hosts: &[&str], expected: Option<&str>) {
        let add = |request: TestRequest, host: &&str| request.append_header(("Host", *host));
        let request = hosts.iter().fold(TestRequest::with_uri(target), add).to_request();
        assert_eq!(sent(request.head()).as_deref(), expected, "{target} {hosts:?}");
    }

    #[test]
    fn the_host_is_told_without_its_case_and_its_port() {
        check("/com/x", &["hrv-1000.internal"], Some("hrv-1000.internal"));
        check("/com/x", &["HRV-1000.Internal:8080"], Some("hrv-1000.internal"));
        check("/com/x", &["hrv-1000.internal.:80"], Some("hrv-1000.internal"));
        check("/com/x", &["hrv-1000.internal."], Some("hrv-1000.internal"));
        check("/com/x", &[], None);
        check("/com/x", &["[::1]:80"], Some("["));
    }

    #[test]
    fn the_targets_own_host_counts_before_the_header() {
        check("http://A.example:80/com/x", &["b.example"], Some("a.example"));
    }

    #[test]
    fn hosts_that_differ_are_none() {
        check("/com/x", &["a", "a"], Some("a"));
        check("/com/x", &["a", "b"], None);
    }
}
