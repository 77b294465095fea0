//! The session of somebody at the page: what the browser keeps in place of the key.
//!
//! The cookie names the key, says when it was last seen, and carries a seal over that time and the key's digest.
//! Nothing is kept here: a session lives through a restart and is good at every replica that has the same shops'
//! tokens, from which the seal's secret is derived. It ends when the browser closes, when it was not used for
//! [`MAX_IDLE`], or when its key is admitted no more. It opens this page and nothing else: the API knows no cookies.

use std::fmt;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::COOKIE;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::domain::access::KeyDigest;
use crate::domain::hex;
use crate::domain::timestamp::Timestamp;
use crate::http::access::keys::KeyRing;

/// How long an unused session lasts; a page that refreshes itself uses it. Source: ours; a night.
const MAX_IDLE: Duration = Duration::from_secs(12 * 60 * 60);
/// How old a session is when it is given anew. Source: ours; often enough against [`MAX_IDLE`].
const RENEWED_AFTER: Duration = Duration::from_secs(10 * 60);

/// The cookie's name.
const COOKIE_NAME: &str = "tonkho_session";
/// Sets these secrets and seals apart from any others that are made of the same tokens.
const PURPOSE: &[u8] = b"tonkho page session 1";

type Sealing = Hmac<Sha256>;

/// Seals sessions, and knows its own seals again. `Debug` shows nothing.
#[derive(Clone)]
pub struct Seal(Sealing);

/// What a cookie of ours says once its seal is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// The digest of the key that it stands for.
    pub(crate) digest: KeyDigest,
    /// The key's name.
    name: String,
    /// Whether it is to be given anew.
    is_due: bool,
}

impl Seal {
    /// A seal whose secret is derived from the shops' tokens: the same wherever they are the same. Without any token
    /// there is nothing secret to derive it from, and `random` stands in.
    ///
    /// # Errors
    /// There is no token, and `random` fails.
    pub fn new<'a, R>(
        tokens: impl IntoIterator<Item = &'a SecretString>,
        random: impl FnOnce(&mut [u8]) -> Result<(), R>,
    ) -> Result<Self, R> {
        let mut hasher = Sha256::new_with_prefix(PURPOSE);
        let mut has_token = false;
        for token in tokens.into_iter().map(ExposeSecret::expose_secret).filter(|token| !token.is_empty()) {
            // Digests are of one length, so that no two lists of tokens look alike.
            hasher.update(Sha256::digest(token));
            has_token = true;
        }
        // As long as the hash's block: a shorter key is filled up with zeros anyway.
        let mut secret = [0; 64];
        if has_token {
            secret.iter_mut().zip(hasher.finalize()).for_each(|(byte, derived)| *byte = derived);
        } else {
            random(&mut secret)?;
        }
        Ok(Self(Sealing::new(&secret.into())))
    }

    fn over(&self, issued: u64, digest: &KeyDigest) -> Sealing {
        self.0
            .clone()
            .chain_update(PURPOSE)
            .chain_update(issued.to_be_bytes())
            .chain_update(digest.as_bytes())
    }

    /// The cookie's value for a session that starts, or is renewed, now.
    pub(crate) fn value(&self, name: &str, digest: &KeyDigest, now: Timestamp) -> String {
        let issued = seconds(now);
        let seal = self.over(issued, digest).finalize().into_bytes();
        format!("{}.{issued:x}.{}", hex::encode(name.as_bytes()), hex::encode(&seal))
    }

    /// The session that a cookie's value stands for: none unless we sealed it, it was used lately, and its key is
    /// still admitted.
    pub(crate) fn open(&self, value: &str, keys: &KeyRing, now: Timestamp) -> Option<Session> {
        let mut parts = value.split('.');
        let (name, issued, seal) = (parts.next()?, parts.next()?, parts.next()?);
        let name = String::from_utf8(hex::decode(name)?).ok()?;
        let issued = u64::from_str_radix(issued, 16).ok()?;
        let digest = keys.digest_of(&name)?;
        self.over(issued, &digest).verify_slice(&hex::decode(seal)?).ok()?;
        let age = Duration::from_secs(seconds(now).saturating_sub(issued));
        (age <= MAX_IDLE && parts.next().is_none()).then(|| Session {
            digest,
            name,
            is_due: RENEWED_AFTER <= age,
        })
    }

    /// The cookie that renews a session, if it is due.
    pub(crate) fn renewal(&self, session: &Session, request: &HttpRequest, now: Timestamp) -> Option<String> {
        session.is_due.then(|| given(request, &self.value(&session.name, &session.digest, now)))
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Seal").finish_non_exhaustive()
    }
}

/// The value of the session's cookie that a request carries, if it carries one.
pub(crate) fn carried(request: &HttpRequest) -> Option<&str> {
    let lines = request.headers().get_all(COOKIE).filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value)
}

/// `Set-Cookie` that gives a session. No `Max-Age`: it ends with the browser's.
pub(crate) fn given(request: &HttpRequest, value: &str) -> String {
    let secure = if request.connection_info().scheme() == "https" { "; Secure" } else { "" };
    format!("{COOKIE_NAME}={value}; Path=/; HttpOnly; SameSite=Strict{secure}")
}

/// `Set-Cookie` that takes the session back.
pub(crate) fn taken_back(request: &HttpRequest) -> String {
    given(request, "") + "; Max-Age=0"
}

fn seconds(instant: Timestamp) -> u64 {
    u64::try_from(instant.nanoseconds() / 1_000_000_000).unwrap_or(0)
}

#[cfg(test)]
mod tests;
