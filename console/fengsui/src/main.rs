//! The `fengsui` program: subcommands, settings file, wiring. Contains no logic of its own.

#![forbid(unsafe_code)]

mod arguments;
mod bundle;
mod commands;
mod content;
mod demo;
mod hardening;
mod logging;
mod roles;
mod settings;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match commands::run(arguments) {
        Ok(code) => code,
        Err(error) => {
            // The chain from what failed to why, one line each, for a person.
            eprintln!("fengsui: {error}");
            error.chain().skip(1).for_each(|cause| eprintln!("  because {cause}"));
            ExitCode::from(2)
        }
    }
}
