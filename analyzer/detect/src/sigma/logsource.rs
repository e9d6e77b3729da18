//! Which log sources of Sigma an event belongs to, so that only rules written for it are tried.
//!
//! The tables are data (`logsources.toml`); an event finds its row by data set, or by channel and event id.

use std::collections::HashMap;

use fengsui_schema::Event;
use serde::Deserialize;

/// The built-in tables.
const TABLES: &str = include_str!("logsources.toml");

/// Where an event's rules are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// Rules whose whole log source is within this row.
    Row(usize),
    /// The record does not tell: every rule is tried.
    Unknown,
}

/// A log source: of a rule what it asks for, of a row what a record has. An empty word is none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Source {
    category: String,
    product: String,
    service: String,
}

impl Source {
    fn new(category: &str, product: &str, service: &str) -> Self {
        let word = str::to_ascii_lowercase;
        Self { category: word(category), product: word(product), service: word(service) }
    }

    /// What a rule asks for.
    pub(super) fn of_rule(rule: &rsigma_parser::LogSource) -> Self {
        let word = |word: &Option<String>| word.clone().unwrap_or_default();
        Self::new(&word(&rule.category), &word(&rule.product), &word(&rule.service))
    }

    /// Whether a record with this log source has everything that a rule asks for.
    fn has(&self, asked: &Self) -> bool {
        let holds = |asked: &str, have: &str| asked.is_empty() || asked == have;
        holds(&asked.category, &self.category)
            && holds(&asked.product, &self.product)
            && holds(&asked.service, &self.service)
    }
}

/// The tables as they are written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    datasets: HashMap<String, Vec<String>>,
    channels: HashMap<String, String>,
    providers: HashMap<String, String>,
    events: HashMap<String, HashMap<String, Vec<String>>>,
}

/// Finds the row of an event.
#[derive(Debug, Default)]
pub(super) struct Router {
    rows: Vec<Vec<Source>>,
    /// Longest first.
    datasets: Vec<(String, usize)>,
    channels: Vec<(String, String)>,
    providers: Vec<(String, String)>,
    /// Rows of a Windows service and event id; those of the service alone under none.
    windows: HashMap<String, HashMap<Option<i64>, usize>>,
    /// The row of Windows events of channels that no table names.
    other_windows: usize,
    /// The same for Sysmon on Linux.
    linux_sysmon: HashMap<Option<i64>, usize>,
}

impl Router {
    /// The router of the built-in tables.
    ///
    /// # Errors
    /// When the tables are not what this program reads, which a test excludes.
    pub(super) fn built_in() -> Result<Self, String> {
        Self::of(toml::from_str(TABLES).map_err(|error| error.to_string())?)
    }

    fn of(tables: Tables) -> Result<Self, String> {
        let mut router = Self::default();
        for (prefix, sources) in tables.datasets {
            let sources = sources.iter().map(|text| source(text)).collect::<Result<_, _>>()?;
            let row = router.row(sources);
            router.datasets.push((prefix, row));
        }
        router.channels = tables.channels.into_iter().collect();
        router.providers = tables.providers.into_iter().collect();
        router.datasets.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        router.channels.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        router.providers.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        router.other_windows = router.row(vec![Source::new("", "windows", "")]);
        router.linux_sysmon.insert(None, router.rows.len());
        router.rows.push(vec![Source::new("", "linux", "sysmon")]);
        let services: Vec<String> = router.channels.iter().map(|(_, service)| service.clone()).collect();
        for service in services {
            let row = router.row(vec![Source::new("", "windows", &service)]);
            router.windows.entry(service).or_default().insert(None, row);
        }
        for (service, events) in tables.events {
            for (id, categories) in events {
                let id: i64 = id.parse().map_err(|_| format!("{id} is no event id"))?;
                let of = |product: &str| categories.iter().map(|name| Source::new(name, product, &service)).collect();
                let row = router.row(of("windows"));
                router.windows.entry(service.clone()).or_default().insert(Some(id), row);
                if service == "sysmon" {
                    let row = router.row(of("linux"));
                    router.linux_sysmon.insert(Some(id), row);
                }
            }
        }
        Ok(router)
    }

    fn row(&mut self, sources: Vec<Source>) -> usize {
        self.rows.push(sources);
        self.rows.len() - 1
    }

    /// Whether a record of a row has everything that a rule asks for.
    pub(super) fn row_has(&self, row: usize, asked: &Source) -> bool {
        self.rows.get(row).is_some_and(|sources| sources.iter().any(|source| source.has(asked)))
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Where an event's rules are looked for.
    pub(super) fn route(&self, event: &Event) -> Route {
        let dataset = event.fields.text("event.dataset").unwrap_or_default();
        if dataset == "windows.event" {
            return self.windows(event);
        }
        let known = self.datasets.iter().find(|(prefix, _)| dataset.starts_with(prefix.as_str()));
        known.map_or(Route::Unknown, |(_, row)| Route::Row(*row))
    }

    fn windows(&self, event: &Event) -> Route {
        let code = event.fields.integer("event.code");
        let channel = event.fields.text("winlog.channel").unwrap_or_default().to_ascii_lowercase();
        if channel.starts_with("linux-sysmon") {
            let row = self.linux_sysmon.get(&code).or_else(|| self.linux_sysmon.get(&None));
            return row.map_or(Route::Unknown, |row| Route::Row(*row));
        }
        let find = |table: &'_ [(String, String)], name: &str| {
            table.iter().find(|(prefix, _)| name.starts_with(prefix.as_str())).map(|(_, service)| service.clone())
        };
        let service = if channel.is_empty() {
            let provider = event.fields.text("event.provider").unwrap_or_default().to_ascii_lowercase();
            match find(&self.providers, &provider) {
                Some(service) => Some(service),
                // Neither channel nor provider: the record may be of any.
                None => return Route::Unknown,
            }
        } else {
            find(&self.channels, &channel)
        };
        let rows = service.and_then(|service| self.windows.get(&service));
        let row = rows.and_then(|rows| rows.get(&code).or_else(|| rows.get(&None)));
        Route::Row(row.copied().unwrap_or(self.other_windows))
    }
}

/// `category/product/service`.
fn source(text: &str) -> Result<Source, String> {
    match text.split('/').collect::<Vec<_>>()[..] {
        [category, product, service] => Ok(Source::new(category, product, service)),
        _ => Err(format!("{text} is not category/product/service")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::of;

    fn has(router: &Router, source: &str, text: &str, asked: [&str; 3]) -> bool {
        let asked = Source::new(asked[0], asked[1], asked[2]);
        match router.route(&of(source, text)) {
            Route::Row(row) => router.row_has(row, &asked),
            Route::Unknown => panic!("{text} has no route"),
        }
    }

    #[test]
    fn the_tables_are_understood() {
        let router = Router::built_in().expect("tables");
        assert!(router.rows() > 150, "{} rows", router.rows());
    }

    #[test]
    fn windows_events_by_channel_and_id() {
        let router = Router::built_in().expect("tables");
        let sysmon = r#"{"EventID":13,"Channel":"Microsoft-Windows-Sysmon/Operational"}"#;
        assert!(has(&router, "json", sysmon, ["registry_event", "windows", ""]));
        assert!(has(&router, "json", sysmon, ["registry_set", "windows", ""]));
        assert!(has(&router, "json", sysmon, ["", "windows", "sysmon"]));
        assert!(!has(&router, "json", sysmon, ["registry_add", "windows", ""]));
        assert!(!has(&router, "json", sysmon, ["process_creation", "windows", ""]));
        let security = r#"{"EventID":4688,"Channel":"Security"}"#;
        assert!(has(&router, "json", security, ["process_creation", "windows", ""]));
        assert!(has(&router, "json", security, ["", "windows", "security"]));
        assert!(!has(&router, "json", security, ["process_creation", "linux", ""]));
        let core = r#"{"EventID":4104,"Channel":"PowerShellCore/Operational"}"#;
        assert!(has(&router, "json", core, ["ps_script", "windows", ""]));
        let unknown = r#"{"EventID":7,"Channel":"Vendor/Thing"}"#;
        assert!(has(&router, "json", unknown, ["", "windows", ""]));
        assert!(!has(&router, "json", unknown, ["", "windows", "system"]));
        let linux = r#"{"EventID":1,"Channel":"Linux-Sysmon/Operational"}"#;
        assert!(has(&router, "json", linux, ["process_creation", "linux", ""]));
    }

    #[test]
    fn other_records_by_data_set() {
        let router = Router::built_in().expect("tables");
        let access = r#"192.0.2.1 - - [22/Nov/2026:20:00:00 +0800] "GET / HTTP/1.1" 200 5"#;
        assert!(has(&router, "web_access", access, ["webserver", "", ""]));
        assert!(has(&router, "web_access", access, ["webserver", "nginx", ""]));
        assert!(!has(&router, "web_access", access, ["proxy", "", ""]));
        let audit = "type=EXECVE msg=audit(1364481363.243:24287): argc=1 a0=\"ls\"";
        assert!(has(&router, "auditd", audit, ["", "linux", "auditd"]));
        assert!(has(&router, "auditd", audit, ["process_creation", "linux", ""]));
        let none = r#"{"CommandLine":"whoami"}"#;
        assert_eq!(router.route(&of("json", none)), Route::Unknown);
    }
}
