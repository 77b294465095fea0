//! "Did you mean": the known name that a misspelled one was probably meant to be.

/// The closest of `known` to `written`, if one is close enough to be worth naming.
pub(crate) fn nearest<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // A third of the name, at least one slip: `buket` is `bucket`, `foo` is nothing.
    let most_slips = (written.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (slips(written, name), name))
        .filter(|(slips, _)| *slips <= most_slips)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, name)| name)
}

/// How many letters must be added, dropped or changed to get from one name to the other (Levenshtein).
fn slips(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (passed, letter) in from.chars().enumerate() {
        let mut diagonal = passed;
        let mut left = passed.saturating_add(1);
        let mut next = vec![left];
        for (wanted, above) in to.chars().zip(row.iter().skip(1)) {
            let changed = diagonal.saturating_add(usize::from(letter != wanted));
            left = changed.min(above.saturating_add(1)).min(left.saturating_add(1));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[track_caller]
    fn check(written: &str, meant: Option<&str>) {
        assert_eq!(nearest(written, ["bucket", "leak_per_second", "headroom"]), meant, "{written}");
    }

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        check("buket", Some("bucket"));
        check("buckets", Some("bucket"));
        check("leak_per_sec", Some("leak_per_second"));
        check("head_room", Some("headroom"));
    }

    #[test]
    fn a_name_like_none_of_them_gets_no_suggestion() {
        check("colour", None);
        check("x", None);
    }
}
