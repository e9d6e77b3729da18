//! Owns the console's HTTP interface and state: routes, authorization, sessions, audit, tasks, OpenAPI.
//!
//! Does not detect or classify; it shows what the other parts found.

#![forbid(unsafe_code)]

mod access;
mod error;
mod openapi;
mod routes;
mod state;
pub mod wire;

pub use access::{Role, RoleClass};
pub use error::ConsoleError;
pub use openapi::openapi_json;
