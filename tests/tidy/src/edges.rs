//! Which crate may depend on which, and which library belongs to one crate alone.

use std::path::Path;

use anyhow::Context;
use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use crate::{Problem, problem, top};

/// The base that every folder may build on.
const BASE: &[&str] = &["fengsui-schema", "fengsui-crypto", "fengsui-relay"];

/// Heavy or dangerous libraries and the one crate that may name them.
const OWNERS: &[(&str, &str)] = &[
    ("axum", "fengsui-api"),
    ("clap", "fengsui"),
    ("pcap-parser", "fengsui-capture"),
    ("rsigma-eval", "fengsui-detect"),
    ("rsigma-parser", "fengsui-detect"),
    ("sm-crypto", "fengsui-crypto"),
    ("sm2", "fengsui-crypto"),
    ("sqlx", "fengsui-api"),
    ("tantivy", "fengsui-store"),
    ("yara-x", "fengsui-files"),
];

/// Crates whose cores take bytes and time and give values: no runtime, no database, no network below them.
pub const SANS_IO: &[&str] = &[
    "fengsui-schema",
    "fengsui-protocols",
    "fengsui-signatures",
    "fengsui-normalize",
    "fengsui-detect",
    "fengsui-dlp-engine",
];

/// Libraries that do I/O and so have no place in a sans-I/O crate.
const IO_LIBRARIES: &[&str] = &["tokio", "tokio-util", "reqwest", "axum", "sqlx", "tantivy", "libc"];

/// The packages of the workspace.
///
/// # Errors
/// When cargo can't read the workspace.
pub fn packages() -> anyhow::Result<Vec<Package>> {
    let metadata = MetadataCommand::new()
        .current_dir(top())
        .no_deps()
        .exec()
        .context("cargo metadata could not read the workspace")?;
    Ok(metadata.packages)
}

/// Every edge that the house does not have.
#[must_use]
pub fn forbidden_edges(packages: &[Package]) -> Vec<Problem> {
    packages.iter().flat_map(|package| package_problems(package, packages)).collect()
}

fn package_problems(package: &Package, packages: &[Package]) -> Vec<Problem> {
    let normal = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
    normal.filter_map(|dependency| edge_problem(package, &dependency.name, packages)).collect()
}

fn edge_problem(package: &Package, dependency: &str, packages: &[Package]) -> Option<Problem> {
    let name = package.name.as_str();
    if let Some((_, owner)) = OWNERS.iter().find(|(library, owner)| *library == dependency && *owner != name) {
        return Some(problem(name, format!("names {dependency}, which only {owner} may")));
    }
    if SANS_IO.contains(&name) && IO_LIBRARIES.contains(&dependency) {
        return Some(problem(name, format!("is sans-I/O and depends on {dependency}")));
    }
    let target = packages.iter().find(|candidate| candidate.name.as_str() == dependency)?;
    let (from, to) = (folder(package), folder(target));
    (!is_allowed(&from, &to, dependency))
        .then(|| problem(name, format!("depends on {dependency}: {from} must not build on {to}")))
}

/// `sensors`, `analyzer`, `dlp`, `console` or `tests`.
fn folder(package: &Package) -> String {
    let path = Path::new(package.manifest_path.as_str());
    let folder = path.ancestors().nth(2).and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    folder.unwrap_or_default()
}

fn is_allowed(from: &str, to: &str, dependency: &str) -> bool {
    match (from, to) {
        ("console" | "tests", _) => to != "tests" || from == "tests",
        _ if from == to => true,
        ("sensors", "analyzer") | ("dlp", "analyzer") => BASE.contains(&dependency),
        ("sensors", "dlp") => dependency == "fengsui-dlp-engine",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_graph_is_the_one_that_is_drawn() {
        assert!(is_allowed("sensors", "analyzer", "fengsui-relay"));
        assert!(!is_allowed("sensors", "analyzer", "fengsui-store"));
        assert!(!is_allowed("analyzer", "console", "fengsui-api"));
        assert!(!is_allowed("analyzer", "dlp", "fengsui-dlp-engine"));
        assert!(!is_allowed("console", "tests", "fengsui-harness"));
        assert!(is_allowed("console", "sensors", "fengsui-sensor"));
    }
}
