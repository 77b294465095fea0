//! A line of text in the making: pieces and numbers written into one buffer, which is then copied out at once.
//!
//! The hit path writes a few hundred rows for each answer. Going through `fmt`, or growing a vector piece by piece,
//! would cost more than all that the rows say.

/// The longest line, in bytes. Source: a canonical row, whose ids take 20 digits each and whose quantities 45
/// characters, has 428.
const CAPACITY: usize = 512;

/// `00` to `99`.
const PAIRS: [[u8; 2]; 100] = pairs();

/// A line in the making. What does not fit is left out whole; what is written here always fits.
#[derive(Debug, Clone)]
pub struct Line {
    bytes: [u8; CAPACITY],
    length: usize,
}

impl Line {
    /// An empty line.
    #[must_use]
    pub fn new() -> Self {
        Self { bytes: [0; CAPACITY], length: 0 }
    }

    /// Starts anew.
    pub fn clear(&mut self) {
        self.length = 0;
    }

    /// What is written.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// A piece whose length the compiler knows, so that it is copied by a few instructions.
    #[inline]
    pub fn piece<const N: usize>(&mut self, piece: &[u8; N]) {
        if let Some(space) = self.bytes.get_mut(self.length..).and_then(|rest| rest.first_chunk_mut::<N>()) {
            *space = *piece;
            self.length += N;
        }
    }

    /// Any other text.
    #[inline]
    pub fn text(&mut self, text: &[u8]) {
        let end = self.length.saturating_add(text.len());
        if let Some(space) = self.bytes.get_mut(self.length..end) {
            space.copy_from_slice(text);
            self.length = end;
        }
    }

    /// A whole number.
    #[inline]
    pub fn number(&mut self, number: u64) {
        match u8::try_from(number) {
            Ok(digit) if digit < 10 => self.piece(&[b'0' + digit]),
            Ok(_) | Err(_) => self.digits(number, digits_of(number)),
        }
    }

    /// A whole number that may be negative.
    #[inline]
    pub fn signed(&mut self, number: i64) {
        if number < 0 {
            self.piece(b"-");
        }
        self.number(number.unsigned_abs());
    }

    /// A number from 0 to 99 in two digits.
    #[inline]
    pub fn pair(&mut self, number: u8) {
        self.piece(PAIRS.get(usize::from(number)).unwrap_or(b"00"));
    }

    /// The last `width` digits of a number, with zeros in front if it has fewer.
    #[inline]
    pub fn digits(&mut self, mut number: u64, width: usize) {
        let end = self.length.saturating_add(width);
        let Some(space) = self.bytes.get_mut(self.length..end) else { return };
        let mut pairs = space.rchunks_exact_mut(2);
        for pair in &mut pairs {
            let last = usize::try_from(number % 100).unwrap_or(0);
            number /= 100;
            pair.copy_from_slice(PAIRS.get(last).unwrap_or(b"00"));
        }
        if let [first] = pairs.into_remainder() {
            *first = b'0' + u8::try_from(number % 10).unwrap_or(0);
        }
        self.length = end;
    }
}

impl Default for Line {
    fn default() -> Self {
        Self::new()
    }
}

/// How many digits a number has.
#[inline]
fn digits_of(number: u64) -> usize {
    number.checked_ilog10().and_then(|power| usize::try_from(power).ok()).unwrap_or(0) + 1
}

const fn pairs() -> [[u8; 2]; 100] {
    let mut pairs = [[b'0'; 2]; 100];
    let mut rest: &mut [[u8; 2]] = &mut pairs;
    let mut tens = b'0';
    let mut ones = b'0';
    while let Some((pair, after)) = rest.split_first_mut() {
        *pair = [tens, ones];
        if ones == b'9' {
            ones = b'0';
            tens += 1;
        } else {
            ones += 1;
        }
        rest = after;
    }
    pairs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::{prop_assert_eq, proptest};

    use super::Line;

    fn written(write: impl FnOnce(&mut Line)) -> String {
        let mut line = Line::new();
        write(&mut line);
        String::from_utf8(line.as_bytes().to_vec()).unwrap()
    }

    proptest! {
        #[test]
        fn numbers_read_as_they_do_everywhere(number in any::<u64>(), signed in any::<i64>(), small in 0_u8..100) {
            prop_assert_eq!(written(|line| line.number(number)), number.to_string());
            prop_assert_eq!(written(|line| line.number(number >> 40)), (number >> 40).to_string());
            prop_assert_eq!(written(|line| line.signed(signed)), signed.to_string());
            prop_assert_eq!(written(|line| line.pair(small)), format!("{small:02}"));
            prop_assert_eq!(written(|line| line.digits(number % 1_000_000, 7)), format!("{:07}", number % 1_000_000));
        }
    }

    #[test]
    fn every_count_of_digits_is_right() {
        for number in (0..20).flat_map(|power| [10_u64.pow(power) - 1, 10_u64.pow(power)]).chain([u64::MAX]) {
            assert_eq!(written(|line| line.number(number)), number.to_string());
        }
        assert_eq!(written(|line| line.signed(i64::MIN)), i64::MIN.to_string());
    }

    #[test]
    fn what_does_not_fit_is_left_out_whole() {
        let mut line = Line::new();
        for _ in 0..600 {
            line.text(b"abc");
        }
        assert_eq!(line.as_bytes().len(), 510);
        line.piece(b"four");
        line.piece(b"ab");
        assert_eq!(line.as_bytes().len(), 512);
        line.clear();
        assert_eq!(line.as_bytes(), b"");
    }
}
