//! `fengsui crypto`: SM2 key files and signatures on the command line.

use std::io::{Read, Write};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use fengsui_crypto::KeyPair;

use crate::arguments::CryptoCommand;
use crate::terminal::tell;

/// Longest message that is signed, in bytes.
const MESSAGE_BYTES: u64 = 64 << 20;

/// Runs one of the jobs.
///
/// # Errors
/// When a key file can't be read or written, or the message is too long.
pub(super) fn run(job: &CryptoCommand) -> anyhow::Result<ExitCode> {
    let text = match job {
        CryptoCommand::Keygen { output } => {
            let pair = KeyPair::generate()?;
            pair.save(output)?;
            tell(format_args!("private key in {}; register the public key that is printed", output.display()));
            pair.public().to_pem()?
        }
        CryptoCommand::Public { key } => KeyPair::load(key)?.public().to_pem()?,
        CryptoCommand::Sign { key } => {
            let pair = KeyPair::load(key)?;
            let mut message = Vec::new();
            std::io::stdin().take(MESSAGE_BYTES + 1).read_to_end(&mut message).context("standard input")?;
            ensure!(message.len() as u64 <= MESSAGE_BYTES, "the message is longer than {MESSAGE_BYTES} bytes");
            format!("{}\n", String::from(pair.sign(&message)?))
        }
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
