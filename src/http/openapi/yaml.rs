//! YAML that readers of either version read alike.
//!
//! The document is written for YAML 1.2, where `2021-07-08T01:47:17Z` and `no` are texts. Many readers still follow
//! YAML 1.1 (Python's, Ruby's, Java's), where these are a time and a false. So what stands there without quotes, and
//! would be something else than a text to one of them, is put into quotes.

use std::fmt::Write as _;

/// Words that YAML 1.1 takes for something else than a text, in whatever case. `true`, `false` and `null` in lower case
/// are what they look like: a text of that kind is in quotes already.
const WORDS: [&str; 15] =
    ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "=", "<<", ".inf", "-.inf", ".nan"];

/// The same document, with quotes where they matter. It is in block style, and no text without quotes goes over several
/// lines.
pub(super) fn with_quotes(document: &str) -> String {
    let mut quoted = String::with_capacity(document.len() + document.len() / 16);
    // How far the owner of a block of text is indented, while one is passed.
    let mut block = None;
    for line in document.lines() {
        let indent = line.len() - line.trim_start().len();
        if block.is_some_and(|owner| line.trim().is_empty() || owner < indent) {
            quoted.push_str(line);
        } else {
            block = write_line(line, &mut quoted);
        }
        quoted.push('\n');
    }
    quoted
}

/// Writes a line; if a block of text follows, tells how far its owner is indented.
fn write_line(line: &str, out: &mut String) -> Option<usize> {
    let mut rest = line.trim_start();
    let mut owner = line.len() - rest.len();
    while let Some(item) = rest.strip_prefix("- ") {
        let item = item.trim_start();
        if is_block(item) {
            break;
        }
        owner = line.len() - item.len();
        rest = item;
    }
    out.push_str(line.strip_suffix(rest).unwrap_or_default());
    if let Some(item) = rest.strip_prefix("- ") {
        out.push_str("- ");
        rest = item;
    }
    if let Some((key, value)) = entry(rest) {
        write_scalar(key, out);
        out.push(':');
        if value.is_empty() {
            return None;
        }
        out.push(' ');
        rest = value;
    }
    write_scalar(rest, out);
    is_block(rest).then_some(owner)
}

/// Whether a value says that its text follows in a block.
fn is_block(value: &str) -> bool {
    value.starts_with(['|', '>'])
}

/// A key and its value, which is empty if it follows below.
fn entry(text: &str) -> Option<(&str, &str)> {
    // A key in quotes holds what it likes, a colon too.
    let quote = text.chars().next().filter(|first| ['\'', '"'].contains(first));
    let after = match quote {
        Some(quote) => text.get(1..)?.find(quote)? + 2,
        None => 0,
    };
    let rest = text.get(after..)?;
    let colon = after + rest.find(": ").or_else(|| rest.strip_suffix(':').map(str::len))?;
    let (key, value) = text.split_at_checked(colon)?;
    Some((key, value.strip_prefix(':')?.trim_start()))
}

/// Writes a key or a value, in quotes if it needs them.
fn write_scalar(scalar: &str, out: &mut String) {
    if is_misread(scalar) {
        // Writing to a String cannot fail.
        let _ = write!(out, "'{}'", scalar.replace('\'', "''"));
    } else {
        out.push_str(scalar);
    }
}

/// Whether YAML 1.1 takes a text without quotes for something else than a text.
fn is_misread(scalar: &str) -> bool {
    if ["true", "false", "null"].contains(&scalar) {
        return false;
    }
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(scalar)) || is_date(scalar) || is_odd_number(scalar)
}

/// `2021-07-08`, and whatever follows it.
fn is_date(scalar: &str) -> bool {
    let mut parts = scalar.splitn(3, '-');
    let digits = |part: Option<&str>, few: usize, many: usize| {
        part.is_some_and(|part| {
            (few..=many).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let begins_with_digit = |part: &str| part.starts_with(|first: char| first.is_ascii_digit());
    digits(parts.next(), 4, 4) && digits(parts.next(), 1, 2) && parts.next().is_some_and(begins_with_digit)
}

/// A number in one of the ways that JSON does not know: `1_000`, `1:30`, `017`, `0x1F`, `0b1`, `+1`, `.5`.
fn is_odd_number(scalar: &str) -> bool {
    let digits = scalar.strip_prefix(['-', '+']).unwrap_or(scalar);
    let begins_as_number = digits.starts_with(|first: char| first.is_ascii_digit())
        || digits
            .strip_prefix('.')
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    let is_hex = digits.starts_with("0x");
    let of_numbers = |byte: u8| {
        byte.is_ascii_digit()
            || b"bo_:.".contains(&byte)
            || is_hex && (byte == b'x' || byte.is_ascii_hexdigit())
    };
    begins_as_number
        && digits.bytes().all(of_numbers)
        // `3.1.0` is a text to everybody.
        && scalar.matches('.').count() <= 1
        && serde_json::from_str::<serde_json::Number>(scalar).is_err()
}

#[cfg(test)]
mod tests {
    use super::with_quotes;

    #[track_caller]
    fn check(document: &str, expected: &str) {
        assert_eq!(with_quotes(document), expected);
    }

    #[test]
    fn what_an_old_reader_would_take_for_something_else_is_quoted() {
        for scalar in [
            "2021-07-08",
            "2021-07-08T01:47:17.6Z",
            "2021-7-8 1:47:17",
            "yes",
            "No",
            "ON",
            "off",
            "y",
            "N",
            "True",
            "NULL",
            "~",
            "=",
            "<<",
            ".inf",
            "-.INF",
            ".NaN",
            "1_000",
            "190:20:30",
            "-1:30",
            "017",
            "0x1F",
            "0b101",
            "0o17",
            "+1",
            "+.5",
            "1.",
            "1_0.5",
        ] {
            check(&format!("a: {scalar}\n"), &format!("a: '{scalar}'\n"));
            check(&format!("- {scalar}\n"), &format!("- '{scalar}'\n"));
            check(&format!("- - a: {scalar}\n"), &format!("- - a: '{scalar}'\n"));
            check(&format!("{scalar}: b\n"), &format!("'{scalar}': b\n"));
            check(&format!("  {scalar}:\n    c: 1\n"), &format!("  '{scalar}':\n    c: 1\n"));
        }
    }

    #[test]
    fn what_everybody_reads_alike_is_left_as_it_is() {
        for scalar in [
            "true",
            "false",
            "null",
            "0",
            "-1",
            "1.5",
            "0.93",
            "1e+30",
            "3.1.0",
            "'2021-07-08'",
            "\"no\"",
            "'200'",
            "yes and no",
            "note",
            "a-1",
            "2021",
            "2021-07",
            "10 pieces",
            "''",
            "[]",
            "{}",
            "-",
            "it's",
            "1.0.0-rc",
            "tk_…",
            "#/components",
            "a:b",
        ] {
            let document = format!("a: {scalar}\n- {scalar}\n");
            check(&document, &document);
        }
    }

    #[test]
    fn a_block_of_text_is_left_as_it_is() {
        let document = "a: |-\n  no: 2021-07-08\n\n  - yes\nb:\n- |\n  yes\n- c: >-\n    no\n  d: e\n";
        check(document, document);
        check("a: |-\n  no\nb: no\n", "a: |-\n  no\nb: 'no'\n");
        check("- c: |-\n    no\n  d: no\n", "- c: |-\n    no\n  d: 'no'\n");
    }

    #[test]
    fn a_key_in_quotes_may_hold_a_colon() {
        check("'a: b': no\n", "'a: b': 'no'\n");
        check("\"200\":\n  x: 017\n", "\"200\":\n  x: '017'\n");
        check("urn:x: no\n", "urn:x: 'no'\n");
    }
}
