//! Owns Suricata-language rules: text to immutable RuleSet, prefilter, match.
//!
//! Does no I/O, decodes no packets.
