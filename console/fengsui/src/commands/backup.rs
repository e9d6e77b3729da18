//! `fengsui backup` and `fengsui restore`: a copy of the data folder while the program runs, and back.
//!
//! A backup is a folder with the files and `backup.json`, which lists each file's size and SM3. The database is copied
//! through SQLite's own snapshot; spool segments and index files are only ever appended to or replaced whole, so a
//! copy of them is at worst a little older than the database, which deterministic ids make harmless.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use fengsui_crypto::Sm3;
use serde::{Deserialize, Serialize};

use crate::arguments::{BackupArguments, RestoreArguments};
use crate::terminal::tell;
use crate::{roles, settings};

/// Name of the list of files.
const MANIFEST: &str = "backup.json";
/// How often the copy starts again when files change under it.
const ATTEMPTS: usize = 5;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    version: u32,
    program: String,
    /// When it was begun (RFC 3339).
    #[serde(default)]
    made: String,
    files: Vec<ManifestFile>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestFile {
    path: PathBuf,
    size: u64,
    sm3: String,
}

/// Copies the data folder.
pub(super) fn backup(job: &BackupArguments) -> anyhow::Result<ExitCode> {
    ensure!(job.data.is_dir(), "{} is no data folder", job.data.display());
    ensure!(!job.output.exists(), "{} exists already; name a folder that does not", job.output.display());
    let made = jiff::Timestamp::now().to_string();
    let mut attempt = 1;
    while let Err(error) = copy_tree(&job.data, &job.output) {
        // A file that was merged away while we copied is no damage: start again with what is there now.
        let vanished =
            error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound);
        fs::remove_dir_all(&job.output).with_context(|| format!("{} can't be removed", job.output.display()))?;
        ensure!(vanished && attempt < ATTEMPTS, error.context(format!("backup of {} failed", job.data.display())));
        attempt += 1;
    }
    copy_databases(&job.data, &job.output)?;
    let files = list(&job.output)?;
    let manifest = Manifest { version: 1, program: env!("CARGO_PKG_VERSION").to_owned(), made, files };
    let text = serde_json::to_string_pretty(&manifest)?;
    fs::write(job.output.join(MANIFEST), text).with_context(|| format!("{} can't be written", job.output.display()))?;
    tell(format_args!("{} files backed up to {}", manifest.files.len(), job.output.display()));
    Ok(ExitCode::SUCCESS)
}

/// Checks a backup and puts it back.
pub(super) fn restore(config: Option<&Path>, job: &RestoreArguments) -> anyhow::Result<ExitCode> {
    let path = job.input.join(MANIFEST);
    let text =
        fs::read_to_string(&path).with_context(|| format!("{} can't be read; is it a backup?", path.display()))?;
    let manifest: Manifest =
        serde_json::from_str(&text).with_context(|| format!("{} is no list of a backup", path.display()))?;
    ensure!(manifest.version == 1, "backup has version {}, this program reads version 1", manifest.version);
    let empty = !job.data.exists() || fs::read_dir(&job.data)?.next().is_none();
    ensure!(empty, "{} is not empty; restore into a new folder and move it into place", job.data.display());
    check(&job.input, &manifest)?;
    for file in &manifest.files {
        copy_file(&job.input.join(&file.path), &job.data.join(&file.path))?;
    }
    let database = job.data.join("console.db");
    if database.exists() {
        let now = fengsui_schema::Clock::now(&roles::SystemClock).as_millis();
        roles::runtime()?
            .block_on(fengsui_api::begin_new_epochs(&database, now))
            .context("the links to other nodes can't be begun anew")?;
        note(config, &job.data, &manifest)?;
    }
    tell(format_args!("{} files restored to {}", manifest.files.len(), job.data.display()));
    Ok(ExitCode::SUCCESS)
}

/// Says in the audit log of the folder that it came from a backup, and from when: what happened since is not in it.
fn note(config: Option<&Path>, data: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    let mut settings = settings::load(config)?;
    data.clone_into(&mut settings.data.directory);
    let settings = settings.placed();
    let detail = format!("{} files, made at {} by version {}", manifest.files.len(), manifest.made, manifest.program);
    roles::runtime()?.block_on(async {
        let console = roles::open_console(&settings).await?;
        console.note("backup.restore", "backup", true, &detail).await.context("the audit log can't be written")
    })
}

/// Every listed file is there, inside the folder, and unchanged.
fn check(folder: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    for file in &manifest.files {
        let inside = file.path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        ensure!(inside, "backup lists {}, which is outside of it", file.path.display());
        let found = describe(folder, &file.path)?;
        ensure!(found == *file, "{} was changed since the backup was made", file.path.display());
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> anyhow::Result<()> {
    for path in walk(from)? {
        let relative = path.strip_prefix(from).context("is below the folder")?;
        if !is_database(relative) && !is_lock(relative) {
            copy_file(&path, &to.join(relative))?;
        }
    }
    Ok(())
}

fn copy_databases(from: &Path, to: &Path) -> anyhow::Result<()> {
    for path in walk(from)? {
        if path.extension().is_some_and(|extension| extension == "db") {
            let target = to.join(path.strip_prefix(from).context("is below the folder")?);
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent)?;
            }
            roles::runtime()?
                .block_on(fengsui_api::snapshot_database(&path, &target))
                .with_context(|| format!("database {} can't be copied", path.display()))?;
        }
    }
    Ok(())
}

fn is_database(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains(".db"))
}

fn is_lock(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".lock"))
}

fn copy_file(from: &Path, to: &Path) -> anyhow::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).with_context(|| format!("{} can't be made", parent.display()))?;
    }
    fs::copy(from, to)?;
    Ok(())
}

fn list(folder: &Path) -> anyhow::Result<Vec<ManifestFile>> {
    let paths = walk(folder)?;
    paths.iter().map(|path| describe(folder, path.strip_prefix(folder).context("is below the folder")?)).collect()
}

fn describe(folder: &Path, path: &Path) -> anyhow::Result<ManifestFile> {
    let full = folder.join(path);
    let mut file = fs::File::open(&full).with_context(|| format!("{} can't be read", full.display()))?;
    let (mut digest, mut size, mut buffer) = (Sm3::new(), 0, vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer).with_context(|| format!("{} can't be read", full.display()))? {
            0 => break,
            count => {
                digest.update(&buffer[..count]);
                size += count as u64;
            }
        }
    }
    let sm3 = digest.finish().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(ManifestFile { path: path.to_owned(), size, sm3 })
}

/// Every file below a folder in the order of their paths; symbolic links are not followed.
fn walk(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            match entry.file_type()? {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => files.push(entry.path()),
                _ => bail!("{} is neither file nor folder", entry.path().display()),
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with_files() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("folder");
        fs::create_dir_all(folder.path().join("spool")).expect("made");
        fs::write(folder.path().join("spool/segment"), b"records").expect("written");
        folder
    }

    #[test]
    fn a_backup_comes_back_as_it_was() {
        let data = folder_with_files();
        let place = tempfile::tempdir().expect("folder");
        let (output, back) = (place.path().join("backup"), place.path().join("back"));
        backup(&BackupArguments { data: data.path().to_owned(), output: output.clone() }).expect("backed up");
        restore(None, &RestoreArguments { input: output, data: back.clone() }).expect("restored");
        assert_eq!(fs::read(back.join("spool/segment")).expect("is there"), b"records");
    }

    #[test]
    fn a_changed_backup_is_refused() {
        let data = folder_with_files();
        let place = tempfile::tempdir().expect("folder");
        let output = place.path().join("backup");
        backup(&BackupArguments { data: data.path().to_owned(), output: output.clone() }).expect("backed up");
        fs::write(output.join("spool/segment"), b"Records").expect("changed");
        let back = place.path().join("back");
        let error = restore(None, &RestoreArguments { input: output, data: back.clone() }).expect_err("is refused");
        assert!(error.to_string().contains("spool/segment"));
        assert!(!back.exists());
    }
}
