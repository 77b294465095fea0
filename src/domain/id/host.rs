//! Host names, which stand for a shop as its id does.

use std::borrow::Borrow;

/// The longest host name, in bytes. Source: RFC 1035, 2.3.4.
const MAX_LENGTH: usize = 253;

/// A host name as it is compared: in lower case, without a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(Box<str>);

/// Why a text is not a host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostNameError {
    /// It is empty.
    #[error("must not be empty")]
    Empty,
    /// It is a URL, or a part of one.
    #[error("must be a host name alone, without a scheme or a slash")]
    Url,
    /// It has a port, or is an IPv6 address.
    #[error("must not have a port: a shop is found by its host whatever the port")]
    Port,
    /// It has blanks.
    #[error("must not have blanks")]
    Blank,
    /// It holds other characters, or dots where none may be.
    #[error(
        "must be ASCII letters, digits, - and _, with single dots between them, such as \"hrv-1000.internal\""
    )]
    Shape,
    /// It is longer than any host name.
    #[error("must have at most {MAX_LENGTH} characters")]
    TooLong,
}

impl HostName {
    /// Reads a host name; its case does not count.
    ///
    /// # Errors
    /// Says why it is not one.
    pub fn parse(text: &str) -> Result<Self, HostNameError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let is_label = |label: &str| !label.is_empty() && label.bytes().all(plain);
        if text.is_empty() {
            Err(HostNameError::Empty)
        } else if text.chars().any(char::is_whitespace) {
            Err(HostNameError::Blank)
        } else if text.contains('/') {
            Err(HostNameError::Url)
        } else if text.contains(':') {
            Err(HostNameError::Port)
        } else if MAX_LENGTH < text.len() {
            Err(HostNameError::TooLong)
        } else if text.split('.').all(is_label) {
            Ok(Self(text.to_ascii_lowercase().into()))
        } else {
            Err(HostNameError::Shape)
        }
    }
}

/// A lower-case text without a port finds the name that it is.
impl Borrow<str> for HostName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{HostName, HostNameError};

    #[test]
    fn a_host_name_is_one_whatever_its_case() {
        for text in ["hrv-1000.internal", "HRV-1000.Internal", "hrv-1000.INTERNAL"] {
            assert_eq!(HostName::parse(text), HostName::parse("hrv-1000.internal"), "{text}");
        }
        for text in ["localhost", "a", "10.0.0.1", "my_shop.example", "xn--ca-hng-0ob.vn"] {
            assert!(HostName::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_name_is_told_why() {
        let long = "a".repeat(254);
        for (text, error) in [
            ("", HostNameError::Empty),
            (" ", HostNameError::Blank),
            ("a b", HostNameError::Blank),
            (" a", HostNameError::Blank),
            ("a\n", HostNameError::Blank),
            ("http://a", HostNameError::Url),
            ("a/com", HostNameError::Url),
            ("a:8080", HostNameError::Port),
            ("[::1]", HostNameError::Port),
            ("*.a", HostNameError::Shape),
            ("a.", HostNameError::Shape),
            (".a", HostNameError::Shape),
            ("a..b", HostNameError::Shape),
            ("cửa-hàng.vn", HostNameError::Shape),
            ("user@a", HostNameError::Shape),
            (long.as_str(), HostNameError::TooLong),
        ] {
            assert_eq!(HostName::parse(text), Err(error), "{text:?}");
        }
    }
}
