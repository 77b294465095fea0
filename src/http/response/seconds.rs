//! Texts that say a number of seconds, made once: every hit says two of them in its headers.

use std::borrow::Cow;

/// The most seconds whose text is made beforehand. Source: ours; cells are hardly ever fresh for longer than an hour.
const MOST: u64 = 3_600;

/// Texts by the seconds that they say.
#[derive(Debug)]
pub(crate) struct Spelled {
    spell: fn(u64) -> String,
    texts: Vec<&'static str>,
}

impl Spelled {
    /// As this function spells them. For statics: texts that were made stay for good.
    pub(crate) fn by(spell: fn(u64) -> String) -> Self {
        Self { spell, texts: (0..=MOST).map(|seconds| &*spell(seconds).leak()).collect() }
    }

    /// The text for a number of seconds.
    pub(crate) fn of(&self, seconds: u64) -> Cow<'static, str> {
        let made = usize::try_from(seconds).ok().and_then(|place| self.texts.get(place).copied());
        made.map_or_else(|| Cow::Owned((self.spell)(seconds)), Cow::Borrowed)
    }
}

#[cfg(test)]
mod tests {
    use super::Spelled;

    #[test]
    fn seconds_are_spelled_alike_whether_or_not_they_were_spelled_before() {
        let spelled = Spelled::by(|seconds| format!("ttl={seconds}"));
        for seconds in [0, 1, 3_599, 3_600, 3_601, u64::MAX] {
            assert_eq!(spelled.of(seconds), format!("ttl={seconds}"));
        }
    }
}
