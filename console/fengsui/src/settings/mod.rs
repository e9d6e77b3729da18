//! The settings file: one TOML file for every role, every key documented, an unknown key an error.

mod example;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context;
use fengsui_api::{ConsoleSettings, FixedSetting};
use fengsui_dlp_engine::EngineSettings;
use fengsui_pipeline::{OrganizationSettings, PipelineSettings};
use fengsui_relay::SpoolSettings;
use fengsui_sensor::SensorSettings;
use fengsui_store::StoreSettings;
use serde::{Deserialize, Serialize};

pub(crate) use example::example;

/// Everything a role can be told.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Where this node keeps what it must not lose.
    pub(crate) data: DataSettings,
    /// Addresses this node listens on.
    pub(crate) listen: ListenSettings,
    /// The log on standard error.
    pub(crate) log: LogSettings,
    /// Where rules come from.
    pub(crate) rules: RulesSettings,
    /// Whose address is whose: ranges, zones, assets.
    pub(crate) organization: OrganizationSettings,
    /// What a process gives up once it has what it needs.
    pub(crate) confinement: ConfinementSettings,
    /// The sensor.
    pub(crate) sensor: SensorSettings,
    /// The spool between sensor and analyzer.
    pub(crate) spool: SpoolSettings,
    /// The analyzer.
    pub(crate) analyzer: PipelineSettings,
    /// The event index.
    pub(crate) index: StoreSettings,
    /// The data protection engine.
    pub(crate) dlp: EngineSettings,
    /// The console.
    pub(crate) console: ConsoleSettings,
    /// The file they were read from; none when they are the built-in ones.
    #[serde(skip)]
    pub(crate) source: Option<PathBuf>,
}

/// Where this node keeps what it must not lose.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DataSettings {
    /// Folder of spool, index, database and evidence. Relative paths of other sections are below it.
    pub(crate) directory: PathBuf,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self { directory: PathBuf::from("data") }
    }
}

/// What a process gives up once it has what it needs.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ConfinementSettings {
    /// User that the live sensor and the scan workers become when root starts them, by name or number.
    pub(crate) user: String,
    /// Socket at which systemd starts scan workers (`fengsui-scan-worker.socket`); without it a sensor starts its own.
    pub(crate) scan_socket: Option<PathBuf>,
}

impl Default for ConfinementSettings {
    fn default() -> Self {
        Self { user: "nobody".to_owned(), scan_socket: None }
    }
}

/// Addresses this node listens on.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ListenSettings {
    /// Address and port of the console. Put a TLS proxy before it when it is not on loopback.
    pub(crate) console: SocketAddr,
}

impl ListenSettings {
    /// The same address with another port.
    pub(crate) fn set_port(&mut self, port: u16) {
        self.console.set_port(port);
    }
}

impl Default for ListenSettings {
    fn default() -> Self {
        Self { console: SocketAddr::from((Ipv4Addr::LOCALHOST, 8460)) }
    }
}

/// The log on standard error.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogSettings {
    /// What is logged, in the language of tracing's filters: `info`, or `info,fengsui_pipeline=debug`.
    pub(crate) filter: String,
    /// `text` for people, `json` for collectors.
    pub(crate) format: LogFormat,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { filter: "info,tantivy=warn,sqlx=warn".to_owned(), format: LogFormat::Text }
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// One readable line.
    Text,
    /// One JSON object a line.
    Json,
}

/// Where rules come from. The starter rules are inside the program; folders named here come on top.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RulesSettings {
    /// Use the starter rules that are inside the program.
    pub(crate) starter: bool,
    /// Files or folders of rules in Suricata's language (`.rules`), such as a downloaded rule set.
    pub(crate) suricata: Vec<PathBuf>,
    /// Files or folders of Sigma rules (`.yml`).
    pub(crate) sigma: Vec<PathBuf>,
    /// Files or folders of indicators (`.csv`).
    pub(crate) indicators: Vec<PathBuf>,
    /// Files or folders of YARA rules (`.yar`).
    pub(crate) yara: Vec<PathBuf>,
    /// Files or folders of suppressions (`.toml`); `fengsui analyze --suppressions` tells what they would hide.
    pub(crate) suppressions: Vec<PathBuf>,
    /// File of rules that propose the grade of an incident (`.toml`), in place of the built-in ones.
    pub(crate) grading: Option<PathBuf>,
    /// Public SM2 keys (PEM) of those whose bundles of rules are believed. The bundle that `fengsui bundle install` put in
    /// force is loaded on top of the rest.
    pub(crate) signers: Vec<PathBuf>,
    /// Whether rules that come neither with the program nor in a signed bundle are refused.
    pub(crate) signed_only: bool,
}

impl Default for RulesSettings {
    fn default() -> Self {
        Self {
            starter: true,
            suricata: Vec::new(),
            sigma: Vec::new(),
            indicators: Vec::new(),
            yara: Vec::new(),
            suppressions: Vec::new(),
            grading: None,
            signers: Vec::new(),
            signed_only: false,
        }
    }
}

/// Reads the settings file, or takes the built-in settings when none is named.
///
/// # Errors
/// When the file can't be read, or holds an unknown key or a wrong value: the message names file, line and key.
pub(crate) fn load(path: Option<&Path>) -> anyhow::Result<Settings> {
    let Some(path) = path else { return Ok(Settings::default()) };
    let text = std::fs::read_to_string(path).with_context(|| {
        format!("settings file {} can't be read; `fengsui settings > {0}` makes one", path.display())
    })?;
    let read: Settings = toml::from_str(&text).with_context(|| format!("settings file {} is wrong", path.display()))?;
    Ok(Settings { source: Some(path.to_owned()), ..read })
}

impl Settings {
    /// The settings with every relative path of a section placed below the data folder.
    pub(crate) fn placed(mut self) -> Self {
        // Absolute, so that placing twice changes nothing.
        let base = std::path::absolute(&self.data.directory).unwrap_or_else(|_| self.data.directory.clone());
        self.data.directory.clone_from(&base);
        for path in [&mut self.analyzer.state_directory, &mut self.index.directory] {
            *path = base.join(path.as_path());
        }
        self.sensor.evidence.directory = Some(self.evidence_directory());
        let key = self.console.tier.key.take().unwrap_or_else(|| PathBuf::from("node.pem"));
        self.console.tier.key = Some(base.join(key));
        self.console.key_file = base.join(&self.console.key_file);
        if !self.console.database.contains("://") {
            self.console.database = base.join(&self.console.database).display().to_string();
        }
        self
    }

    /// What of this file the console's page of settings shows beside the console's own section.
    pub(crate) fn fixed(&self) -> Vec<FixedSetting> {
        let source = self.source.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let all = [
            ("file", source),
            ("data.directory", self.data.directory.display().to_string()),
            ("listen.console", self.listen.console.to_string()),
            ("log.filter", self.log.filter.clone()),
            ("index.directory", self.index.directory.display().to_string()),
            ("rules.signed_only", self.rules.signed_only.to_string()),
        ];
        all.into_iter().map(|(name, value)| FixedSetting { name: name.to_owned(), value }).collect()
    }

    /// Folder of the spool.
    pub(crate) fn spool_directory(&self) -> PathBuf {
        self.data.directory.join("spool")
    }

    /// Folder of the alert captures, which the sensor writes and the console reads.
    pub(crate) fn evidence_directory(&self) -> PathBuf {
        let named = self.sensor.evidence.directory.as_deref().unwrap_or(Path::new("evidence"));
        self.data.directory.join(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_names_itself_and_its_place() {
        let error = toml::from_str::<Settings>("[log]\nlevel = \"debug\"\n").expect_err("is unknown");
        let text = error.to_string();
        assert!(text.contains("level") && text.contains("line 2"), "{text}");
    }

    #[test]
    fn relative_paths_are_below_the_data_folder_and_absolute_ones_stay() {
        let mut settings = Settings::default();
        settings.data.directory = PathBuf::from("/srv/fengsui");
        settings.index.directory = PathBuf::from("/fast/index");
        let placed = settings.placed();
        assert_eq!(placed.index.directory, PathBuf::from("/fast/index"));
        assert!(placed.analyzer.state_directory.starts_with("/srv/fengsui"));
        assert_eq!(placed.clone().placed().evidence_directory(), placed.evidence_directory());
    }
}
