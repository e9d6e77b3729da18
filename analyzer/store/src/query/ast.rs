//! A query as a tree.

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// Every event.
    All,
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Condition(Condition),
}

/// One condition on one field, or on all texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    /// `None` looks into every text of the event.
    pub(crate) field: Option<String>,
    pub(crate) matcher: Matcher,
    /// Character of the query text where the value begins, from 1.
    pub(crate) position: usize,
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Matcher {
    /// Equal, or for texts: holds these words in this order.
    Value(String),
    /// As `Value`, but written in quotes: `*` and `?` are themselves.
    Phrase(String),
    /// With `*` for any characters and `?` for one.
    Pattern(String),
    /// Between two bounds.
    Range { low: Limit, high: Limit },
    /// There at all.
    Exists,
}

/// One end of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Limit {
    None,
    Included(String),
    Excluded(String),
}
