//! The search language: text to tree, tree to types, types to the index's query.

mod ast;
mod clues;
mod compile;
mod error;
mod forward;
mod named;
mod parser;
pub(crate) mod resolve;

pub use clues::Clue;
pub(crate) use clues::Clues;
pub(crate) use compile::compile;
pub use error::QueryError;
pub(crate) use parser::parse;
