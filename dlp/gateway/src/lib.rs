//! Owns connectors, document extraction, jobs, the share ledger and trace-back.
//!
//! Does not classify or mask itself.
