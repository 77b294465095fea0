//! Bytes as hexadecimal digits.

const DIGITS: [u8; 16] = *b"0123456789abcdef";

/// The two digits of each byte, lower case.
pub fn pairs(bytes: &[u8]) -> impl Iterator<Item = [u8; 2]> + '_ {
    bytes.iter().map(|byte| [digit(byte >> 4), digit(byte & 15)])
}

/// Bytes as text.
pub fn encode(bytes: &[u8]) -> String {
    pairs(bytes).flatten().map(char::from).collect()
}

/// Decodes hexadecimal digits of either case; `None` for any other text, and for an odd number of digits.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.bytes().map(|digit| char::from(digit).to_digit(16)).collect::<Option<Vec<_>>>()?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high << 4 | low).ok(),
        _ => None,
    });
    pairs.collect()
}

#[inline]
fn digit(nibble: u8) -> u8 {
    DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn what_is_encoded_reads_as_it_was() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(encode(&[0, 0x9f, 0xe5]), "009fe5");
        assert_eq!(decode(&encode(&bytes)), Some(bytes));
    }

    #[test]
    fn what_is_no_pair_of_digits_is_refused() {
        for text in ["0", "0g", "012", " 1", "é"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
