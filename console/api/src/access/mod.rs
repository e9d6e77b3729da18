//! tmp
mod role;
pub use role::{Role, RoleClass};
pub(crate) struct Caller;
