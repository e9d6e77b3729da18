//! Owns workers, flow table, transactions, EVE events, alert captures, loss accounting and the uplink.
//!
//! Does not parse protocols or match rules itself.
