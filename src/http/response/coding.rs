//! Content codings (RFC 9110, 8.4 and 12.5.3): which one the caller wants, and whole answers in it.
//!
//! What is coded here is given again as it is: every coding of an answer has a tag of its own, as a strong tag must.

use std::io::{self, Write};

use actix_web::http::header::{ACCEPT_ENCODING, ContentEncoding, HeaderMap};
use actix_web::web::Bytes;
use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::http::problem::Problem;
use crate::http::request::accept::weighted;

/// Answers shorter than this are sent as they are: a packet is a packet. Source: ours.
const WORTH_IT: usize = 1024;

/// How hard brotli and zstd try. Source: actix-http, which streams with the same.
const BROTLI_QUALITY: u32 = 3;
const BROTLI_WINDOW: u32 = 22;
const BROTLI_BUFFER: usize = 16 << 10;
const ZSTD_LEVEL: i32 = 3;

/// What there is, for the error that says that it does not suit.
const OFFERED: &str = "the content codings br, zstd, gzip and identity";

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Brotli.
    Brotli,
    /// Zstandard.
    Zstd,
    /// Gzip.
    Gzip,
    /// None.
    Identity,
}

impl Coding {
    /// All of them; the order is ours, where the caller has no preference.
    const ALL: [Self; 4] = [Self::Brotli, Self::Zstd, Self::Gzip, Self::Identity];

    /// The coding that suits the caller best.
    ///
    /// # Errors
    /// None does, not even none.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        if !headers.contains_key(ACCEPT_ENCODING) {
            return Ok(Self::Identity);
        }
        let lines = headers.get_all(ACCEPT_ENCODING).filter_map(|line| line.to_str().ok());
        let wanted: Vec<(&str, u16)> = lines.flat_map(|line| line.split(',')).filter_map(weighted).collect();
        let weight_of = |coding: Self| {
            let of = |name: &str| wanted.iter().find(|(wanted, _)| wanted.eq_ignore_ascii_case(name));
            let weight = of(coding.as_str()).or_else(|| of("*")).map(|(_, weight)| *weight);
            match coding {
                // Acceptable unless excluded, but less than anything that is named.
                Self::Identity => weight.unwrap_or(1),
                Self::Brotli | Self::Zstd | Self::Gzip => weight.unwrap_or(0),
            }
        };
        let weights = Self::ALL.map(|coding| (weight_of(coding), coding));
        let heaviest = weights.iter().map(|(weight, _)| *weight).max().unwrap_or(0);
        let best = weights.iter().find(|(weight, _)| *weight == heaviest && 0 < heaviest);
        best.map(|(_, coding)| *coding).ok_or(Problem::NotAcceptable { offered: OFFERED })
    }

    /// The coding in which an answer of this length is sent to a caller that wants this one.
    #[must_use]
    pub fn worth_it(self, length: usize) -> Self {
        if length < WORTH_IT { Self::Identity } else { self }
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
            Self::Identity => "identity",
        }
    }

    /// A whole body in this coding.
    ///
    /// # Errors
    /// The coder fails, which in memory it does not.
    pub fn encode(self, body: Bytes) -> io::Result<Bytes> {
        let room = || Vec::with_capacity(body.len() / 4);
        Ok(match self {
            Self::Identity => body,
            Self::Gzip => {
                let mut coder = GzEncoder::new(room(), Compression::fast());
                coder.write_all(&body)?;
                coder.finish()?.into()
            }
            Self::Brotli => {
                let mut coder = CompressorWriter::new(room(), BROTLI_BUFFER, BROTLI_QUALITY, BROTLI_WINDOW);
                coder.write_all(&body)?;
                coder.flush()?;
                coder.into_inner().into()
            }
            Self::Zstd => zstd::bulk::compress(&body, ZSTD_LEVEL)?.into(),
        })
    }
}

impl From<Coding> for ContentEncoding {
    fn from(coding: Coding) -> Self {
        match coding {
            Coding::Brotli => Self::Brotli,
            Coding::Zstd => Self::Zstd,
            Coding::Gzip => Self::Gzip,
            Coding::Identity => Self::Identity,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use actix_web::http::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
    use actix_web::web::Bytes;

    use super::Coding;

    #[track_caller]
    fn check(lines: &[&str], expected: Option<Coding>) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_str(line).unwrap());
        }
        assert_eq!(Coding::of(&headers).ok(), expected, "{lines:?}");
    }

    #[test]
    fn the_heaviest_coding_wins_then_ours() {
        check(&[], Some(Coding::Identity));
        check(&["gzip"], Some(Coding::Gzip));
        check(&["gzip, deflate, br, zstd"], Some(Coding::Brotli));
        check(&["gzip, zstd"], Some(Coding::Zstd));
        check(&["gzip;q=0.8", "br;q=0.5"], Some(Coding::Gzip));
        check(&["GZIP ; Q=0.001"], Some(Coding::Gzip));
        check(&["*"], Some(Coding::Brotli));
        check(&["br;q=0, *"], Some(Coding::Zstd));
        check(&["identity;q=0.5, gzip;q=0.4"], Some(Coding::Identity));
    }

    #[test]
    fn no_coding_is_acceptable_unless_it_is_excluded() {
        check(&[""], Some(Coding::Identity));
        check(&["deflate, compress"], Some(Coding::Identity));
        check(&["gzip;q=0"], Some(Coding::Identity));
        check(&["*;q=0, gzip"], Some(Coding::Gzip));
        check(&["identity;q=0"], None);
        check(&["*;q=0"], None);
        check(&["deflate, identity;q=0"], None);
    }

    #[test]
    fn what_is_coded_reads_as_it_was() {
        let body = Bytes::from("{\"loc_id\":963414,\"qty_available\":-15}".repeat(400));
        for coding in Coding::ALL {
            let coded = coding.encode(body.clone()).unwrap();
            let mut read = Vec::new();
            match coding {
                Coding::Identity => read.extend_from_slice(&coded),
                Coding::Gzip => {
                    flate2::read::GzDecoder::new(&*coded).read_to_end(&mut read).map(drop).unwrap();
                }
                Coding::Brotli => {
                    brotli::Decompressor::new(&*coded, 4096).read_to_end(&mut read).map(drop).unwrap();
                }
                Coding::Zstd => read = zstd::stream::decode_all(&*coded).unwrap(),
            }
            assert!(read == *body, "{coding:?}");
            assert!(coding == Coding::Identity || coded.len() < body.len() / 10, "{coding:?}");
        }
    }

    #[test]
    fn short_answers_are_sent_as_they_are() {
        assert_eq!(Coding::Gzip.worth_it(1023), Coding::Identity);
        assert_eq!(Coding::Gzip.worth_it(1024), Coding::Gzip);
    }
}
