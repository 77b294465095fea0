//! A JSON object whose fields keep their order and their values' exact text.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// The fields of an object, each with the JSON text of its value.
#[derive(Debug, Clone, Default)]
pub(super) struct RawObject {
    fields: Vec<(String, String)>,
}

impl RawObject {
    /// Adds a field whose value is JSON text already: a number, an object, a list.
    pub(super) fn raw(mut self, key: &str, json: impl fmt::Display) -> Self {
        self.fields.push((key.to_owned(), json.to_string()));
        self
    }

    /// Adds a field whose value is a string.
    pub(super) fn text(self, key: &str, text: &str) -> Self {
        self.raw(key, Value::from(text))
    }

    /// The JSON text of a field.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let (_, json) = self.fields.iter().find(|(name, _)| name == key)?;
        Some(json)
    }

    /// Replaces a field where it stands, or adds it at the end.
    pub(super) fn set(&mut self, key: &str, json: impl fmt::Display) {
        let json = json.to_string();
        match self.fields.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = json,
            None => self.fields.push((key.to_owned(), json)),
        }
    }

    /// Drops every field that `keep` refuses.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.fields.retain(|(name, _)| keep(name));
    }
}

impl fmt::Display for RawObject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("{")?;
        for (place, (key, json)) in self.fields.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(out, "{comma}{}:{json}", Value::from(key.as_str()))?;
        }
        out.write_str("}")
    }
}

impl<'de> Deserialize<'de> for RawObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

/// Joins JSON texts to a list.
pub(super) fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let mut text = String::from("[");
    for (place, item) in items.into_iter().enumerate() {
        if 0 < place {
            text.push(',');
        }
        text.push_str(item.as_ref());
    }
    text.push(']');
    text
}

/// Collects an object's fields.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = RawObject;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawObject, A::Error> {
        let mut object = RawObject::default();
        while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
            object.fields.push((key, value.get().to_owned()));
        }
        Ok(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_keeps_its_order_and_its_number_texts() {
        let mut object: RawObject =
            serde_json::from_str(r#"{"z":5.50,"a":{"x":[1, 2]},"é":"\u00e9"}"#).unwrap();
        assert_eq!(object.to_string(), r#"{"z":5.50,"a":{"x":[1, 2]},"é":"\u00e9"}"#);
        object.set("z", "-1");
        object.set("b", "null");
        object.retain(|key| key != "a");
        assert_eq!(object.to_string(), r#"{"z":-1,"é":"\u00e9","b":null}"#);
    }
}
