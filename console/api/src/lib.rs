//! Owns the console's HTTP interface and state: routes, authorization, sessions, audit, tasks, OpenAPI.
//!
//! Does not detect or classify; it shows what the other parts found.
