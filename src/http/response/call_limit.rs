//! `X-Haravan-Api-Call-Limit`: how full a shop's bucket is, for clients of Haravan that watch it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use actix_web::HttpMessage;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{HeaderName, HeaderValue};
use tokio::time::Instant;

use crate::governor::CallLimit;
use crate::http::request::paths;
use crate::stock::shop::Shop;

/// The header.
pub const X_HARAVAN_API_CALL_LIMIT: HeaderName = HeaderName::from_static("x-haravan-api-call-limit");

/// How many sizes of buckets have their texts made beforehand. Source: ours; Haravan's plans have one or two.
const SIZES: usize = 8;
/// The largest bucket whose texts are made beforehand. Source: ours; Haravan's has 80 places.
const LARGEST: u32 = 1_024;

/// Texts by level, for the first few sizes that are met: every hit says one, and spelling it would allocate.
static TEXTS: [OnceLock<Texts>; SIZES] = [const { OnceLock::new() }; SIZES];

/// The texts of all levels of a bucket. They stay for good.
#[derive(Debug)]
struct Texts {
    size: u32,
    by_level: Vec<&'static str>,
}

/// The shop that a request is about, in its extensions: its caller may read it.
#[derive(Clone)]
pub(crate) struct AskedShop(pub(crate) Arc<Shop>);

/// How full a shop's bucket is now. It takes no lock, and hardly ever allocates.
pub(crate) fn call_limit(shop: &Shop, now: Instant) -> Option<HeaderValue> {
    header_value(shop.call_limit(now))
}

/// Says in an answer on one of Haravan's paths how full the bucket is, where a shop is known and the answer does not say
/// so itself.
pub(crate) fn tell<B>(response: &mut ServiceResponse<B>) {
    let request = response.request();
    if !paths::is_haravans(request.path()) || response.headers().contains_key(X_HARAVAN_API_CALL_LIMIT) {
        return;
    }
    let shop = request.extensions().get::<AskedShop>().cloned();
    if let Some(value) = shop.and_then(|AskedShop(shop)| call_limit(&shop, Instant::now())) {
        response.headers_mut().insert(X_HARAVAN_API_CALL_LIMIT, value);
    }
}

fn header_value(limit: CallLimit) -> Option<HeaderValue> {
    match made(limit) {
        Some(text) => Some(HeaderValue::from_static(text)),
        None => HeaderValue::try_from(spelled(limit)).ok(),
    }
}

/// The text that was made beforehand. `None` for a large bucket, and for the next size after the first few.
fn made(CallLimit { level, size }: CallLimit) -> Option<&'static str> {
    if LARGEST < size {
        return None;
    }
    let mut texts = TEXTS.iter().map(|texts| texts.get_or_init(|| Texts::of(size)));
    let texts = texts.find(|texts| texts.size == size)?;
    usize::try_from(level).ok().and_then(|level| texts.by_level.get(level).copied())
}

fn spelled(CallLimit { level, size }: CallLimit) -> String {
    format!("{level}/{size}")
}

impl Texts {
    fn of(size: u32) -> Self {
        Self { size, by_level: (0..=size).map(|level| &*spelled(CallLimit { level, size }).leak()).collect() }
    }
}

impl fmt::Debug for AskedShop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("AskedShop").field(&self.0.org_id()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{CallLimit, LARGEST, header_value, made};

    #[test]
    fn a_level_reads_alike_whether_or_not_its_text_was_made_before() {
        for size in (0..20).chain([80, LARGEST, LARGEST + 1, u32::MAX]) {
            for level in [0, size / 2, size] {
                let value = header_value(CallLimit { level, size }).unwrap();
                assert_eq!(value, format!("{level}/{size}"));
            }
        }
        assert_eq!(made(CallLimit { level: 0, size: LARGEST + 1 }), None);
    }
}
