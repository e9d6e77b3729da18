//! What is wrong with a query text.

/// What is wrong with a query text, where, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("query, character {position}: {message}; {remedy}")]
pub struct QueryError {
    /// Character of the text where it goes wrong, from 1.
    pub position: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub remedy: String,
}
