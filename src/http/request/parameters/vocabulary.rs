//! Which parameters a route takes, and what becomes of other names.
//!
//! A filter that is ignored widens the answer without a word. So a name that is nearly one that is known is an error
//! that names the right one; and where the interface is ours alone, so is every other name.

use super::declared::Declared;
use super::error::{MAX_QUOTED, ParameterError};
use super::query_string;
use crate::query::quoted;
use crate::spelling::{near_miss, nearest};

/// What a route takes.
#[derive(Debug)]
pub struct Vocabulary {
    /// Which cells are asked for.
    pub(super) cells: &'static [Declared],
    /// What this route takes besides.
    pub(super) own: &'static [Declared],
    /// On what terms it answers.
    pub(super) terms: &'static [Declared],
    /// In which form.
    pub(super) form: &'static [Declared],
    /// What becomes of other names.
    pub(super) others: Others,
}

/// What becomes of a name that is not known, nor nearly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// It is ignored, as Haravan ignores it.
    Ignored,
    /// It is an error.
    Refused,
}

impl Vocabulary {
    /// All parameters: those that say which cells, the route's own, the terms and the form.
    fn all(&self) -> impl Iterator<Item = &'static Declared> + use<> {
        [self.cells, self.own, self.terms, self.form].into_iter().flatten()
    }

    /// The parameters that the document shows, in the order of a URL.
    pub(crate) fn in_url(&self) -> impl Iterator<Item = &'static Declared> + use<> {
        self.all().filter(|declared| declared.is_shown())
    }

    /// The parameters of a body that the document shows: those that several routes share, and the route's own.
    pub(crate) fn in_body(&self) -> [Vec<&'static Declared>; 2] {
        let shown = |lists: [&'static [Declared]; 2]| {
            lists.into_iter().flatten().filter(|declared| declared.is_shown()).collect()
        };
        [shown([self.cells, self.terms]), shown([self.own, self.form])]
    }

    /// The parameters that say which cells are asked for.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &'static Declared> + use<> {
        self.cells.iter().filter(|declared| declared.is_shown())
    }

    /// Whether a name that it does not know is an error.
    pub(crate) fn is_closed(&self) -> bool {
        self.others == Others::Refused
    }

    /// The parameter that a name of a query string means; `None` if it is ignored.
    pub(super) fn sent(&self, name: &str) -> Result<Option<&'static Declared>, ParameterError> {
        match self.known(name) {
            Some(known) => Ok(Some(known)),
            None => match query_string::decode(name) {
                Some(name) => self.meant(&name),
                None => self.other(name),
            },
        }
    }

    /// The parameter that a name means; `None` if it is ignored.
    pub(super) fn meant(&self, name: &str) -> Result<Option<&'static Declared>, ParameterError> {
        match self.known(name).or_else(|| self.list_of(name)) {
            Some(known) => Ok(Some(known)),
            None => self.other(name),
        }
    }

    fn known(&self, name: &str) -> Option<&'static Declared> {
        self.all().find(|known| known.name == name)
    }

    /// The list that a name in one of the array styles is an item of: `variant_ids[]`, `variant_ids[0]`.
    fn list_of(&self, name: &str) -> Option<&'static Declared> {
        let (list, index) = name.strip_suffix(']')?.split_once('[')?;
        let is_index = index.bytes().all(|byte| byte.is_ascii_digit());
        self.known(list).filter(|known| is_index && known.is_list())
    }

    /// The names, for somebody who used another.
    fn listed(&self) -> String {
        // Two spellings of one name would be taken for two parameters.
        let names: Vec<&str> = self.in_url().map(|declared| declared.name).collect();
        names.join(", ")
    }

    fn other(&self, name: &str) -> Result<Option<&'static Declared>, ParameterError> {
        let names = || self.all().map(|declared| declared.name);
        if name.is_empty() {
            // `?&a=1`, `?=1`: nothing was named.
            return Ok(None);
        }
        let meant = match self.others {
            Others::Ignored => match near_miss(name, names()) {
                Some(meant) => Some(meant),
                None => return Ok(None),
            },
            Others::Refused => near_miss(name, names()).or_else(|| nearest(name, names())),
        };
        let name = quoted(name, MAX_QUOTED);
        Err(match meant {
            Some(meant) => ParameterError::Misspelled { name, meant },
            None => ParameterError::Unknown { name, known: self.listed() },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Vocabulary;
    use crate::http::request::parameters::table::{INVENTORY, STOCK};

    #[track_caller]
    fn check(vocabulary: &Vocabulary, name: &str, expected: Result<Option<&str>, &str>) {
        let meant = vocabulary.sent(name).map_err(|error| error.to_string());
        let meant = meant.as_ref().map(|meant| meant.map(|declared| declared.name));
        assert_eq!(meant.map_err(String::as_str), expected, "{name}");
    }

    #[test]
    fn array_styles_of_a_list_are_the_list() {
        for name in ["variant_ids", "variant_ids[]", "variant_ids[0]", "variant_ids%5B17%5D", "variant%5Fids"]
        {
            check(&INVENTORY, name, Ok(Some("variant_ids")));
            check(&STOCK, name, Ok(Some("variant_ids")));
        }
        check(&INVENTORY, "limit[]", Err("limit[]: unknown parameter, did you mean limit?"));
        check(
            &INVENTORY,
            "variant_ids[a]",
            Err("variant_ids[a]: unknown parameter, did you mean variant_ids?"),
        );
        check(&INVENTORY, "variant_ids[", Err("variant_ids[: unknown parameter, did you mean variant_ids?"));
    }

    #[test]
    fn a_near_miss_is_an_error_everywhere_and_another_name_where_the_interface_is_ours() {
        for vocabulary in [&INVENTORY, &STOCK] {
            let named = "location_id: unknown parameter, did you mean location_ids?";
            check(vocabulary, "location_id", Err(named));
            check(vocabulary, "", Ok(None));
        }
        check(&STOCK, "groups_by", Err("groups_by: unknown parameter, did you mean group_by?"));
        let known = "the parameters here are location_ids, variant_ids, group_by, breakdown, partial, explain, \
                     format";
        for name in ["fields", "_", "%zz", "limit"] {
            check(&INVENTORY, name, Ok((name == "limit").then_some("limit")));
            check(&STOCK, name, Err(&format!("{name}: unknown parameter; {known}")));
        }
        let long = "x".repeat(100);
        let shown = "x".repeat(40);
        check(&STOCK, &long, Err(&format!("{shown}…: unknown parameter; {known}")));
    }
}
