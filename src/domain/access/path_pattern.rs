//! Patterns of paths: which of Haravan's resources are passed through.

use std::fmt;
use std::str::FromStr;

/// A pattern of paths below `/com/`, such as `products/*`: each `*` stands for any letters, slashes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern(String);

/// Why a text is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a path below /com/ such as \"products/*\", without a slash at its start, .., blanks, ? or #"
)]
pub struct PatternError;

impl PathPattern {
    /// The pattern of every path.
    #[must_use]
    pub fn all() -> Self {
        Self("*".to_owned())
    }

    /// Whether a path, as it was sent, is one of these.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let mut pieces = self.0.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = path.strip_prefix(first) else { return false };
        let Some(last) = pieces.next_back() else { return rest.is_empty() };
        for piece in pieces {
            let Some((_, after)) = rest.split_once(piece) else { return false };
            rest = after;
        }
        rest.ends_with(last)
    }
}

impl FromStr for PathPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let is_sound = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'\\');
        let climbs = text.split('/').any(|segment| segment == "..");
        if text.is_empty() || text.starts_with('/') || climbs || !text.bytes().all(is_sound) {
            return Err(PatternError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::PathPattern;

    #[track_caller]
    fn check(pattern: &str, path: &str, expected: bool) {
        let pattern: PathPattern = pattern.parse().unwrap();
        assert_eq!(pattern.matches(path), expected, "{pattern} {path}");
    }

    #[test]
    fn a_star_stands_for_any_letters_and_slashes() {
        check("*", "", true);
        check("*", "orders/1/transactions.json", true);
        check("products/*", "products/1.json", true);
        check("products/*", "products/1/variants.json", true);
        check("products/*", "products.json", false);
        check("products*", "products.json", true);
        check("orders/*.json", "orders/1/x.json", true);
        check("orders/*.json", "orders/1.xml", false);
        check("orders/*.json", "orders/.json", true);
        check("a*b*c", "a-b-c", true);
        check("a*b*c", "a-c-b", false);
        check("a*bc*c", "abc", false);
        check("**", "x", true);
    }

    #[test]
    fn without_a_star_it_is_the_path_and_case_counts() {
        check("products.json", "products.json", true);
        check("products.json", "products.jso", false);
        check("products.json", "products.jsonx", false);
        check("products.json", "Products.json", false);
    }

    #[test]
    fn what_no_path_is_like_is_no_pattern() {
        for text in ["", "/products.json", "../orders.json", "a b", "a?b", "a#b", "a\\b", "đ"] {
            assert!(text.parse::<PathPattern>().is_err(), "{text:?}");
        }
    }
}
