//! Which of its two languages the page speaks: the one that was chosen, or else the one that the browser prefers.

use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};

use super::words::Words;
use super::words::english::EN;
use super::words::vietnamese::VI;

/// A language of the page's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Language {
    Vietnamese,
    English,
}

/// The language spoken, and whether it was chosen: a choice is carried along in every link, nothing else is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) struct Tongue {
    pub(in crate::ui) language: Language,
    pub(in crate::ui) is_chosen: bool,
}

impl Language {
    pub(in crate::ui) const ALL: [Self; 2] = [Self::Vietnamese, Self::English];

    /// The language's tag (BCP 47), as in `lang=`.
    pub(in crate::ui) fn tag(self) -> &'static str {
        match self {
            Self::Vietnamese => "vi",
            Self::English => "en",
        }
    }

    /// What the language calls itself.
    pub(in crate::ui) fn own_name(self) -> &'static str {
        match self {
            Self::Vietnamese => "Tiếng Việt",
            Self::English => "English",
        }
    }

    /// Everything that the page says in it.
    pub(in crate::ui) fn words(self) -> &'static Words {
        match self {
            Self::Vietnamese => &VI,
            Self::English => &EN,
        }
    }

    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or(tag).trim();
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.tag()))
    }
}

impl Tongue {
    /// The language that was chosen, if it is one of ours, or the one that `Accept-Language` likes best.
    pub(in crate::ui) fn of(chosen: Option<&str>, headers: &HeaderMap) -> Self {
        match chosen.and_then(Language::of_tag) {
            Some(language) => Self { language, is_chosen: true },
            None => Self { language: preferred(headers), is_chosen: false },
        }
    }
}

/// The language of ours with the highest weight, of equal ones the first (RFC 9110, 12.5.4). Whoever wants neither
/// gets English.
fn preferred(headers: &HeaderMap) -> Language {
    let lines = headers.get_all(ACCEPT_LANGUAGE).filter_map(|line| line.to_str().ok());
    let mut best = (0, Language::English);
    for range in lines.flat_map(|line| line.split(',')) {
        let mut parts = range.split(';');
        let Some(language) = parts.next().and_then(Language::of_tag) else { continue };
        let weight = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(1000, thousandths);
        if best.0 < weight {
            best = (weight, language);
        }
    }
    best.1
}

/// A weight such as `0.8`, in thousandths; one that cannot be read counts as absent.
fn thousandths(weight: &str) -> u32 {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    match (whole, fraction.len()) {
        ("1", 0..=3) => 1000,
        ("0", 0..=3) => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderValue};

    use super::{Language, Tongue};

    #[track_caller]
    fn check(chosen: Option<&str>, accepted: &str, expected: (&str, bool)) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(accepted).unwrap());
        let tongue = Tongue::of(chosen, &headers);
        assert_eq!((tongue.language.tag(), tongue.is_chosen), expected, "{chosen:?} {accepted:?}");
    }

    #[test]
    fn the_browser_says_which_language_it_prefers() {
        check(None, "vi-VN,vi;q=0.9,en;q=0.8", ("vi", false));
        check(None, "en-US,en;q=0.9,vi;q=0.8", ("en", false));
        check(None, "fr, en;q=0.3, VI;q=0.7", ("vi", false));
        check(None, "en;q=0.5, vi;q=0.5", ("en", false));
        check(None, "vi;q=0, fr", ("en", false));
        check(None, "vi;q=x, *", ("en", false));
        check(None, "vi;q=0.1234567", ("en", false));
        check(None, "", ("en", false));
    }

    #[test]
    fn a_choice_comes_before_what_the_browser_prefers() {
        check(Some("en"), "vi", ("en", true));
        check(Some("vi-VN"), "en", ("vi", true));
        check(Some("fr"), "vi", ("vi", false));
        check(Some(""), "en", ("en", false));
    }

    #[test]
    fn without_a_wish_it_speaks_english() {
        assert_eq!(Tongue::of(None, &HeaderMap::new()).language, Language::English);
    }
}
