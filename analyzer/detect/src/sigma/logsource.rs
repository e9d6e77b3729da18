//! Which log sources of Sigma an event belongs to, so that only rules written for it are tried.

use fengsui_schema::Event;
use rsigma_parser::LogSource;
use serde_json::Value;

/// Where an event's rules are looked for.
pub(super) enum Route {
    /// Rules whose whole log source is among these.
    Known(Vec<LogSource>),
    /// The record does not tell: every rule is tried.
    Unknown,
}

/// Category, product and service; an empty word is none.
type Row = (&'static str, &'static str, &'static str);

/// Prefix of the data set and the log sources it stands for. The first prefix that fits counts.
const DATASETS: &[(&str, &[Row])] = &[
    ("fengsui.http", &[("webserver", "fengsui", "http"), ("proxy", "fengsui", "http"), ("network", "zeek", "http")]),
    ("zeek.http", &[("webserver", "zeek", "http"), ("proxy", "zeek", "http"), ("network", "zeek", "http")]),
    (
        "web.access",
        &[("webserver", "apache", "apache"), ("webserver", "nginx", "nginx"), ("webserver", "fengsui", "http")],
    ),
    ("syslog.nginx", &[("webserver", "nginx", "nginx"), ("webserver", "fengsui", "http")]),
    ("syslog.httpd", &[("webserver", "apache", "apache"), ("webserver", "fengsui", "http")]),
    ("syslog.apache2", &[("webserver", "apache", "apache"), ("webserver", "fengsui", "http")]),
    ("fengsui.dns", &[("dns", "fengsui", "dns"), ("network", "zeek", "dns")]),
    ("zeek.dns", &[("dns", "zeek", "dns"), ("network", "zeek", "dns")]),
    ("fengsui.flow", &[("firewall", "fengsui", "connection"), ("network", "fengsui", "connection")]),
    ("zeek.conn", &[("firewall", "zeek", "conn"), ("network", "zeek", "connection")]),
    ("fengsui.tls", &[("network", "fengsui", "tls")]),
    ("fengsui.ssh", &[("network", "fengsui", "ssh")]),
    ("fengsui.smtp", &[("network", "fengsui", "smtp")]),
    ("fengsui.fileinfo", &[("network", "fengsui", "fileinfo")]),
    ("fengsui.anomaly", &[("network", "fengsui", "anomaly")]),
    ("fengsui.alert", &[("network", "fengsui", "alert")]),
    ("fengsui.dlp", &[("data", "fengsui", "dlp")]),
    ("zeek.", &[("network", "zeek", "")]),
    ("syslog.sshd", &[("", "linux", "sshd"), ("", "linux", "auth"), ("authentication", "linux", "sshd")]),
    ("syslog.sudo", &[("", "linux", "sudo"), ("", "linux", "auth"), ("process_creation", "linux", "sudo")]),
    ("syslog.su", &[("", "linux", "auth")]),
    ("syslog.cron", &[("", "linux", "cron"), ("", "linux", "syslog")]),
    ("syslog.kernel", &[("firewall", "linux", "iptables"), ("", "linux", "syslog")]),
    ("syslog.", &[("", "linux", "syslog"), ("", "linux", "auth")]),
    ("auditd.", &[("", "linux", "auditd"), ("process_creation", "linux", "auditd")]),
    ("cef.", &[("firewall", "cef", ""), ("antivirus", "cef", "")]),
    ("leef.", &[("firewall", "leef", ""), ("antivirus", "leef", "")]),
    ("external.", &[("alert", "external", "")]),
];

/// Part of a Windows channel's name (lower case) and Sigma's service.
const CHANNELS: &[(&str, &str)] = &[
    ("microsoft-windows-sysmon", "sysmon"),
    ("microsoft-windows-powershell/", "powershell"),
    ("windows powershell", "powershell-classic"),
    ("microsoft-windows-windows defender", "windefend"),
    ("microsoft-windows-taskscheduler", "taskscheduler"),
    ("microsoft-windows-wmi-activity", "wmi"),
    ("microsoft-windows-bits-client", "bits-client"),
    ("microsoft-windows-ntlm", "ntlm"),
    ("microsoft-windows-windows firewall", "firewall-as"),
    ("microsoft-windows-terminalservices-localsessionmanager", "terminalservices-localsessionmanager"),
    ("microsoft-windows-codeintegrity", "codeintegrity-operational"),
    ("microsoft-windows-smbclient/security", "smbclient-security"),
    ("microsoft-windows-printservice/admin", "printservice-admin"),
    ("microsoft-windows-printservice/operational", "printservice-operational"),
    ("microsoft-windows-dns-client", "dns-client"),
    ("microsoft-windows-ldap-client", "ldap"),
    ("microsoft-windows-appxdeployment-server", "appxdeployment-server"),
    ("microsoft-windows-applocker", "applocker"),
    ("dns server", "dns-server"),
    ("security", "security"),
    ("system", "system"),
    ("application", "application"),
];

/// Service, event id and Sigma's categories.
const EVENTS: &[(&str, i64, &[&str])] = &[
    ("sysmon", 1, &["process_creation"]),
    ("sysmon", 2, &["file_change"]),
    ("sysmon", 3, &["network_connection"]),
    ("sysmon", 4, &["sysmon_status"]),
    ("sysmon", 5, &["process_termination"]),
    ("sysmon", 6, &["driver_load"]),
    ("sysmon", 7, &["image_load"]),
    ("sysmon", 8, &["create_remote_thread"]),
    ("sysmon", 9, &["raw_access_thread"]),
    ("sysmon", 10, &["process_access"]),
    ("sysmon", 11, &["file_event"]),
    ("sysmon", 12, &["registry_event", "registry_add", "registry_delete"]),
    ("sysmon", 13, &["registry_event", "registry_set"]),
    ("sysmon", 14, &["registry_event", "registry_rename"]),
    ("sysmon", 15, &["create_stream_hash"]),
    ("sysmon", 16, &["sysmon_status"]),
    ("sysmon", 17, &["pipe_created"]),
    ("sysmon", 18, &["pipe_created"]),
    ("sysmon", 19, &["wmi_event"]),
    ("sysmon", 20, &["wmi_event"]),
    ("sysmon", 21, &["wmi_event"]),
    ("sysmon", 22, &["dns_query"]),
    ("sysmon", 23, &["file_delete"]),
    ("sysmon", 25, &["process_tampering"]),
    ("sysmon", 26, &["file_delete"]),
    ("sysmon", 27, &["file_block_executable"]),
    ("sysmon", 29, &["file_executable_detected"]),
    ("sysmon", 255, &["sysmon_error"]),
    ("security", 4688, &["process_creation"]),
    ("security", 4657, &["registry_event", "registry_set"]),
    ("powershell", 4103, &["ps_module"]),
    ("powershell", 4104, &["ps_script"]),
    ("powershell-classic", 400, &["ps_classic_start"]),
    ("powershell-classic", 600, &["ps_classic_provider_start"]),
    ("powershell-classic", 800, &["ps_classic_script"]),
];

/// Where an event's rules are looked for.
pub(super) fn route(event: &Event) -> Route {
    let dataset = event.fields.text("event.dataset").unwrap_or_default();
    if dataset == "windows.event" {
        return windows(event);
    }
    if let Some((_, rows)) = DATASETS.iter().find(|(prefix, _)| dataset.starts_with(prefix)) {
        return Route::Known(
            rows.iter().map(|(category, product, service)| logsource(category, product, service)).collect(),
        );
    }
    cloud(event)
}

fn windows(event: &Event) -> Route {
    let channel = event.fields.text("winlog.channel").unwrap_or_default().to_ascii_lowercase();
    let Some((_, service)) = CHANNELS.iter().find(|(part, _)| channel.starts_with(part)) else {
        return Route::Known(vec![logsource("", "windows", "")]);
    };
    let code = event.fields.integer("event.code").unwrap_or(-1);
    let categories = EVENTS
        .iter()
        .find(|(name, id, _)| name == service && *id == code)
        .map_or(&[""][..], |(_, _, categories)| categories);
    Route::Known(categories.iter().map(|category| logsource(category, "windows", service)).collect())
}

/// Audit records of clouds and Kubernetes, told by the names only they use.
fn cloud(event: &Event) -> Route {
    let original = &event.original;
    let text = |name: &str| original.get(name).and_then(Value::as_str);
    if text("eventSource").is_some_and(|source| source.ends_with(".amazonaws.com")) {
        return Route::Known(vec![logsource("", "aws", "cloudtrail")]);
    }
    if original.get("auditID").is_some() && original.get("verb").is_some() {
        return Route::Known(vec![logsource("application", "kubernetes", "audit")]);
    }
    Route::Unknown
}

fn logsource(category: &str, product: &str, service: &str) -> LogSource {
    let word = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    LogSource { category: word(category), product: word(product), service: word(service), ..LogSource::default() }
}
