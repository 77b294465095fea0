//! `Accept`: which of the three forms of a view the caller wants (RFC 9110, 12.5.1).

use std::cmp::Reverse;

use actix_web::http::header::{ACCEPT, HeaderMap, HeaderValue};
use utoipa::ToSchema;

use crate::http::problem::Problem;

/// The forms of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ToSchema)]
#[schema(as = Format, rename_all = "kebab-case")]
pub enum Form {
    /// The whole answer as one JSON object.
    Json,
    /// The items, a line each, under a header line.
    Csv,
    /// The same after a byte order mark, without which Excel takes UTF-8 for something else.
    #[schema(rename = "csv-excel")]
    CsvForExcel,
    /// The items as JSON, a line each.
    Ndjson,
}

/// What there is, for the error that says that it does not suit.
const OFFERED: &str = "application/json, text/csv and application/x-ndjson";

/// A media range.
#[derive(Debug, Clone, Copy)]
struct Range<'a> {
    media: &'a str,
    /// In thousandths.
    weight: u16,
    /// Whether a byte order mark is wanted.
    wants_mark: bool,
}

/// How well a media range fits a form: its weight in thousandths, how exact it is, and its place.
type Fit = (u16, u8, Reverse<usize>);

impl Form {
    /// A form of every media type; the order is ours, where the caller has no preference.
    const ALL: [Self; 3] = [Self::Json, Self::Csv, Self::Ndjson];

    /// Its media type, with the parameter that distinguishes it from others of that type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::CsvForExcel => "text/csv; bom=1",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// Its content type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv | Self::CsvForExcel => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// Whether a header line is what most callers send, and means [`Form::Json`] unless another line says more.
    #[must_use]
    pub fn is_usual(line: &HeaderValue) -> bool {
        line == "*/*" || line == "application/json"
    }

    /// The form that suits the caller best.
    ///
    /// # Errors
    /// None does.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let lines = headers.get_all(ACCEPT).filter_map(|line| line.to_str().ok());
        let ranges: Vec<Range<'_>> = lines.flat_map(|line| line.split(',')).filter_map(range).collect();
        if ranges.is_empty() {
            return Ok(Self::Json);
        }
        let fits = Self::ALL.into_iter().enumerate().filter_map(|(place, form)| {
            let (weight, exactness, at) = form.fit(&ranges)?;
            Some(((weight, exactness, at, Reverse(place)), form))
        });
        let ((.., Reverse(at), _), form) =
            fits.max_by_key(|(fit, _)| *fit).ok_or(Problem::NotAcceptable { offered: OFFERED })?;
        let wants_mark = ranges.get(at).is_some_and(|range| range.wants_mark);
        Ok(if wants_mark && form == Self::Csv { Self::CsvForExcel } else { form })
    }

    /// How well it fits by the most exact of the ranges that match it; `None` if no range does.
    fn fit(self, ranges: &[Range<'_>]) -> Option<Fit> {
        let (kind, _) = self.media_type().split_once('/')?;
        let speaks_of = |range: &str| match range.split_once('/')? {
            ("*", "*") => Some(0_u8),
            (wanted, "*") if wanted.eq_ignore_ascii_case(kind) => Some(1),
            _ if range.eq_ignore_ascii_case(self.media_type()) => Some(2),
            _ => None,
        };
        let spoken = ranges.iter().enumerate();
        let spoken =
            spoken.filter_map(|(at, range)| Some((speaks_of(range.media)?, Reverse(at), range.weight)));
        let (exactness, at, weight) = spoken.max()?;
        (weight > 0).then_some((weight, exactness, at))
    }
}

/// A media range; `None` if it cannot be read. Java before 9 writes `*` where it means `*/*`.
fn range(text: &str) -> Option<Range<'_>> {
    let (media, weight) = weighted(text)?;
    let media = if media == "*" { "*/*" } else { media };
    let mut parameters = text.split(';').skip(1).filter_map(|part| part.split_once('='));
    let wants_mark =
        parameters.any(|(name, value)| name.trim().eq_ignore_ascii_case("bom") && value.trim() == "1");
    media.contains('/').then_some(Range { media, weight, wants_mark })
}

/// An item of a header such as `Accept` and its weight in thousandths; `None` if it cannot be read.
pub(crate) fn weighted(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let item = parts.next().filter(|item| !item.is_empty())?;
    let weight = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    Some((item, weight.map_or(Some(1000), thousandths)?))
}

/// `1`, `0.8`, `0.125`; and `.2`, as Java before 9 writes it.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, fraction) = match weight.split_once('.') {
        Some(("", fraction)) if !fraction.is_empty() => ("0", fraction),
        Some(parts) => parts,
        None => (weight, ""),
    };
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths = format!("{fraction:0<3}").parse().ok().filter(|_| digits)?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{ACCEPT, HeaderMap, HeaderValue};

    use super::Form;

    #[track_caller]
    fn check(lines: &[&str], expected: Option<Form>) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT, HeaderValue::from_str(line).unwrap());
        }
        assert_eq!(Form::of(&headers).ok(), expected, "{lines:?}");
    }

    #[test]
    fn json_is_what_whoever_does_not_mind_gets() {
        for line in
            ["*/*", "application/*", "application/json", "", "nonsense", "text/html, */*;q=0.8", "*/*;q=0.1"]
        {
            check(&[line], Some(Form::Json));
        }
        check(&[], Some(Form::Json));
    }

    #[test]
    fn the_heaviest_form_wins_then_the_one_named_most_exactly_then_the_first() {
        check(&["text/csv"], Some(Form::Csv));
        check(&["TEXT/CSV; charset=utf-8"], Some(Form::Csv));
        check(&["text/*"], Some(Form::Csv));
        check(&["application/x-ndjson"], Some(Form::Ndjson));
        check(&["application/json;q=0.5, text/csv"], Some(Form::Csv));
        check(&["text/csv;q=0.5", "application/x-ndjson;q=0.8"], Some(Form::Ndjson));
        check(&["*/*, text/csv"], Some(Form::Csv));
        check(&["text/csv, application/json"], Some(Form::Csv));
        check(&["application/json, text/csv"], Some(Form::Json));
        check(&["application/json;q=0, */*"], Some(Form::Csv));
        check(&["application/json;q=0.2, */*;q=0.1"], Some(Form::Json));
    }

    #[test]
    fn what_java_sends_by_itself_is_read_as_it_is_meant() {
        check(&["text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"], Some(Form::Json));
        check(&["*"], Some(Form::Json));
        check(&["text/csv; q=.5, *; q=.2"], Some(Form::Csv));
        check(&["application/json; q=., text/csv"], Some(Form::Csv));
    }

    #[test]
    fn a_byte_order_mark_comes_where_it_is_asked_for() {
        check(&["text/csv; bom=1"], Some(Form::CsvForExcel));
        check(&["text/csv;BOM=1;q=0.9, application/json;q=0.5"], Some(Form::CsvForExcel));
        check(&["text/csv; bom=0"], Some(Form::Csv));
        check(&["application/json; bom=1"], Some(Form::Json));
        check(&["text/csv, text/csv; bom=1"], Some(Form::Csv));
    }

    #[test]
    fn nothing_acceptable_is_an_error() {
        for line in ["text/html", "image/*", "application/json;q=0", "*/*;q=0", "text/csv;q=0.000"] {
            check(&[line], None);
        }
    }
}
