//! Answers that stand ready: bytes that were made once, given again for as long as what they rest on holds.
//!
//! Per shop and bounded in bytes, so that one shop's many questions push out only its own answers. A question is
//! let in when it comes for the second time: most combinations of ids come once.

use std::borrow::Cow;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, Weighter};
use rustc_hash::FxBuildHasher;

use super::coding::Coding;
use super::headers::EncodedBody;
use crate::domain::access::Scope;
use crate::http::request::accept::Form;
use crate::stock::Validity;

/// How many questions are remembered to have come once.
const REMEMBERED: usize = 4096;

/// What an answer weighs, roughly: a hint from which tables grow. Source: fifty rows.
const TYPICAL_WEIGHT: u64 = 8 << 10;

/// The longest question that is kept, in bytes of its URL. Source: ours; a few hundred ids.
const MAX_TARGET: usize = 8 << 10;

/// An answer that is kept ready to be sent.
#[derive(Debug)]
pub struct CachedResponse {
    /// The answer.
    pub encoded: EncodedBody,
    /// The pattern of the route that it is an answer of.
    pub route: Cow<'static, str>,
    /// The scope that the route asks for.
    pub scope: Scope,
    /// What it rests on.
    pub validity: Validity,
}

/// A question, as far as an answer depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Asked<'a> {
    /// The path and the query string, as sent.
    pub target: &'a str,
    /// The form that the caller accepts, whatever the URL says of forms; [`Form::Json`] where there is only one.
    pub form: Form,
    /// The coding that the caller accepts.
    pub coding: Coding,
}

/// The answers of one shop that stand ready.
pub struct ResponseCache {
    answers: Cache<Key, Arc<CachedResponse>, Weight, FxBuildHasher>,
    /// Hashes of questions that came once, each in the place that it chooses.
    came_once: Box<[AtomicU64]>,
    max_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    target: Box<str>,
    form: Form,
    coding: Coding,
}

#[derive(Debug, Clone)]
struct Weight;

impl ResponseCache {
    /// Room for this many bytes; zero switches it off.
    #[must_use]
    pub fn new(max_bytes: u64) -> Self {
        let items = usize::try_from(max_bytes / TYPICAL_WEIGHT).unwrap_or(usize::MAX).max(1);
        let came_once = if max_bytes == 0 { 0 } else { REMEMBERED };
        Self {
            answers: Cache::with(items, max_bytes, Weight, FxBuildHasher, DefaultLifecycle::default()),
            came_once: (0..came_once).map(|_| AtomicU64::new(0)).collect(),
            max_bytes,
        }
    }

    /// The answer that is kept for a question. Whether it still holds is for [`CachedResponse::validity`] to say.
    #[must_use]
    pub fn get(&self, asked: &Asked<'_>) -> Option<Arc<CachedResponse>> {
        self.answers.get(asked)
    }

    /// Whether an answer to this question is worth keeping: it came before. Remembers that it came.
    #[must_use]
    pub fn wants(&self, asked: &Asked<'_>) -> bool {
        if MAX_TARGET < asked.target.len() || self.max_bytes == 0 {
            return false;
        }
        // Never zero, which means that none came yet.
        let hash = FxBuildHasher.hash_one(asked) | 1;
        let places = u64::try_from(self.came_once.len()).unwrap_or(u64::MAX).max(1);
        let place = usize::try_from((hash >> 8) % places).ok().and_then(|place| self.came_once.get(place));
        place.is_some_and(|place| place.swap(hash, Ordering::Relaxed) == hash)
    }

    /// Keeps an answer.
    pub fn keep(&self, asked: &Asked<'_>, answer: Arc<CachedResponse>) {
        let Asked { target, form, coding } = *asked;
        self.answers.insert(Key { target: target.into(), form, coding }, answer);
    }

    /// The bytes that they take up.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.answers.weight()
    }
}

impl Equivalent<Key> for Asked<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.target == &*key.target && self.form == key.form && self.coding == key.coding
    }
}

impl Weighter<Key, Arc<CachedResponse>> for Weight {
    fn weight(&self, key: &Key, answer: &Arc<CachedResponse>) -> u64 {
        let own = size_of::<Key>() + size_of::<CachedResponse>();
        u64::try_from(own + key.target.len() + answer.encoded.body.len() + answer.validity.weight())
            .unwrap_or(u64::MAX)
    }
}

impl fmt::Debug for ResponseCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ResponseCache").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}
