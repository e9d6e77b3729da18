//! Owns detection and correlation: Sigma, indicators, behaviour, risk and incidents.
//!
//! Does no I/O; time comes with the events.
