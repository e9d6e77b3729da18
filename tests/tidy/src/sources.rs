//! The source files of the repository, as git lists them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::top;

/// One text file of the repository.
#[derive(Debug)]
pub struct SourceFile {
    /// Path from the top folder, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Paths git tracks or would track, from the top folder.
///
/// # Errors
/// When git does not answer.
pub fn tracked_paths() -> anyhow::Result<Vec<String>> {
    let output = Command::new("git")
        .current_dir(top())
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .output()
        .context("git did not start")?;
    ensure!(output.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// The files with one of these endings.
///
/// # Errors
/// When git does not answer. A file that is listed but gone is passed over.
pub fn files_ending_in(endings: &[&str]) -> anyhow::Result<Vec<SourceFile>> {
    let wanted = |path: &String| endings.iter().any(|ending| path.ends_with(ending));
    let read = |path: String| {
        let full: PathBuf = top().join(&path);
        std::fs::read_to_string(full).ok().map(|text| SourceFile { path, text })
    };
    Ok(tracked_paths()?.into_iter().filter(wanted).filter_map(read).collect())
}

/// Whether a file is made by a program rather than a person.
#[must_use]
pub fn is_generated(path: &str) -> bool {
    path.ends_with("schema.d.ts") || path.ends_with("package-lock.json") || path.ends_with("Cargo.lock")
}

/// Whether a Rust file holds tests, benches or examples only.
#[must_use]
pub fn is_test_code(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "benches" | "examples"))
        || path.ends_with("/tests.rs")
        || path.ends_with("_tests.rs")
}
