//! "Did you mean": the known name that a misspelled one was probably meant to be.

/// The longest name that is compared, in characters. Source: ours; comparing takes time for each letter.
const MOST_LETTERS: usize = 64;

/// The closest of `known` to `written`, if one is close enough to be worth naming.
pub fn nearest<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // A third of the name, at least one slip: `buket` is `bucket`, `foo` is nothing.
    let letters = written.chars().take(MOST_LETTERS + 1).count();
    let most_slips = (letters / 3).max(1);
    known
        .into_iter()
        .filter(|_| letters <= MOST_LETTERS)
        .map(|name| (slips(written, name), name))
        .filter(|(slips, _)| *slips <= most_slips)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, name)| name)
}

/// The one of `known` that `written` is a near miss of.
///
/// A near miss differs in case and punctuation, lacks an `s` or has one too many, or has at most two wrong letters. Many
/// words are like a short name, so it forgives fewer letters, and fewer still if the first one is wrong: `ordr` is
/// `order`, and `sage` is no `page`.
pub fn near_miss<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    const MOST_SLIPS: usize = 2;
    let written = bare(written.chars().take(MOST_LETTERS));
    let misses = known.into_iter().filter_map(|name| {
        let meant = bare(name.chars());
        // A cheap look first: a request may hold many names.
        if MOST_SLIPS < written.len().abs_diff(meant.len()) {
            return None;
        }
        let plural = written.strip_suffix('s') == Some(&meant) || meant.strip_suffix('s') == Some(&written);
        let begins_alike = usize::from(written.chars().next() == meant.chars().next());
        let forgiven = match meant.len() {
            0..=4 => begins_alike,
            5..=6 => 1 + begins_alike,
            _ => MOST_SLIPS,
        };
        let slips = slips(&written, &meant);
        (plural || slips <= forgiven).then_some((slips, name))
    });
    misses.min_by_key(|(slips, _)| *slips).map(|(_, name)| name)
}

/// A name's letters and digits, in lower case.
fn bare(name: impl Iterator<Item = char>) -> String {
    name.filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How many letters must be added, dropped, changed, or swapped with their neighbours to get from one name to the
/// other (optimal string alignment).
fn slips(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX);
    let mut above = Vec::new();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    let mut before = None;
    for (passed, letter) in from.chars().enumerate() {
        let mut next = vec![passed + 1];
        for (place, wanted) in to.iter().enumerate() {
            let changed = at(&row, place).saturating_add(usize::from(letter != *wanted));
            let added = at(&next, place).saturating_add(1);
            let dropped = at(&row, place + 1).saturating_add(1);
            let swapped = match place.checked_sub(1) {
                Some(last) if before == Some(*wanted) && to.get(last) == Some(&letter) => {
                    at(&above, last).saturating_add(1)
                }
                Some(_) | None => usize::MAX,
            };
            next.push(changed.min(added).min(dropped).min(swapped));
        }
        above = std::mem::replace(&mut row, next);
        before = Some(letter);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{near_miss, nearest};

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
        check("haedroom", Some("headroom"));
    }

    #[test]
    fn a_name_like_none_of_them_gets_no_suggestion() {
        check("colour", None);
        check("x", None);
        check("", None);
        check(&"bucket".repeat(10_000), None);
    }

    const KNOWN: [&str; 8] =
        ["location_ids", "variant_ids", "limit", "page", "since_id", "updated_at_min", "order", "direction"];

    #[track_caller]
    fn check_miss(written: &str, meant: Option<&str>) {
        assert_eq!(near_miss(written, KNOWN), meant, "{written}");
    }

    #[test]
    fn case_and_punctuation_make_a_near_miss() {
        for written in ["Location_Ids", "locationIds", "location-ids", "location_ids.", "LOCATIONIDS"] {
            check_miss(written, Some("location_ids"));
        }
        check_miss("PAGE", Some("page"));
        check_miss("since.id", Some("since_id"));
    }

    #[test]
    fn a_missing_or_an_extra_s_makes_a_near_miss_of_the_shortest_name() {
        for (written, meant) in [
            ("location_id", "location_ids"),
            ("variant_id", "variant_ids"),
            ("since_ids", "since_id"),
            ("pages", "page"),
            ("limits", "limit"),
        ] {
            check_miss(written, Some(meant));
        }
    }

    #[test]
    fn two_wrong_letters_make_a_near_miss_of_a_long_name_and_fewer_of_a_short_one() {
        for (written, meant) in [
            ("varient_ids", "variant_ids"),
            ("vraiant_ids", "variant_ids"),
            ("loction_id", "location_ids"),
            ("updated_at_mn", "updated_at_min"),
            ("since", "since_id"),
            ("order_by", "order"),
            ("limti", "limit"),
            ("imit", "limit"),
            ("pgae", "page"),
        ] {
            check_miss(written, Some(meant));
        }
        for written in ["sage", "age", "path", "name", "timid", "border_s", "fields", "sku", "_", "", "ids"] {
            check_miss(written, None);
        }
        check_miss(&"variant_ids".repeat(10_000), None);
    }
}
