//! `fengsui sbom`: what this program is made of, as a CycloneDX 1.5 document from the lock files it was built with.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Value, json};

const CARGO: &str = include_str!("../../../../Cargo.lock");
const NPM: &str = include_str!("../../../web/package-lock.json");

#[derive(Deserialize)]
struct CargoLock {
    package: Vec<CargoPackage>,
}

#[derive(Deserialize)]
struct CargoPackage {
    name: String,
    version: String,
    /// Where it came from; our own crates have none.
    source: Option<String>,
    checksum: Option<String>,
}

#[derive(Deserialize)]
struct NpmLock {
    packages: std::collections::BTreeMap<String, NpmPackage>,
}

#[derive(Deserialize)]
struct NpmPackage {
    #[serde(default)]
    version: String,
    license: Option<String>,
    /// Used while building or testing and not handed out.
    #[serde(default)]
    dev: bool,
}

/// Prints the document.
///
/// # Errors
/// When a lock file can't be read, which a test rules out, or standard output is closed.
pub(super) fn run() -> anyhow::Result<ExitCode> {
    let text = serde_json::to_string_pretty(&document()?)?;
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}

fn document() -> anyhow::Result<Value> {
    let cargo: CargoLock = toml::from_str(CARGO).context("Cargo.lock")?;
    let npm: NpmLock = serde_json::from_str(NPM).context("package-lock.json")?;
    let of_npm = npm.packages.iter().filter(|(path, package)| !path.is_empty() && !package.dev);
    let components: Vec<Value> = cargo
        .package
        .iter()
        .filter(|package| package.source.is_some())
        .map(of_cargo)
        .chain(of_npm.map(npm_component))
        .collect();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": "fengsui", "version": env!("CARGO_PKG_VERSION"),
                          "licenses": [{"license": {"id": "Apache-2.0"}}]},
            // A lock file does not tell what only tests need.
            "properties": [{"name": "fengsui:scope", "value": "every crate of the lock file, those of tests among them; npm packages that are handed out"}],
        },
        "components": components,
    }))
}

fn of_cargo(package: &CargoPackage) -> Value {
    let CargoPackage { name, version, checksum, .. } = package;
    let hashes: Vec<Value> = checksum.iter().map(|sum| json!({"alg": "SHA-256", "content": sum})).collect();
    json!({"type": "library", "name": name, "version": version, "purl": format!("pkg:cargo/{name}@{version}"), "hashes": hashes})
}

fn npm_component((path, package): (&String, &NpmPackage)) -> Value {
    let name = path.rsplit("node_modules/").next().unwrap_or(path);
    let version = &package.version;
    let licenses: Vec<Value> = package.license.iter().map(|id| json!({"license": {"name": id}})).collect();
    let purl = format!("pkg:npm/{}@{version}", name.replacen('@', "%40", 1));
    json!({"type": "library", "name": name, "version": version, "purl": purl, "licenses": licenses})
}
