//! The bundles of a data folder: the one in force and the highest version there ever was.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use fengsui_crypto::PublicKey;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::format::{Bundle, Purpose, open};

/// Bytes of a bundle: what an envelope holds, and a little for its head.
const BUNDLE_BYTES: u64 = 65 << 20;

/// Where bundles of one purpose are kept.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    folder: PathBuf,
    purpose: Purpose,
}

/// The version below which nothing is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Floor {
    version: u64,
    sm3: String,
}

/// What an installation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Installed {
    /// The first one, or a higher version than before.
    Newer,
    /// The same again.
    Same,
    /// A lower version than before, because the operator insisted.
    RolledBack {
        /// The version before.
        from: u64,
    },
}

impl Shelf {
    /// The shelf of a purpose below a data folder.
    pub(crate) fn below(data: &Path, purpose: Purpose) -> Self {
        Self { folder: data.join("bundles"), purpose }
    }

    /// The file of the bundle in force.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.bundle", self.purpose.as_str()))
    }

    fn floor_path(&self) -> PathBuf {
        self.folder.join(format!("{}.version.json", self.purpose.as_str()))
    }

    /// Puts a bundle in force at the next start.
    ///
    /// # Errors
    /// When it is older than the one before and `roll_back` is not set, or the folder can't be written.
    pub(crate) fn install(&self, bytes: &[u8], bundle: &Bundle, roll_back: bool) -> anyhow::Result<Installed> {
        let done = self.check(bundle, roll_back)?;
        fs::create_dir_all(&self.folder).with_context(|| format!("{} can't be made", self.folder.display()))?;
        write_whole(&self.path(), bytes)?;
        let floor = Floor { version: bundle.manifest.version, sm3: bundle.digest.clone() };
        write_whole(&self.floor_path(), &serde_json::to_vec(&floor)?)?;
        Ok(done)
    }

    /// What an installation would do.
    ///
    /// # Errors
    /// When the bundle is older than the one before and `roll_back` is not set.
    pub(crate) fn check(&self, bundle: &Bundle, roll_back: bool) -> anyhow::Result<Installed> {
        let (version, floor) = (bundle.manifest.version, self.floor()?);
        Ok(match &floor {
            Some(floor) if floor.sm3 == bundle.digest => Installed::Same,
            Some(floor) if version <= floor.version => {
                let from = floor.version;
                ensure!(
                    roll_back,
                    "version {version} is not above version {from}, which was in force; --roll-back takes it all the same"
                );
                Installed::RolledBack { from }
            }
            _ => Installed::Newer,
        })
    }

    /// The bundle in force, verified again: it may have been altered or exchanged since it was installed. `None` when there
    /// never was one.
    ///
    /// # Errors
    /// Why it can't be trusted.
    pub(crate) fn load(&self, signers: &[PublicKey], now: Timestamp) -> anyhow::Result<Option<Bundle>> {
        let Some(floor) = self.floor()? else {
            ensure!(!self.path().exists(), "{} was not installed by this program", self.path().display());
            return Ok(None);
        };
        let bundle = open(&read_bundle(&self.path())?, self.purpose, signers, now)?;
        ensure!(
            bundle.digest == floor.sm3,
            "version {} lies there, version {} was installed",
            bundle.manifest.version,
            floor.version
        );
        Ok(Some(bundle))
    }

    /// Version and SM3 of the bundle that was installed last; `None` when there never was one.
    ///
    /// # Errors
    /// When that can't be read.
    pub(crate) fn installed(&self) -> anyhow::Result<Option<(u64, String)>> {
        Ok(self.floor()?.map(|floor| (floor.version, floor.sm3)))
    }

    /// The folder that bundles lie in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn floor(&self) -> anyhow::Result<Option<Floor>> {
        let path = self.floor_path();
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
        let floor = serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
        Ok(Some(floor))
    }
}

/// Reads a bundle file.
///
/// # Errors
/// When it can't be read or is too long.
pub(crate) fn read_bundle(path: &Path) -> anyhow::Result<Vec<u8>> {
    let failed = || format!("bundle {} can't be read", path.display());
    let length = fs::metadata(path).with_context(failed)?.len();
    ensure!(length <= BUNDLE_BYTES, "bundle {} has {length} bytes, more than {BUNDLE_BYTES}", path.display());
    fs::read(path).with_context(failed)
}

/// Writes a file so that it is there whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let failed = || format!("{} can't be written", path.display());
    let new = path.with_extension("new");
    let mut file = fs::File::create(&new).with_context(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(failed)?;
    fs::rename(&new, path).with_context(failed)?;
    let folder = path.parent().context("has a folder")?;
    fs::File::open(folder).and_then(|folder| folder.sync_all()).with_context(failed)
}

#[cfg(test)]
mod tests {
    use fengsui_crypto::KeyPair;

    use super::*;
    use crate::bundle::seal;

    fn now() -> Timestamp {
        "2026-06-01T00:00:00Z".parse().expect("is a time")
    }

    fn sealed(version: u64, signer: &KeyPair) -> (Vec<u8>, Bundle) {
        let times = ("2026-01-01T00:00:00Z".parse().expect("time"), "2027-01-01T00:00:00Z".parse().expect("time"));
        let files = vec![("yara/a.yar".to_owned(), format!("// {version}").into_bytes())];
        let bytes = seal((Purpose::Rules, version), times, &files, signer).expect("is sealed");
        let bundle = open(&bytes, Purpose::Rules, &[signer.public()], now()).expect("opens");
        (bytes, bundle)
    }

    #[test]
    fn versions_only_grow_unless_somebody_insists() {
        let (folder, signer) = (tempfile::tempdir().expect("folder"), KeyPair::generate().expect("key"));
        let shelf = Shelf::below(folder.path(), Purpose::Rules);
        let signers = [signer.public()];
        assert!(shelf.load(&signers, now()).expect("nothing is no error").is_none());
        let (old, new) = (sealed(4, &signer), sealed(5, &signer));
        assert_eq!(shelf.install(&new.0, &new.1, false).expect("is taken"), Installed::Newer);
        assert_eq!(shelf.install(&new.0, &new.1, false).expect("is taken"), Installed::Same);
        let error = shelf.install(&old.0, &old.1, false).expect_err("is older");
        assert!(error.to_string().contains("--roll-back"), "{error}");
        assert_eq!(shelf.load(&signers, now()).expect("holds").expect("is there").manifest.version, 5);
        assert_eq!(shelf.install(&old.0, &old.1, true).expect("is taken"), Installed::RolledBack { from: 5 });
        assert_eq!(shelf.load(&signers, now()).expect("holds").expect("is there").manifest.version, 4);
    }

    #[test]
    fn what_was_exchanged_on_the_shelf_is_not_loaded() {
        let (folder, signer) = (tempfile::tempdir().expect("folder"), KeyPair::generate().expect("key"));
        let shelf = Shelf::below(folder.path(), Purpose::Rules);
        let signers = [signer.public()];
        let (old, new) = (sealed(4, &signer), sealed(5, &signer));
        shelf.install(&new.0, &new.1, false).expect("is taken");
        // An older bundle with a good signature, put there past the installation.
        fs::write(shelf.path(), &old.0).expect("written");
        let error = shelf.load(&signers, now()).expect_err("is another");
        assert!(error.to_string().contains("version 4 lies there"), "{error}");
        let mut altered = new.0.clone();
        *altered.last_mut().expect("has bytes") ^= 1;
        fs::write(shelf.path(), altered).expect("written");
        assert!(shelf.load(&signers, now()).is_err());
        fs::remove_file(shelf.path()).expect("removed");
        assert!(shelf.load(&signers, now()).is_err(), "a bundle that vanished is no \"never was one\"");
    }
}
