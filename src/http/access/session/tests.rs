//! Sessions: whose they are, how long they last, and what they do not tell.

use std::collections::BTreeSet;
use std::convert::Infallible;

use actix_web::test::TestRequest;
use secrecy::SecretString;

use super::{Seal, carried, given, taken_back};
use crate::domain::access::{KeyDigest, Scope, ShopAccess};
use crate::domain::timestamp::Timestamp;
use crate::http::access::keys::{Key, KeyRing};

const NAME: &str = "màn hình kho";

fn digest(key: &str) -> KeyDigest {
    KeyDigest::of_key(key)
}

fn ring(key: &str) -> KeyRing {
    KeyRing::new([Key {
        name: NAME.to_owned(),
        digest: digest(key),
        shops: ShopAccess::All,
        scopes: BTreeSet::from([Scope::Read]),
        requests_per_second: None,
        max_age: None,
    }])
}

fn seal(tokens: &[&str]) -> Seal {
    let tokens: Vec<SecretString> = tokens.iter().map(|token| SecretString::from(*token)).collect();
    let random = |secret: &mut [u8]| {
        secret.fill(7);
        Ok::<(), Infallible>(())
    };
    Seal::new(&tokens, random).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_parts(seconds * 1_000_000_000, 0)
}

const START: i64 = 1_800_000_000;

#[test]
fn a_session_opens_wherever_the_tokens_are_the_same() {
    let value = seal(&["one", "two"]).value(NAME, &digest("tk_a"), at(START));
    let opens = |tokens: &[&str]| seal(tokens).open(&value, &ring("tk_a"), at(START + 1)).is_some();
    assert!(opens(&["one", "two"]));
    for tokens in [&["one"][..], &["two", "one"], &["onetwo"], &["one", "two", "three"], &[]] {
        assert!(!opens(tokens), "{tokens:?}");
    }
}

#[test]
fn without_a_token_the_secret_is_random() {
    let fails = |_: &mut [u8]| Err("no randomness");
    assert_eq!(Seal::new(&[], fails).unwrap_err(), "no randomness");
    assert_eq!(Seal::new(&[SecretString::from("")], fails).unwrap_err(), "no randomness");
    assert!(Seal::new(&[SecretString::from("one")], fails).is_ok());
}

#[test]
fn a_session_ends_when_it_is_not_used_and_is_renewed_when_it_is() {
    let (seal, ring) = (seal(&["one"]), ring("tk_a"));
    let value = seal.value(NAME, &digest("tk_a"), at(START));
    let request = TestRequest::default().to_http_request();
    let renewed = |seconds| {
        let session = seal.open(&value, &ring, at(START + seconds))?;
        Some(seal.renewal(&session, &request, at(START + seconds)).is_some())
    };
    assert_eq!([renewed(0), renewed(599), renewed(600)], [Some(false), Some(false), Some(true)]);
    assert_eq!([renewed(43_200), renewed(43_201)], [Some(true), None]);
    // Another replica's clock may be a little behind.
    assert_eq!(renewed(-5), Some(false));
}

#[test]
fn a_session_ends_with_its_key() {
    let (seal, ring) = (seal(&["one"]), ring("tk_a"));
    let value = seal.value(NAME, &digest("tk_a"), at(START));
    assert_eq!(seal.open(&value, &ring, at(START)).unwrap().digest, digest("tk_a"));
    ring.replace::<Key>([]);
    assert_eq!(seal.open(&value, &ring, at(START)), None);
    assert_eq!(seal.open(&value, &self::ring("tk_of_the_same_name"), at(START)), None);
    assert_eq!(seal.open(&value, &KeyRing::open(), at(START)), None);
}

#[test]
fn whatever_was_changed_or_made_up_opens_nothing() {
    let (seal, ring) = (seal(&["one"]), ring("tk_a"));
    let value = seal.value(NAME, &digest("tk_a"), at(START));
    for place in 0..value.len() {
        let mut other = value.clone().into_bytes();
        other[place] = if other[place] == b'0' { b'1' } else { b'0' };
        let other = String::from_utf8(other).unwrap();
        assert_eq!(seal.open(&other, &ring, at(START)), None, "{other}");
    }
    let name = value.split('.').next().unwrap();
    for other in ["", ".", "..", "é.é.é", &value[..value.len() - 1], &value[..value.len() - 2]] {
        assert_eq!(seal.open(other, &ring, at(START)), None, "{other}");
    }
    for other in [format!("{value}."), format!("{name}.{:x}.", START), format!("{value}00")] {
        assert_eq!(seal.open(&other, &ring, at(START)), None, "{other}");
    }
}

#[test]
fn a_session_tells_neither_the_key_nor_its_digest() {
    let seal = seal(&["one"]);
    let value = seal.value(NAME, &digest("tk_a"), at(START));
    assert!(!value.contains("tk_a") && !value.contains(&digest("tk_a").to_string()), "{value}");
    assert!(!value.contains("746b5f61"), "{value}");
    assert_eq!(format!("{seal:?}"), "Seal { .. }");
}

#[test]
fn the_cookie_is_for_this_origin_and_no_script_and_for_tls_where_there_is_tls() {
    let plain = TestRequest::default().to_http_request();
    assert_eq!(given(&plain, "x"), "tonkho_session=x; Path=/; HttpOnly; SameSite=Strict");
    let behind_tls = TestRequest::default().insert_header(("X-Forwarded-Proto", "https")).to_http_request();
    assert_eq!(given(&behind_tls, "x"), "tonkho_session=x; Path=/; HttpOnly; SameSite=Strict; Secure");
    assert!(
        taken_back(&plain).starts_with("tonkho_session=; ") && taken_back(&plain).ends_with("; Max-Age=0")
    );
}

#[test]
fn the_cookie_is_found_among_others() {
    let carried = |lines: &[&str]| {
        let mut request = TestRequest::default();
        for line in lines {
            request = request.append_header(("Cookie", *line));
        }
        carried(&request.to_http_request()).map(str::to_owned)
    };
    assert_eq!(carried(&["a=b; tonkho_session=1.2.3; c=d"]).as_deref(), Some("1.2.3"));
    assert_eq!(carried(&["a=b", "tonkho_session=1"]).as_deref(), Some("1"));
    assert_eq!(carried(&["xtonkho_session=1; tonkho_session"]), None);
    assert_eq!(carried(&[]), None);
}
