//! Licences, bans and sources of everything that is linked, by the same file that `cargo deny` reads: what `make deny` finds
//! with its own tool, every run of the tests finds without it.
//!
//! Keys of `deny.toml` that are not understood here are an error, so that no rule is held by one of the two alone.

use std::collections::BTreeSet;

use anyhow::Context;
use cargo_metadata::{CargoOpt, MetadataCommand, Package};
use serde::Deserialize;

use crate::{Problem, problem, top};

/// The only registry that packages come from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// `deny.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    graph: Graph,
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Graph {
    targets: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Licences {
    allow: BTreeSet<String>,
    /// How sure `cargo deny` has to be of a text; here only what packages declare counts.
    #[serde(rename = "confidence-threshold")]
    _confidence_threshold: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bans {
    multiple_versions: Level,
    wildcards: Level,
    allow_wildcard_paths: bool,
    deny: Vec<Banned>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Banned {
    name: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Sources {
    unknown_registry: Level,
    unknown_git: Level,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Allow,
    Deny,
}

/// What is looked at of a package.
#[derive(Debug, Clone, Default)]
pub struct Linked {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The licences it declares (SPDX expression).
    pub licence: Option<String>,
    /// Where it comes from; nothing for one of the workspace.
    pub source: Option<String>,
    /// Packages it takes any version of.
    pub wildcards: Vec<String>,
}

impl Linked {
    fn of(package: &Package, paths_allowed: bool) -> Self {
        let is_wild = |dependency: &&cargo_metadata::Dependency| {
            dependency.req == cargo_metadata::semver::VersionReq::STAR && !(paths_allowed && dependency.path.is_some())
        };
        Self {
            name: package.name.to_string(),
            version: package.version.to_string(),
            licence: package.license.clone(),
            source: package.source.as_ref().map(|source| source.repr.clone()),
            wildcards: package.dependencies.iter().filter(is_wild).map(|dependency| dependency.name.clone()).collect(),
        }
    }
}

/// Reads a policy.
///
/// # Errors
/// When it says something that is not understood here.
pub fn policy(text: &str) -> anyhow::Result<Policy> {
    let policy: Policy = toml::from_str(text).context("deny.toml says what tests/tidy does not understand")?;
    let strict = [policy.bans.wildcards, policy.sources.unknown_registry, policy.sources.unknown_git];
    anyhow::ensure!(strict == [Level::Deny; 3], "wildcards, unknown registries and unknown git sources are denied");
    anyhow::ensure!(
        policy.bans.multiple_versions == Level::Allow,
        "several versions of a package are not looked for here"
    );
    Ok(policy)
}

/// Everything that is linked on the policy's targets, with all features, by the lock file.
///
/// # Errors
/// When cargo can't tell.
pub fn linked(policy: &Policy) -> anyhow::Result<Vec<Linked>> {
    let targets = policy.graph.targets.iter().flat_map(|target| ["--filter-platform".to_owned(), target.clone()]);
    let options: Vec<String> = std::iter::once("--locked".to_owned()).chain(targets).collect();
    let metadata = MetadataCommand::new()
        .current_dir(top())
        .features(CargoOpt::AllFeatures)
        .other_options(options)
        .exec()
        .context("cargo metadata could not tell what is linked")?;
    let nodes = metadata.resolve.context("nothing is resolved")?.nodes;
    let ids: BTreeSet<_> = nodes.into_iter().map(|node| node.id).collect();
    let packages = metadata.packages.iter().filter(|package| ids.contains(&package.id));
    Ok(packages.map(|package| Linked::of(package, policy.bans.allow_wildcard_paths)).collect())
}

/// Everything that the policy does not allow.
#[must_use]
pub fn denied(policy: &Policy, packages: &[Linked]) -> Vec<Problem> {
    packages.iter().flat_map(|package| denied_of(policy, package)).collect()
}

fn denied_of(policy: &Policy, package: &Linked) -> Vec<Problem> {
    let place = format!("{} {}", package.name, package.version);
    let mut found = Vec::new();
    match &package.licence {
        None => found.push(problem(&place, "declares no licence")),
        Some(licence) if !is_allowed(licence, &policy.licenses.allow) => {
            found.push(problem(&place, format!("is under {licence}, which deny.toml does not allow")));
        }
        Some(_) => {}
    }
    for banned in policy.bans.deny.iter().filter(|banned| banned.name == package.name) {
        found.push(problem(&place, format!("is banned: {}", banned.reason)));
    }
    for wild in &package.wildcards {
        found.push(problem(&place, format!("takes any version of {wild}")));
    }
    if let Some(source) = package.source.as_ref().filter(|source| source.as_str() != REGISTRY) {
        found.push(problem(&place, format!("comes from {source}")));
    }
    found
}

/// Whether an SPDX expression can be met by allowed licences alone; `/` is an old way to write OR. What is malformed can't.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
    either(&mut words, allowed, 0) == Some(true) && words.is_empty()
}

/// Parentheses in one another that are followed.
const NESTING: usize = 16;

/// Terms joined by OR; `words` are what is left, last first.
fn either(words: &mut Vec<&str>, allowed: &BTreeSet<String>, depth: usize) -> Option<bool> {
    let mut met = both(words, allowed, depth)?;
    while words.pop_if(|word| *word == "OR").is_some() {
        met |= both(words, allowed, depth)?;
    }
    Some(met)
}

/// Terms joined by AND, which binds more closely.
fn both(words: &mut Vec<&str>, allowed: &BTreeSet<String>, depth: usize) -> Option<bool> {
    let mut met = term(words, allowed, depth)?;
    while words.pop_if(|word| *word == "AND").is_some() {
        met &= term(words, allowed, depth)?;
    }
    Some(met)
}

fn term(words: &mut Vec<&str>, allowed: &BTreeSet<String>, depth: usize) -> Option<bool> {
    match words.pop()? {
        "(" if depth < NESTING => {
            let met = either(words, allowed, depth + 1)?;
            (words.pop()? == ")").then_some(met)
        }
        "(" | ")" | "OR" | "AND" | "WITH" => None,
        licence => match words.pop_if(|word| *word == "WITH") {
            Some(_) => Some(allowed.contains(&format!("{licence} WITH {}", words.pop()?))),
            None => Some(allowed.contains(licence)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        [graph]
        targets = ["x86_64-unknown-linux-gnu"]
        [licenses]
        allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"]
        confidence-threshold = 0.9
        [bans]
        multiple-versions = "allow"
        wildcards = "deny"
        allow-wildcard-paths = true
        deny = [{ name = "openssl-sys", reason = "TLS is rustls" }]
        [sources]
        unknown-registry = "deny"
        unknown-git = "deny"
    "#;

    fn found(change: impl FnOnce(&mut Linked)) -> Vec<String> {
        let mut package = Linked {
            name: "good".to_owned(),
            version: "1.0.0".to_owned(),
            licence: Some("MIT".to_owned()),
            source: Some(REGISTRY.to_owned()),
            wildcards: Vec::new(),
        };
        change(&mut package);
        denied(&policy(POLICY).expect("is understood"), &[package]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn whatever_is_not_allowed_is_found() {
        assert!(found(|_| {}).is_empty());
        assert!(found(|package| package.source = None).is_empty(), "of the workspace");
        let by_licence = |licence: &str| found(|package| package.licence = Some(licence.to_owned())).is_empty();
        for good in [
            "MIT OR GPL-3.0-only",
            "GPL-2.0/MIT",
            "(MIT AND Apache-2.0) OR GPL-3.0",
            "MIT AND (GPL-3.0 OR Apache-2.0 WITH LLVM-exception)",
        ] {
            assert!(by_licence(good), "{good}");
        }
        for bad in
            ["GPL-3.0-only", "MIT AND GPL-3.0-only", "MIT WITH LLVM-exception", "", "MIT OR", "(MIT", "MIT MIT", "mit"]
        {
            assert!(!by_licence(bad), "{bad}");
        }
        assert!(!by_licence(&"(".repeat(100_000)));
        type Change = fn(&mut Linked);
        let strange: [(Change, &str); 5] = [
            (|package| package.licence = None, "no licence"),
            (|package| package.name = "openssl-sys".to_owned(), "TLS is rustls"),
            (|package| package.source = Some("git+https://example.org/good".to_owned()), "comes from git"),
            (|package| package.source = Some("registry+https://example.org".to_owned()), "comes from registry"),
            (|package| package.wildcards = vec!["other".to_owned()], "any version of other"),
        ];
        for (change, reason) in strange {
            let found = found(change);
            assert!(found.len() == 1 && found[0].contains(reason), "{reason}: {found:?}");
        }
    }

    #[test]
    fn a_policy_that_only_one_of_the_two_would_hold_is_an_error() {
        assert!(policy(&format!("{POLICY}\n[advisories]\nignore = []\n")).is_err());
        assert!(policy(&POLICY.replace("unknown-git = \"deny\"", "unknown-git = \"allow\"")).is_err());
        assert!(policy(&POLICY.replace("wildcards = \"deny\"", "wildcards = \"deny\"\nskip = []")).is_err());
    }
}
