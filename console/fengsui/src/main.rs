//! The `fengsui` binary: subcommands, settings file, wiring.
fn main() {}
