//! Options and suricata.yaml to settings.

use std::path::{Path, PathBuf};

use fengsui_files::Digest;
use fengsui_protocols::{OverlapPolicy, UrgentPolicy};
use yaml_serde::Value;

use super::options::{Checksums, OfflineOptions};
use super::selection;
use super::yaml::{Yaml, find, flag_of, text_of};
use crate::SensorError;
use crate::settings::{EncryptedPolicy, ExceptionPolicy, HostPolicy, SensorSettings};

/// What the options come to.
pub(super) struct Configuration {
    pub(super) settings: SensorSettings,
    /// What `iprep`, `dataset`, `threshold.config` and the like name.
    pub(super) yaml: Yaml,
}

/// Applies a suricata.yaml, then `--set`, then the other options to the settings.
pub(super) fn configure(options: &OfflineOptions) -> Result<Configuration, SensorError> {
    let mut settings = options.settings.clone().unwrap_or_default();
    let mut yaml = match &options.suricata_yaml {
        Some(path) => Yaml::read(path)?,
        None => Yaml::default(),
    };
    for (path, value) in &options.set {
        yaml.set(path, value);
    }
    settings.eve.packet_number = true;
    settings.eve.alert.verdict = options.simulate_ips;
    if options.older_dns_records {
        settings.app.dns.version = 2;
    }
    selection::apply(&yaml, &mut settings.eve, &mut settings.app);
    // What a suricata.yaml does not ask for is not computed for it.
    if options.suricata_yaml.is_some() {
        settings.file_digests.clear();
    }
    for (word, digest) in [("md5", Digest::Md5), ("sha1", Digest::Sha1), ("sha256", Digest::Sha256)] {
        if settings.eve.digests.iter().any(|name| name == word) {
            settings.file_digests.push(digest);
        }
    }
    if let Some(name) = &mut settings.eve.capture_name {
        *name = options.pcap.display().to_string();
    }
    if options.simulate_ips && settings.eve.only.is_none() {
        settings.eve.without.retain(|name| name != "drop");
    }
    variables(&yaml, &mut settings);
    decoding(&yaml, &mut settings);
    stream(&yaml, &mut settings);
    flow_timeouts(&yaml, options.suricata_yaml.is_some(), &mut settings);
    rate_tracking(&yaml, &mut settings);
    if yaml.flag("vlan.use-for-tracking") == Some(false) {
        settings.flow.by_vlan = false;
    }
    if let Some(name) = yaml.text("sensor-name") {
        settings.eve.sensor_name = Some(name);
    }
    let mut logs = yaml.list("outputs").iter().filter_map(|output| find(output, "eve-log"));
    if let Some(seed) = logs.find_map(|log| find(log, "community-id-seed").and_then(text_of)) {
        settings.flow.community_id_seed = seed.trim().parse().unwrap_or(0);
    }
    settings.stream.inline |= options.simulate_ips && yaml.flag("stream.inline") != Some(false);
    settings.midstream_policy = midstream_policy(&yaml, settings.stream.midstream, options.simulate_ips);
    applications(&yaml, &mut settings);
    detection(&yaml, &mut settings);
    file_store(&yaml, &options.output_directory, &mut settings);
    rule_files(&yaml, options.suricata_yaml.as_deref(), &mut settings);
    if options.workers > 0 {
        settings.workers = options.workers;
    }
    match options.checksums {
        Some(Checksums::None) => settings.decode.verify_checksums = false,
        Some(Checksums::All) => settings.decode.verify_checksums = true,
        None => {}
    }
    Ok(Configuration { settings, yaml })
}

fn variables(yaml: &Yaml, settings: &mut SensorSettings) {
    for (group, target) in [
        ("vars.address-groups", &mut settings.variables.address_groups),
        ("vars.port-groups", &mut settings.variables.port_groups),
    ] {
        for (name, value) in yaml.entries(group) {
            if let Some(value) = text_of(value) {
                target.insert(name, value);
            }
        }
    }
}

fn decoding(yaml: &Yaml, settings: &mut SensorSettings) {
    for (name, ports) in [
        ("vxlan", &mut settings.decode.vxlan_ports),
        ("geneve", &mut settings.decode.geneve_ports),
        ("teredo", &mut settings.decode.teredo_ports),
    ] {
        if yaml.flag(&format!("decoder.{name}.enabled")) == Some(false) {
            ports.clear();
        }
        let listed: Vec<u16> = ports_of(yaml, &format!("decoder.{name}.ports"));
        if !listed.is_empty() {
            *ports = listed;
        }
    }
    for key in ["pcap-file.checksum-checks", "stream.checksum-validation"] {
        if let Some(verify) = yaml.flag(key) {
            settings.decode.verify_checksums = verify;
        }
    }
}

/// A list of ports: `80`, `[80, 8080]`, `"80,8080"`, ranges of up to 1,024 ports.
fn ports_of(yaml: &Yaml, path: &str) -> Vec<u16> {
    let texts: Vec<String> = match yaml.get(path) {
        Some(Value::Sequence(list)) => list.iter().filter_map(text_of).collect(),
        Some(value) => text_of(value).into_iter().collect(),
        None => Vec::new(),
    };
    texts.iter().flat_map(|text| text.split([',', ' ', '[', ']'])).flat_map(port_range).collect()
}

fn port_range(text: &str) -> Vec<u16> {
    let (low, high) = text.split_once([':', '-']).unwrap_or((text, text));
    match (low.trim().parse::<u16>(), high.trim().parse::<u16>()) {
        (Ok(low), Ok(high)) => (low..=high).take(1024).collect(),
        _ => Vec::new(),
    }
}

fn stream(yaml: &Yaml, settings: &mut SensorSettings) {
    let stream = &mut settings.stream;
    stream.inline = yaml.flag("stream.inline").unwrap_or(stream.inline);
    let flags = [
        ("stream.midstream", &mut stream.midstream),
        ("stream.async-oneside", &mut stream.async_oneside),
        ("stream.checksum-validation", &mut stream.drop_bad_checksums),
    ];
    for (path, target) in flags {
        if let Some(flag) = yaml.flag(path) {
            *target = flag;
        }
    }
    if let Some(depth) = yaml.size("stream.reassembly.depth") {
        stream.depth_bytes = depth;
    }
    if let Some(queued) = yaml.size("stream.max-synack-queued") {
        stream.max_synack_queued = u8::try_from(queued).unwrap_or(u8::MAX);
    }
    host_policies(yaml, settings);
    let stream = &mut settings.stream;
    match yaml.text("stream.reassembly.urgent.policy").as_deref() {
        Some("oob") => stream.urgent = UrgentPolicy::Oob,
        Some("inline") => stream.urgent = UrgentPolicy::Inline,
        Some("drop") => stream.urgent = UrgentPolicy::Drop,
        Some("gap") => stream.urgent = UrgentPolicy::Gap,
        _ => {}
    }
}

/// `host-os-policy: {windows: [10.1.0.0/16], linux: […]}`; systems of old stand for those they became.
fn host_policies(yaml: &Yaml, settings: &mut SensorSettings) {
    for (system, value) in yaml.entries("host-os-policy") {
        let policy = match system.as_str() {
            "bsd" | "macos" | "irix" => OverlapPolicy::Bsd,
            "bsd-right" | "hpux10" => OverlapPolicy::BsdRight,
            "linux" | "old-linux" => OverlapPolicy::Linux,
            "windows" | "vista" | "windows2k3" => OverlapPolicy::Windows,
            "solaris" | "old-solaris" => OverlapPolicy::Solaris,
            "first" | "hpux11" => OverlapPolicy::First,
            "last" => OverlapPolicy::Last,
            _ => continue,
        };
        let texts: Vec<String> = match value {
            Value::Sequence(list) => list.iter().filter_map(text_of).collect(),
            value => text_of(value).into_iter().collect(),
        };
        settings.host_policies.push(HostPolicy { networks: texts, policy });
    }
}

/// A suricata.yaml that says nothing of timeouts means those that are built into Suricata, which are shorter than those
/// of the file it comes with.
fn flow_timeouts(yaml: &Yaml, is_file: bool, settings: &mut SensorSettings) {
    let flow = &mut settings.flow;
    if is_file && yaml.get("flow-timeouts").is_none() {
        (flow.tcp_new_seconds, flow.tcp_established_seconds, flow.tcp_closed_seconds) = (30, 300, 10);
    }
    for (path, target) in [
        ("tcp.new", &mut flow.tcp_new_seconds),
        ("tcp.established", &mut flow.tcp_established_seconds),
        ("tcp.closed", &mut flow.tcp_closed_seconds),
        ("udp.new", &mut flow.other_new_seconds),
        ("udp.established", &mut flow.other_established_seconds),
    ] {
        if let Some(seconds) = yaml.size(&format!("flow-timeouts.{path}")) {
            *target = u32::try_from(seconds).unwrap_or(u32::MAX);
        }
    }
}

/// What makes a flow an elephant.
fn rate_tracking(yaml: &Yaml, settings: &mut SensorSettings) {
    let flow = &mut settings.flow;
    flow.elephant_bytes = yaml.size("flow.rate-tracking.bytes").unwrap_or(flow.elephant_bytes);
    if let Some(seconds) = yaml.size("flow.rate-tracking.interval") {
        flow.elephant_seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
    }
}

/// A policy of its own wins over that for all; `auto` blocks in front of a network unless such flows are followed.
fn midstream_policy(yaml: &Yaml, midstream: bool, inline: bool) -> ExceptionPolicy {
    let word = yaml.text("stream.midstream-policy").or_else(|| yaml.text("exception-policy"));
    match word.as_deref() {
        None | Some("auto") if inline && !midstream => ExceptionPolicy::DropFlow,
        Some(word) => ExceptionPolicy::from_word(word).unwrap_or_default(),
        None => ExceptionPolicy::Ignore,
    }
}

fn applications(yaml: &Yaml, settings: &mut SensorSettings) {
    for (name, value) in yaml.entries("app-layer.protocols") {
        let enabled = value.get("enabled").and_then(text_of);
        if enabled.as_deref() == Some("no") {
            settings.app.disabled.push(name.clone());
        }
        if enabled.as_deref() == Some("detection-only") {
            settings.app.detection_only.push(name.clone());
        }
        for carrier in ["tcp", "udp"] {
            if yaml.flag(&format!("app-layer.protocols.{name}.{carrier}.enabled")) == Some(false) {
                settings.app.disabled.push(format!("{name}/{carrier}"));
            }
        }
        let mut ports = Vec::new();
        for carrier in ["", "tcp.", "udp."] {
            let path = format!("app-layer.protocols.{name}.{carrier}detection-ports.dp");
            ports.extend(ports_of(yaml, &path));
        }
        if !ports.is_empty() {
            settings.app.ports.entry(name).or_default().extend(ports);
        }
    }
    for (name, target) in [("tls", &mut settings.encrypted), ("ssh", &mut settings.encrypted_ssh)] {
        *target = match yaml.text(&format!("app-layer.protocols.{name}.encryption-handling")).as_deref() {
            Some("bypass") => EncryptedPolicy::Bypass,
            Some("full") => EncryptedPolicy::Full,
            _ => EncryptedPolicy::Default,
        };
    }
    http(yaml, settings);
    let protocol = |path: &str| format!("app-layer.protocols.{path}");
    if let Some(limit) = yaml.size(&protocol("ftp.max-line-length")) {
        settings.app.ftp.max_line_bytes = usize::try_from(limit).unwrap_or(usize::MAX);
    }
    if let Some(limit) = yaml.size(&protocol("mqtt.max-msg-length")) {
        settings.app.mqtt.max_message_bytes = usize::try_from(limit).unwrap_or(usize::MAX);
    }
}

fn http(yaml: &Yaml, settings: &mut SensorSettings) {
    const LIBHTP: &str = "app-layer.protocols.http.libhtp.default-config";
    let http = &mut settings.app.http;
    for (key, target) in
        [("request-body-limit", &mut http.request_body_limit), ("response-body-limit", &mut http.response_body_limit)]
    {
        if let Some(limit) = yaml.size(&format!("{LIBHTP}.{key}")) {
            *target = usize::try_from(limit).unwrap_or(usize::MAX);
        }
    }
    for (key, target) in [
        ("double-decode-path", &mut http.double_decode_path),
        ("double-decode-query", &mut http.double_decode_query),
        ("query-plusspace-decode", &mut http.plus_to_space),
    ] {
        if let Some(flag) = yaml.flag(&format!("{LIBHTP}.{key}")) {
            *target = flag;
        }
    }
}

fn detection(yaml: &Yaml, settings: &mut SensorSettings) {
    if let Some(count) = yaml.size("packet-alert-max") {
        settings.eve.alert.max_per_packet = usize::try_from(count).unwrap_or(usize::MAX).clamp(1, 1 << 16);
    }
    if let Some(flag) = yaml.flag("detect.guess-applayer-tx") {
        settings.eve.guess_transaction = flag;
    }
    if yaml.flag("stats.enabled") == Some(false) {
        settings.eve.statistics = false;
    }
}

/// The output `file-store` in its second version; its folder is taken from the output folder.
fn file_store(yaml: &Yaml, folder: &Path, settings: &mut SensorSettings) {
    let stores = yaml.list("outputs").iter().filter_map(|output| find(output, "file-store"));
    for store in stores {
        let text = |path: &str| find(store, path).and_then(text_of);
        let flag = |path: &str| text(path).and_then(|text| flag_of(&text)).unwrap_or(false);
        if flag("enabled") {
            settings.file_store.directory = Some(folder.join(text("dir").unwrap_or_else(|| "filestore".to_owned())));
            settings.file_store.all |= flag("force-filestore");
            settings.file_store.describe |= flag("write-fileinfo");
        }
    }
}

/// `rule-files` below `default-rule-path`, which is taken from the folder of the suricata.yaml.
fn rule_files(yaml: &Yaml, file: Option<&Path>, settings: &mut SensorSettings) {
    let folder = file.and_then(Path::parent).unwrap_or(Path::new(".")).to_owned();
    let base = yaml.text("default-rule-path").map_or(folder.clone(), |path| folder.join(path));
    let listed: Vec<PathBuf> = yaml
        .list("rule-files")
        .iter()
        .filter_map(text_of)
        .map(|name| base.join(name))
        .filter(|path| path.exists())
        .collect();
    if !listed.is_empty() {
        settings.rules = listed;
    }
}
