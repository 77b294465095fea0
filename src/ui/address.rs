//! The page's own addresses. Made of ids and languages only, so that no text of a caller's comes into a link.

use std::fmt;

use super::i18n::language::{Language, Tongue};
use crate::domain::id::{OrgId, VariantId};

/// One of the page's addresses. `Display` writes it as a path with its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    tongue: Tongue,
    shop: Option<OrgId>,
    variant: Option<VariantId>,
}

impl Address {
    /// All shops.
    pub(super) fn overview(tongue: Tongue) -> Self {
        Self { tongue, shop: None, variant: None }
    }

    /// One shop, if one is named.
    pub(super) fn shop(tongue: Tongue, shop: Option<OrgId>) -> Self {
        Self { shop, ..Self::overview(tongue) }
    }

    /// The stock of a variant.
    pub(super) fn variant(tongue: Tongue, shop: OrgId, variant: VariantId) -> Self {
        Self { tongue, shop: Some(shop), variant: Some(variant) }
    }

    /// The same in another language, by choice.
    pub(super) fn in_language(self, language: Language) -> Self {
        Self { tongue: Tongue { language, is_chosen: true }, ..self }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.variant.is_some() { "/page/variant" } else { "/" })?;
        let lang = self.tongue.is_chosen.then(|| self.tongue.language.tag().to_owned());
        let pairs = [
            ("shop", self.shop.map(|id| id.to_string())),
            ("variant_id", self.variant.map(|id| id.to_string())),
            ("lang", lang),
        ];
        let mut mark = '?';
        for (name, value) in pairs.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            write!(out, "{mark}{name}={value}")?;
            mark = '&';
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Address;
    use crate::domain::id::{OrgId, VariantId};
    use crate::ui::i18n::language::{Language, Tongue};

    #[test]
    fn a_language_is_carried_along_only_if_it_was_chosen() {
        let found = Tongue { language: Language::Vietnamese, is_chosen: false };
        let shop = OrgId::new(1000).unwrap();
        let all = Address::overview(found);
        assert_eq!(all.to_string(), "/");
        assert_eq!(all.in_language(Language::English).to_string(), "/?lang=en");
        assert_eq!(Address::shop(found, Some(shop)).to_string(), "/?shop=1000");
        let variant = Address::variant(found, shop, VariantId::new(7).unwrap());
        assert_eq!(
            variant.in_language(Language::Vietnamese).to_string(),
            "/page/variant?shop=1000&variant_id=7&lang=vi"
        );
    }
}
