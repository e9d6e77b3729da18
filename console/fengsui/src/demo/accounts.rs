//! One account per role, made at the first start only, each with a random one-time password.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use fengsui_api::{AccountRequest, Console, Role};
use serde::Serialize;

/// An account that was made.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    /// Name to log in with.
    pub(crate) username: &'static str,
    /// One-time password.
    pub(crate) password: String,
    /// The role in Chinese.
    pub(crate) role_zh: &'static str,
    /// Code of the unit.
    pub(crate) unit: &'static str,
}

/// Name, role, role in Chinese, unit.
const ACCOUNTS: &[(&str, Role, &str, &str)] = &[
    ("sysadmin", Role::Sysadmin, "系统管理员", "620000"),
    ("secadmin", Role::Secadmin, "安全管理员", "620000"),
    ("auditor", Role::Auditor, "审计管理员", "620000"),
    ("analyst", Role::Analyst, "安全分析员", "620000"),
    ("steward", Role::Steward, "数据管理员", "620000"),
    ("coordinator", Role::Coordinator, "市州协调员", "620100"),
    ("county_officer", Role::CountyOfficer, "县区处置员", "620123"),
    ("leader", Role::Leader, "领导", "620000"),
];

#[derive(Serialize)]
struct Written<'a> {
    username: &'a str,
    password: &'a str,
}

/// Makes the accounts when there is none yet; writes them to a file when one is named.
///
/// # Errors
/// When the database or the file can't be written.
pub(crate) async fn make(console: &Console, file: Option<&Path>) -> anyhow::Result<Vec<Made>> {
    let mut made = Vec::new();
    if !console.has_accounts().await? {
        for &(username, role, role_zh, unit) in ACCOUNTS {
            let request = AccountRequest {
                username: username.to_owned(),
                display_name: role_zh.to_owned(),
                role,
                unit: unit.parse().context("the demo's unit code is wrong")?,
            };
            let password = console.create_account(request).await?;
            made.push(Made { username, password, role_zh, unit });
        }
    }
    if let (Some(path), false) = (file, made.is_empty()) {
        write(path, &made)?;
    }
    Ok(made)
}

/// Only its owner may read the file. It is put in place whole, so that nobody reads half of it.
fn write(path: &Path, made: &[Made]) -> anyhow::Result<()> {
    let entry = |account: &'_ Made| (account.username.to_owned(), account.password.clone());
    let accounts: BTreeMap<String, String> = made.iter().map(entry).collect();
    let written: BTreeMap<&str, Written<'_>> =
        accounts.iter().map(|(username, password)| (username.as_str(), Written { username, password })).collect();
    let text = serde_json::to_string_pretty(&written)?;
    let half = path.with_extension("new");
    let failed = || format!("accounts file {} can't be written", path.display());
    let mut options = std::fs::OpenOptions::new();
    let mut out = options.write(true).create(true).truncate(true).mode(0o600).open(&half).with_context(failed)?;
    out.write_all(text.as_bytes()).with_context(failed)?;
    std::fs::rename(&half, path).with_context(failed)
}
