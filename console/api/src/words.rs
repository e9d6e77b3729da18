//! Words of the database and of the interface for values that are enumerations.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The word serde writes for a unit variant.
pub(crate) fn word_of(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// The value of a word.
pub(crate) fn from_word<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

/// The value of a word that may be missing.
pub(crate) fn from_optional_word<T: DeserializeOwned>(word: Option<String>) -> Option<T> {
    word.as_deref().and_then(from_word)
}
