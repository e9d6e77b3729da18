//! The search language: text to tree, tree to types, types to the index's query.

mod ast;
mod compile;
mod error;
mod forward;
mod named;
mod parser;
pub(crate) mod resolve;

pub(crate) use compile::compile;
pub use error::QueryError;
pub(crate) use parser::parse;
