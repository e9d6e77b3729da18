//! Every bound of this crate, and what happens at it.
