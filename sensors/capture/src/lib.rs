//! Owns how packets enter: the TPACKET_V3 ring, the pnet fallback, capture files, and their drop counters.
//!
//! Does not decode packets.
