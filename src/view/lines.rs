//! Answers as text: JSON, CSV and NDJSON, in chunks, so that a long one never stands in memory as text.
//!
//! NDJSON is one item a line, as it stands in the JSON answer. An answer that is not complete, or that warns of
//! something, has one more line, its last: `{"envelope":{…}}`, which says so.
//!
//! CSV (RFC 4180: commas, CRLF, quotes where needed, UTF-8) has a header line and then a line per item; null is
//! an empty field, lists are written in one field, and what is unknown shows in the column `complete`. An answer that
//! is not complete ends in a line whose first field is `#incomplete`; how many cells are missing, and why, follows.
//! A name that a spreadsheet would take for a formula (it starts with `=`, `+`, `-`, `@`, one of these in full width,
//! a tab or a line break) gets a `'` in front; numbers, negative ones too, are left as they are.

use std::fmt::{Display, Write as _};
use std::io;

use serde::Serialize;

use super::envelope::Envelope;
use crate::domain::id::LocationId;
use crate::domain::quantity::Quantity;

/// How much is gathered before a chunk is handed on, in bytes: the first is what a caller waits for, and each is a
/// while in which no other request is served. Source: ours; a few writes' worth.
const CHUNK: usize = 16 * 1024;

/// What a spreadsheet takes for the start of a formula; of a text in full width as well.
const FORMULA_STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The first field of the last line of CSV that is not complete.
const INCOMPLETE: &str = "#incomplete";

/// An answer's lines, in chunks of whole lines. Writing into memory does not fail in practice; an error means a
/// line that cannot be written, and ends the answer.
pub type Chunks = Box<dyn Iterator<Item = io::Result<Vec<u8>>> + Send>;

/// An answer that can be written in lines.
pub trait Tabular {
    /// The items as CSV with a header.
    fn into_csv(self) -> Chunks;

    /// The items as NDJSON.
    fn into_ndjson(self) -> Chunks;
}

/// The items of an answer: a list of them, or what makes them one by one as they are written.
pub(crate) trait Items<T>: IntoIterator<Item = T, IntoIter: Send + 'static> {}

impl<T, I: IntoIterator<Item = T, IntoIter: Send + 'static>> Items<T> for I {}

/// An item as a CSV line.
pub(crate) trait Record: Send + 'static {
    /// The names of the columns.
    const COLUMNS: &'static [&'static str];

    /// Writes a field for each column.
    fn write(&self, fields: &mut Fields);
}

/// The fields of a CSV line in the making.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    record: csv::ByteRecord,
    text: String,
}

impl Fields {
    /// A number, an instant, a word of ours: nothing a spreadsheet could take for a formula.
    pub(crate) fn value(&mut self, value: impl Display) -> &mut Self {
        self.text.clear();
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{value}");
        self.record.push_field(self.text.as_bytes());
        self
    }

    /// The same, or nothing.
    pub(crate) fn optional(&mut self, value: Option<impl Display>) -> &mut Self {
        match value {
            Some(value) => self.value(value),
            None => self.empty(),
        }
    }

    /// A text that others chose.
    pub(crate) fn text(&mut self, text: Option<&str>) -> &mut Self {
        let text = text.unwrap_or_default();
        if text.starts_with(FORMULA_STARTS) {
            self.value(format_args!("'{text}"))
        } else {
            self.record.push_field(text.as_bytes());
            self
        }
    }

    /// A text that others chose, from what it is the text of, or nothing.
    pub(crate) fn optional_text(&mut self, text: Option<impl Display>) -> &mut Self {
        let text = text.map(|text| text.to_string());
        self.text(text.as_deref())
    }

    /// Quantities by location in one field: `loc_id:quantity`, joined by `;`.
    pub(crate) fn pairs<'a>(&mut self, pairs: impl Iterator<Item = (LocationId, &'a Quantity)>) -> &mut Self {
        self.text.clear();
        for (loc_id, quantity) in pairs {
            let separator = if self.text.is_empty() { "" } else { ";" };
            // Writing to a String cannot fail.
            let _ = write!(self.text, "{separator}{loc_id}:{quantity}");
        }
        self.record.push_field(self.text.as_bytes());
        self
    }

    /// Nothing.
    pub(crate) fn empty(&mut self) -> &mut Self {
        self.record.push_field(b"");
        self
    }
}

/// The items as CSV, and a line that says so after them if the answer is not complete.
pub(crate) fn csv_chunks<R: Record>(items: impl Items<R>, envelope: &Envelope) -> Chunks {
    let mut last = (!envelope.complete).then(|| incomplete_line(envelope, R::COLUMNS.len()));
    let mut items = items.into_iter();
    let mut fields = Fields::default();
    let mut header = Some(R::COLUMNS);
    chunks(move |chunk| {
        // The writer's own buffer would be a copy more, so it is kept to a line's size.
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .buffer_capacity(512)
            .from_writer(chunk);
        if let Some(columns) = header.take() {
            writer.write_record(columns)?;
        }
        while writer.get_ref().len() < CHUNK {
            if let Some(item) = items.next() {
                fields.record.clear();
                item.write(&mut fields);
                writer.write_byte_record(&fields.record)?;
            } else if let Some(last) = last.take() {
                writer.write_record(last)?;
            } else {
                break;
            }
        }
        writer.flush()
    })
}

/// The line that ends CSV which is not complete, as long as its others: how many cells are missing, and why.
fn incomplete_line(envelope: &Envelope, columns: usize) -> Vec<String> {
    let mut reasons: Vec<&str> = Vec::new();
    for missing in &envelope.missing {
        let reason = missing.reason.as_str();
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    let mut line = vec![INCOMPLETE.to_owned(), envelope.missing_total.to_string(), reasons.join(";")];
    line.resize(columns, String::new());
    line
}

/// The items as NDJSON, and the envelope after them if it says what the items cannot.
pub(crate) fn ndjson_chunks<T: Serialize>(items: impl Items<T>, envelope: Envelope) -> Chunks {
    #[derive(Serialize)]
    struct LastLine {
        envelope: Envelope,
    }
    let mut items = items.into_iter();
    let is_plain = envelope.complete && envelope.warnings.is_empty();
    let mut last = (!is_plain).then_some(LastLine { envelope });
    chunks(move |chunk| {
        while chunk.len() < CHUNK {
            if let Some(item) = items.next() {
                serde_json::to_writer(&mut *chunk, &item)?;
            } else if let Some(last) = last.take() {
                serde_json::to_writer(&mut *chunk, &last)?;
            } else {
                break;
            }
            chunk.push(b'\n');
        }
        Ok(())
    })
}

/// An answer as one JSON object, its items written as they are sent: `frame` is the answer without any, and has a
/// member of this name that is an empty list.
///
/// # Errors
/// The frame cannot be written, or has no such member.
pub(crate) fn json_chunks<T: Serialize>(
    name: &str,
    items: impl Items<T>,
    frame: &impl Serialize,
) -> io::Result<Chunks> {
    let (before, after) = around(name, frame)?;
    Ok(json_items(before, items, move |_| Ok(after)))
}

/// The same for an answer whose last members are known once its items were made: `last` gives them, as an object, and
/// they follow the list, which is the frame's last member.
///
/// # Errors
/// As [`json_chunks`].
pub(crate) fn json_chunks_and<T: Serialize, I: Items<T>, L: Serialize>(
    name: &str,
    items: I,
    frame: &impl Serialize,
    last: impl FnOnce(&I::IntoIter) -> L + Send + 'static,
) -> io::Result<Chunks> {
    let (before, after) = around(name, frame)?;
    let end = after.strip_suffix(b"}").ok_or(io::ErrorKind::InvalidData)?.to_vec();
    Ok(json_items(before, items, move |items| {
        let last = serde_json::to_vec(&last(items))?;
        let members = last.strip_prefix(b"{").ok_or(io::ErrorKind::InvalidData)?;
        Ok([&end, &b","[..], members].concat())
    }))
}

/// What a frame is before the items of its empty list of this name, and after them.
fn around(name: &str, frame: &impl Serialize) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut before = serde_json::to_vec(frame)?;
    // Never inside of a text: its quotes would be escaped.
    let empty = format!("\"{name}\":[]");
    let at = memchr::memmem::find(&before, empty.as_bytes()).ok_or(io::ErrorKind::InvalidData)?;
    let after = before.split_off(at + empty.len() - 1);
    Ok((before, after))
}

/// The items with commas between them, after one text and before another, which is made when they are.
fn json_items<T: Serialize, I: Items<T>>(
    before: Vec<u8>,
    items: I,
    after: impl FnOnce(&I::IntoIter) -> io::Result<Vec<u8>> + Send + 'static,
) -> Chunks {
    let mut before = Some(before);
    let mut items = items.into_iter();
    let mut after = Some(after);
    let mut comma = false;
    chunks(move |chunk| {
        chunk.extend(before.take().into_iter().flatten());
        while chunk.len() < CHUNK {
            let Some(item) = items.next() else {
                if let Some(after) = after.take() {
                    chunk.extend(after(&items)?);
                }
                break;
            };
            if std::mem::replace(&mut comma, true) {
                chunk.push(b',');
            }
            serde_json::to_writer(&mut *chunk, &item)?;
        }
        Ok(())
    })
}

/// An answer as one JSON object, written at once: for those that have no list of items.
///
/// # Errors
/// It cannot be written.
pub(crate) fn json_at_once(answer: &impl Serialize) -> io::Result<Chunks> {
    Ok(Box::new(std::iter::once(Ok(serde_json::to_vec(answer)?))))
}

/// Chunks as long as `fill` adds to them. After an error there is no more.
fn chunks(mut fill: impl FnMut(&mut Vec<u8>) -> io::Result<()> + Send + 'static) -> Chunks {
    let mut failed = false;
    Box::new(std::iter::from_fn(move || {
        if failed {
            return None;
        }
        let mut chunk = Vec::with_capacity(CHUNK);
        if let Err(error) = fill(&mut chunk) {
            failed = true;
            return Some(Err(error));
        }
        (!chunk.is_empty()).then_some(Ok(chunk))
    }))
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::{CHUNK, Chunks, Fields, Record, csv_chunks, json_at_once, json_chunks, ndjson_chunks};
    use crate::domain::id::OrgId;
    use crate::view::envelope::Envelope;

    struct Named(Option<String>, i64);

    impl Record for Named {
        const COLUMNS: &'static [&'static str] = &["name", "number"];

        fn write(&self, fields: &mut Fields) {
            fields.text(self.0.as_deref()).value(self.1);
        }
    }

    fn read(chunks: Chunks) -> String {
        String::from_utf8(chunks.flat_map(Result::unwrap).collect()).unwrap()
    }

    fn envelope(missing_total: u64) -> Envelope {
        Envelope {
            shop: OrgId::new(1000).unwrap(),
            as_of: None,
            complete: missing_total == 0,
            missing: Vec::new(),
            missing_total,
            warnings: Vec::new(),
        }
    }

    #[test]
    fn csv_quotes_what_must_be_quoted_and_disarms_formulas_but_not_numbers() {
        let named = |name: &str| Named(Some(name.to_owned()), -15);
        let items = vec![named("Kho \"A\", tầng 1\nQuận 1"), named("=1+1"), named("-A"), Named(None, 0)];
        assert_eq!(
            read(csv_chunks(items, &envelope(0))),
            "name,number\r\n\"Kho \"\"A\"\", tầng 1\nQuận 1\",-15\r\n'=1+1,-15\r\n'-A,-15\r\n,0\r\n"
        );
    }

    #[test]
    fn every_start_of_a_formula_is_disarmed() {
        for start in super::FORMULA_STARTS {
            let text = read(csv_chunks(vec![Named(Some(format!("{start}A")), 1)], &envelope(0)));
            let name = text.strip_prefix("name,number\r\n").unwrap().trim_start_matches('"');
            assert!(name.starts_with(&format!("'{start}A")), "{text:?}");
        }
    }

    #[test]
    fn csv_that_is_not_complete_ends_in_a_line_that_says_so() {
        assert_eq!(read(csv_chunks(Vec::<Named>::new(), &envelope(3))), "name,number\r\n#incomplete,3\r\n");
        let items: Vec<Named> = (0..5_000).map(|number| Named(None, number)).collect();
        let text = read(csv_chunks(items, &envelope(1)));
        assert_eq!((text.lines().count(), text.lines().last()), (5_002, Some("#incomplete,1")));
    }

    #[test]
    fn csv_without_items_is_a_header() {
        assert_eq!(read(csv_chunks(Vec::<Named>::new(), &envelope(0))), "name,number\r\n");
    }

    #[test]
    fn ndjson_ends_with_the_envelope_only_when_something_is_missing_or_warned_of() {
        assert_eq!(read(ndjson_chunks(vec![1, 2], envelope(0))), "1\n2\n");
        assert_eq!(read(ndjson_chunks(Vec::<u8>::new(), envelope(0))), "");
        let lines = read(ndjson_chunks(vec![1], envelope(3)));
        assert!(lines.starts_with("1\n{\"envelope\":{\"shop\":1000,"), "{lines}");
        assert!(lines.ends_with("}}\n"), "{lines}");
        let warned = Envelope { warnings: vec!["mind".to_owned()], ..envelope(0) };
        let lines = read(ndjson_chunks(vec![1], warned));
        assert!(lines.ends_with("\"warnings\":[\"mind\"]}}\n"), "{lines}");
    }

    #[derive(Serialize)]
    struct Listing {
        warnings: Vec<&'static str>,
        items: Vec<u32>,
        count: usize,
    }

    #[test]
    fn json_in_chunks_reads_as_it_does_at_once() {
        for count in [0, 1, 2, 50_000] {
            let items: Vec<u32> = (0..count).collect();
            // A text that looks like the place where the items go.
            let warnings = vec!["\"items\":[]"];
            let count = items.len();
            let frame = Listing { warnings: warnings.clone(), items: Vec::new(), count };
            let chunked = json_chunks("items", items.clone(), &frame).unwrap();
            let sizes: Vec<usize> = json_chunks("items", items.clone(), &frame)
                .unwrap()
                .map(|chunk| chunk.unwrap().len())
                .collect();
            assert!(sizes.iter().all(|size| *size < 2 * CHUNK), "{sizes:?}");
            let whole = read(json_at_once(&Listing { warnings, items, count }).unwrap());
            assert_eq!(read(chunked), whole);
        }
        assert!(
            json_chunks("others", vec![1], &Listing { warnings: vec![], items: vec![], count: 0 }).is_err()
        );
    }

    #[test]
    fn a_long_answer_comes_in_chunks_of_whole_lines() {
        let items = || (0..20_000).map(|number| Named(Some("Kho".to_owned()), number)).collect::<Vec<_>>();
        let chunks: Vec<Vec<u8>> = csv_chunks(items(), &envelope(0)).map(Result::unwrap).collect();
        assert!(chunks.len() > 1);
        assert!(chunks.iter().all(|chunk| chunk.ends_with(b"\r\n") && chunk.len() < 2 * CHUNK));
        assert_eq!(read(csv_chunks(items(), &envelope(0))).lines().count(), 20_001);
        let numbers: Vec<u32> = (0..20_000).collect();
        let chunks: Vec<Vec<u8>> = ndjson_chunks(numbers, envelope(0)).map(Result::unwrap).collect();
        assert!(chunks.len() > 1 && chunks.iter().all(|chunk| chunk.ends_with(b"\n")));
    }
}
