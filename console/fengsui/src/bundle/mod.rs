//! Signed bundles of rules: what they are ([`format`]), and which one is in force ([`shelf`]).

mod format;
mod shelf;

pub(crate) use format::{Bundle, Purpose, digits, open, seal};
pub(crate) use shelf::{Installed, Shelf, read_bundle};

use std::path::{Path, PathBuf};

use anyhow::Context;
use fengsui_crypto::PublicKey;
use jiff::Timestamp;

/// Reads the public keys that bundles are believed from.
///
/// # Errors
/// When a file can't be read or is no key.
pub(crate) fn read_signers(paths: &[PathBuf]) -> anyhow::Result<Vec<PublicKey>> {
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).with_context(|| format!("key {} can't be read", path.display()))?;
        PublicKey::from_pem(&text).with_context(|| format!("{} is no public SM2 key (PEM)", path.display()))
    };
    paths.iter().map(read).collect()
}

/// Lays the files of a bundle out where the parts can read them, in place of what was laid out before.
///
/// # Errors
/// When the folder can't be written.
pub(crate) fn lay_out(bundle: &Bundle, folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("{} can't be replaced", folder.display()))?;
    }
    for (name, _) in bundle.manifest.purpose.folders() {
        let sub = folder.join(name);
        std::fs::create_dir_all(&sub).with_context(|| format!("{} can't be made", sub.display()))?;
    }
    for (file, content) in bundle.manifest.files.iter().zip(&bundle.contents) {
        // The manifest was checked: every path has only plain parts.
        let path = folder.join(&file.path);
        let parent = path.parent().context("has a folder")?;
        std::fs::create_dir_all(parent).with_context(|| format!("{} can't be made", parent.display()))?;
        std::fs::write(&path, content).with_context(|| format!("{} can't be written", path.display()))?;
    }
    Ok(())
}

/// The present moment.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
