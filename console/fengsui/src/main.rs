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
mod terminal;

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
            terminal::tell_failure(&error);
            ExitCode::from(2)
        }
    }
}
