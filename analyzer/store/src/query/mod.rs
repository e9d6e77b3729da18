//! The search language.

mod error;

pub use error::QueryError;
