//! Sets of addresses and ports.
