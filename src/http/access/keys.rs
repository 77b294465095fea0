//! Who is calling, and what they may do.
//!
//! Only digests of keys are known here, and a key that was sent is hashed and forgotten: it is in no log line, no
//! error and no `Debug`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use actix_web::{HttpMessage, HttpRequest};
use parking_lot::RwLock;
use rustc_hash::FxBuildHasher;
use tokio::time::Instant;

use super::rate_limit::RateLimit;
use crate::domain::access::{KeyDigest, Scope, ShopAccess};
use crate::domain::caller::CallerId;
use crate::domain::id::OrgId;
use crate::http::problem::Problem;

/// The header for clients that cannot set `Authorization`.
pub const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// The header in which clients of Haravan's `/admin` send their token.
pub const X_HARAVAN_ACCESS_TOKEN: HeaderName = HeaderName::from_static("x-haravan-access-token");

/// A key that is admitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// What the key is called in logs.
    pub name: String,
    /// The digest of the whole key.
    pub digest: KeyDigest,
    /// The shops it may read.
    pub shops: ShopAccess,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// How many requests per second it may make; none: as many as it likes.
    pub requests_per_second: Option<f64>,
    /// How old the cells may be that it is given where a request does not say; none: as old as the shop's cache says.
    pub max_age: Option<Duration>,
}

/// The name of the key that a request was made with, in the request's extensions, for logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName(pub Arc<str>);

/// Someone who may call.
#[derive(Debug)]
pub struct Caller {
    id: CallerId,
    name: Arc<str>,
    shops: ShopAccess,
    scopes: BTreeSet<Scope>,
    allowance: Option<RateLimit>,
    max_age: Option<Duration>,
}

/// The keys that are admitted.
#[derive(Debug)]
pub struct KeyRing {
    admission: RwLock<Arc<Admission>>,
    started: Instant,
}

#[derive(Debug)]
enum Admission {
    /// Everyone may do everything (`auth.disabled`).
    Everyone(Arc<Caller>),
    /// Those with one of these keys.
    Keys(HashMap<KeyDigest, Arc<Caller>, FxBuildHasher>),
}

impl KeyRing {
    /// A ring of these keys.
    #[must_use]
    pub fn new<K: Into<Key>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self::with(Admission::of_keys(keys))
    }

    /// A ring that admits everyone to everything, with or without a key.
    #[must_use]
    pub fn open() -> Self {
        let everyone = Caller {
            id: CallerId::new(1),
            name: "anyone".into(),
            shops: ShopAccess::All,
            scopes: BTreeSet::from(Scope::ALL),
            allowance: None,
            max_age: None,
        };
        Self::with(Admission::Everyone(Arc::new(everyone)))
    }

    /// Admits these keys from now on, and no others. Requests under way go on; allowances start anew.
    pub fn replace<K: Into<Key>>(&self, keys: impl IntoIterator<Item = K>) {
        let admission = Arc::new(Admission::of_keys(keys));
        *self.admission.write() = admission;
    }

    /// Whether everyone is admitted to everything.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(**self.admission.read(), Admission::Everyone(_))
    }

    /// What the key with this digest is called, if it is admitted.
    pub(crate) fn name_of(&self, digest: &KeyDigest) -> Option<Arc<str>> {
        match &**self.admission.read() {
            Admission::Everyone(_) => None,
            Admission::Keys(keys) => keys.get(digest).map(|caller| Arc::clone(&caller.name)),
        }
    }

    /// The digest of the key that is called so, if it is admitted.
    pub(crate) fn digest_of(&self, name: &str) -> Option<KeyDigest> {
        match &**self.admission.read() {
            Admission::Everyone(_) => None,
            Admission::Keys(keys) => {
                keys.iter().find(|(_, caller)| *caller.name == *name).map(|(digest, _)| *digest)
            }
        }
    }

    fn with(admission: Admission) -> Self {
        Self { admission: RwLock::new(Arc::new(admission)), started: Instant::now() }
    }

    /// Who makes a request, if they may do so now.
    ///
    /// # Errors
    /// No key, none that is admitted, or one that asks too often.
    pub fn admit(&self, request: &HttpRequest) -> Result<Arc<Caller>, Problem> {
        self.admit_digest(request, digest_sent(request.headers())?)
    }

    /// As [`KeyRing::admit`], for a request that sent its key in another way: the key with this digest.
    pub(crate) fn admit_digest(
        &self,
        request: &HttpRequest,
        digest: Option<KeyDigest>,
    ) -> Result<Arc<Caller>, Problem> {
        let caller = self.identify_digest(|| Ok(digest))?;
        self.admit_caller(request, &caller)?;
        Ok(caller)
    }

    /// As [`KeyRing::admit`], for a request whose caller is identified already.
    ///
    /// # Errors
    /// The caller asks too often.
    pub(crate) fn admit_caller(&self, request: &HttpRequest, caller: &Caller) -> Result<(), Problem> {
        request.extensions_mut().insert(KeyName(Arc::clone(&caller.name)));
        request.extensions_mut().insert(caller.id);
        self.charge(caller)
    }

    /// Who sends these headers; the request is not counted yet.
    ///
    /// # Errors
    /// No key, or none that is admitted.
    pub fn identify(&self, headers: &HeaderMap) -> Result<Arc<Caller>, Problem> {
        self.identify_digest(|| digest_sent(headers))
    }

    fn identify_digest(
        &self,
        digest: impl FnOnce() -> Result<Option<KeyDigest>, Problem>,
    ) -> Result<Arc<Caller>, Problem> {
        let admission = self.admission.read();
        let caller = match &**admission {
            Admission::Everyone(caller) => caller,
            Admission::Keys(keys) => {
                let digest = digest()?.ok_or(Problem::Unauthenticated)?;
                keys.get(&digest).ok_or(Problem::Unauthenticated)?
            }
        };
        Ok(Arc::clone(caller))
    }

    /// Whether a caller may ask now, without counting that it does.
    #[must_use]
    pub fn may_ask(&self, caller: &Caller) -> bool {
        caller.allowance.as_ref().is_none_or(|allowance| allowance.is_left(self.started.elapsed()))
    }

    /// Counts a request of a caller's.
    ///
    /// # Errors
    /// The caller asks too often: this one is not counted.
    pub fn charge(&self, caller: &Caller) -> Result<(), Problem> {
        let Some(allowance) = &caller.allowance else { return Ok(()) };
        let taken = allowance.take(self.started.elapsed());
        taken.map_err(|retry_after| Problem::TooManyRequests { retry_after })
    }
}

impl Admission {
    fn of_keys<K: Into<Key>>(keys: impl IntoIterator<Item = K>) -> Self {
        // From 1: a caller without a key is 0.
        let caller = |(id, key): (u32, K)| {
            let Key { name, digest, shops, scopes, requests_per_second, max_age } = key.into();
            let allowance = requests_per_second.map(RateLimit::per_second);
            let (id, name) = (CallerId::new(id), name.into());
            (digest, Arc::new(Caller { id, name, shops, scopes, allowance, max_age }))
        };
        Self::Keys((1..).zip(keys).map(caller).collect())
    }
}

impl Caller {
    /// What the key is called in logs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How old the cells may be that it is given where a request has no `Cache-Control`, if its key says so.
    #[must_use]
    pub fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// Whether the caller may do this.
    ///
    /// # Errors
    /// The scope is lacking.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.contains(&scope) { Ok(()) } else { Err(Problem::LacksScope(scope)) }
    }

    /// Returns whether the caller may read a shop.
    #[must_use]
    pub fn may_read(&self, org_id: OrgId) -> bool {
        self.shops.admits(org_id)
    }

    /// The one shop that the caller is bound to, if it is one.
    #[must_use]
    pub fn bound_to(&self) -> Option<OrgId> {
        self.shops.single()
    }
}

/// Who was admitted with a request, for its turns.
pub(crate) fn caller_of(request: &HttpRequest) -> CallerId {
    request.extensions().get().copied().unwrap_or(CallerId::NONE)
}

/// The digest of the key that was sent, if one was: as `Authorization: Bearer`, `X-API-Key` or `X-Haravan-Access-Token`.
///
/// # Errors
/// The headers, or the lines of one, do not all carry the same key: what stands before the gateway may have checked
/// another than we would take.
pub(crate) fn digest_sent(headers: &HeaderMap) -> Result<Option<KeyDigest>, Problem> {
    // What cannot be read is no key, and differs from each.
    let lines =
        |name: HeaderName| headers.get_all(name).map(|value| value.to_str().unwrap_or_default().trim());
    let bearers = lines(AUTHORIZATION).filter_map(bearer);
    let mut keys = bearers.chain(lines(X_API_KEY)).chain(lines(X_HARAVAN_ACCESS_TOKEN));
    let Some(key) = keys.next() else { return Ok(None) };
    if keys.any(|other| other != key) {
        return Err(Problem::Unauthenticated);
    }
    Ok((!key.is_empty()).then(|| KeyDigest::of_key(key)))
}

/// The key in the value of an `Authorization` header; `None` if it is of another scheme.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ').unwrap_or((value, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use actix_web::HttpMessage;
    use actix_web::test::TestRequest;

    use super::{Key, KeyName, KeyRing};
    use crate::domain::access::{KeyDigest, Scope, ShopAccess};
    use crate::domain::id::OrgId;
    use crate::http::problem::Problem;

    fn key(text: &str, shops: &[u64]) -> Key {
        Key {
            name: format!("name of {text}"),
            digest: KeyDigest::of_key(text),
            shops: ShopAccess::Only(shops.iter().map(|id| OrgId::new(*id).unwrap()).collect()),
            scopes: BTreeSet::from([Scope::Read]),
            requests_per_second: None,
            max_age: None,
        }
    }

    #[track_caller]
    fn check(headers: &[(&str, &str)], admitted: bool) {
        let ring = KeyRing::new([key("tk_one", &[1000]), key("tk_two", &[1000])]);
        let append = |request: TestRequest, header: &(&str, &str)| request.append_header(*header);
        let request = headers.iter().fold(TestRequest::default(), append).to_http_request();
        assert_eq!(ring.admit(&request).is_ok(), admitted, "{headers:?}");
    }

    #[test]
    fn a_key_is_sent_in_one_of_three_headers() {
        check(&[("Authorization", "Bearer tk_one")], true);
        check(&[("Authorization", "bearer  tk_one ")], true);
        check(&[("X-API-Key", "tk_one")], true);
        check(&[("X-Haravan-Access-Token", " tk_one")], true);
        check(&[("Authorization", "tk_one")], false);
        check(&[("Authorization", "Basic tk_one")], false);
        check(&[("Authorization", "Bearer tk_no")], false);
        check(&[("Authorization", "Bearer ")], false);
        check(&[("X-API-Key", "")], false);
        check(&[("X-Haravan-Access-Token", "Bearer tk_one")], false);
        check(&[("X-Haravan", "tk_one")], false);
        check(&[], false);
    }

    #[test]
    fn several_headers_must_carry_the_same_key() {
        let (bearer, api_key) = (("Authorization", "Bearer tk_one"), ("X-API-Key", "tk_one"));
        let haravans = ("X-Haravan-Access-Token", "tk_one");
        check(&[bearer, api_key, haravans], true);
        check(&[haravans, haravans, bearer, bearer], true);
        check(&[("Authorization", "Basic dXNlcg=="), haravans], true);
        for other in ["tk_two", "tk_no", "", "\u{1ecd}"] {
            check(&[bearer, ("X-Haravan-Access-Token", other)], false);
            check(&[haravans, ("X-API-Key", other)], false);
            check(&[haravans, ("X-Haravan-Access-Token", other)], false);
        }
        check(&[bearer, ("Authorization", "Bearer tk_two")], false);
        check(&[("Authorization", "Bearer"), api_key], false);
    }

    #[test]
    fn a_key_is_bound_only_if_it_has_exactly_one_shop() {
        let ring = KeyRing::new([key("tk_one", &[1000]), key("tk_two", &[1000, 2000])]);
        let caller = |text: &str| {
            ring.admit(&TestRequest::default().insert_header(("X-API-Key", text)).to_http_request()).unwrap()
        };
        assert_eq!(caller("tk_one").bound_to(), OrgId::new(1000).ok());
        assert_eq!(caller("tk_two").bound_to(), None);
        assert!(!caller("tk_one").may_read(OrgId::new(2000).unwrap()));
        assert_eq!(caller("tk_one").require(Scope::Read), Ok(()));
        assert_eq!(caller("tk_one").require(Scope::Admin), Err(Problem::LacksScope(Scope::Admin)));
    }

    #[test]
    fn an_open_ring_admits_everyone_to_everything() {
        let caller = KeyRing::open().admit(&TestRequest::default().to_http_request()).unwrap();
        assert!(caller.may_read(OrgId::new(7).unwrap()) && caller.require(Scope::Admin).is_ok());
    }

    #[test]
    fn a_key_that_asks_too_often_is_told_when_to_come_back() {
        let slow = Key { requests_per_second: Some(0.01), ..key("tk_slow", &[1000]) };
        let ring = KeyRing::new([slow, key("tk_one", &[1000])]);
        let request = |key| TestRequest::default().insert_header(("X-API-Key", key)).to_http_request();
        assert!(ring.admit(&request("tk_slow")).is_ok());
        let problem = ring.admit(&request("tk_slow")).unwrap_err();
        assert!(matches!(problem, Problem::TooManyRequests { retry_after } if 98 < retry_after.as_secs()));
        assert!(ring.admit(&request("tk_one")).is_ok());
    }

    #[test]
    fn the_log_learns_the_name_of_a_key_and_debug_never_the_key() {
        let ring = KeyRing::new([key("tk_secret", &[1000])]);
        let request = TestRequest::default().insert_header(("X-API-Key", "tk_secret")).to_http_request();
        let caller = ring.admit(&request).unwrap();
        assert_eq!(request.extensions().get::<KeyName>().unwrap().0.as_ref(), "name of tk_secret");
        assert!(!format!("{:?}", caller.scopes).contains("tk_"));
    }

    #[test]
    fn replaced_keys_are_refused_from_then_on() {
        let ring = KeyRing::new([key("tk_old", &[1000])]);
        ring.replace([key("tk_new", &[1000])]);
        let request = |key| TestRequest::default().insert_header(("X-API-Key", key)).to_http_request();
        assert_eq!(ring.admit(&request("tk_old")).unwrap_err(), Problem::Unauthenticated);
        assert!(ring.admit(&request("tk_new")).is_ok());
    }
}
