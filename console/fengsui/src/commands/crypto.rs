//! `fengsui crypto`: SM2 key files, signatures and sealed letters on the command line.

use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow, ensure};
use fengsui_crypto::{KeyPair, PublicKey, Signature, open_letter, seal_for};

use crate::arguments::CryptoCommand;
use crate::terminal::tell;

/// Longest message that is signed or sealed, in bytes.
const MESSAGE_BYTES: u64 = 64 << 20;
/// What a sealed message is longer at most, in bytes.
const LETTER_BYTES: u64 = 1024;
/// Longest file of a public key or a signature, in bytes.
const SMALL_FILE_BYTES: u64 = 16 * 1024;
/// Exit code of a signature that does not fit.
const DOES_NOT_FIT: u8 = 1;

/// Runs one of the jobs.
///
/// # Errors
/// When a key file can't be read or written, the message is too long, or a letter can't be opened.
pub(super) fn run(job: &CryptoCommand) -> anyhow::Result<ExitCode> {
    match job {
        CryptoCommand::Keygen { output } => {
            let pair = KeyPair::generate()?;
            pair.save(output)?;
            tell(format_args!("private key in {}; register the public key that is printed", output.display()));
            print(pair.public().to_pem()?.as_bytes())
        }
        CryptoCommand::Public { key } => print(KeyPair::load(key)?.public().to_pem()?.as_bytes()),
        CryptoCommand::Sign { key } => {
            let pair = KeyPair::load(key)?;
            let signature = pair.sign(&input(MESSAGE_BYTES)?)?;
            print(format!("{}\n", String::from(signature)).as_bytes())
        }
        CryptoCommand::Verify { public, signature } => verify(public, signature),
        CryptoCommand::Seal { public } => print(&seal_for(&public_key(public)?, &input(MESSAGE_BYTES)?)?),
        CryptoCommand::Open { key } => {
            let pair = KeyPair::load(key)?;
            print(open_letter(&pair, &input(MESSAGE_BYTES + LETTER_BYTES)?)?.expose())
        }
    }
}

fn verify(public: &Path, signature: &str) -> anyhow::Result<ExitCode> {
    let (public, signature) = (public_key(public)?, read_signature(signature)?);
    match public.verify(&input(MESSAGE_BYTES)?, &signature) {
        Ok(()) => {
            tell(format_args!("the signature fits; key {}", public.id()));
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            tell(format_args!("{error}"));
            Ok(ExitCode::from(DOES_NOT_FIT))
        }
    }
}

fn print(bytes: &[u8]) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).context("standard output")?;
    Ok(ExitCode::SUCCESS)
}

/// What comes on standard input, if it is no longer than so many bytes.
fn input(most: u64) -> anyhow::Result<Vec<u8>> {
    let mut message = Vec::new();
    std::io::stdin().take(most + 1).read_to_end(&mut message).context("standard input")?;
    ensure!(message.len() as u64 <= most, "what comes on standard input is longer than {most} bytes");
    Ok(message)
}

fn small_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).with_context(|| format!("can not read {}", path.display()))?;
    file.take(SMALL_FILE_BYTES).read_to_end(&mut bytes).with_context(|| format!("can not read {}", path.display()))?;
    Ok(bytes)
}

fn public_key(path: &Path) -> anyhow::Result<PublicKey> {
    let text = String::from_utf8(small_file(path)?).unwrap_or_default();
    PublicKey::from_pem(&text).with_context(|| format!("{} holds no public key", path.display()))
}

/// A signature in hexadecimal digits, or a file with them or with DER.
fn read_signature(given: &str) -> anyhow::Result<Signature> {
    if let Ok(signature) = Signature::try_from(given.to_owned()) {
        return Ok(signature);
    }
    let bytes = small_file(Path::new(given)).context("the signature is neither 128 hexadecimal digits nor a file")?;
    let digits = std::str::from_utf8(&bytes).ok().and_then(|text| Signature::try_from(text.trim().to_owned()).ok());
    let signature = digits.or_else(|| Signature::from_der(&bytes).ok());
    signature.ok_or_else(|| anyhow!("{given} holds neither 128 hexadecimal digits nor a signature in DER"))
}
