//! The page's two languages: its texts, and how numbers and times are written.

pub(in crate::ui) mod format;
pub(in crate::ui) mod language;
pub(in crate::ui) mod words;
