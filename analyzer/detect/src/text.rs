//! Cutting of outside text.

/// A text cut to a length in bytes, at the end of a character.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// A JSON value as the text people read: a text without quotes, else the JSON.
pub(crate) fn shown_value(value: &serde_json::Value, bytes: usize) -> String {
    match value {
        serde_json::Value::String(text) => cut(text, bytes).to_owned(),
        other => cut(&other.to_string(), bytes).to_owned(),
    }
}
