//! Who may do what: roles, the matrix of role × action × scope, sessions and passwords.

mod failures;
mod guessable;
mod matrix;
mod middleware;
mod password;
mod role;
mod session;
mod totp;
mod vault;

pub(crate) use failures::Failures;
pub use matrix::{Grant, Matrix, matrix};
pub(crate) use middleware::{Caller, Client, authorize_request, needs_enrolment};
pub use password::PasswordProfile;
pub(crate) use password::{check_new_password, hash_password, one_time_password, verify_password};
pub use role::{Role, RoleClass};
pub(crate) use session::{
    Identity, KeptSession, SessionToken, clear_cookie, find_session, session_cookie, session_lives,
};
pub(crate) use totp::{SECRET_BYTES, base32, step_of};
pub(crate) use vault::{CHALLENGE_MILLIS, Vault};
