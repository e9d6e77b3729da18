//! Sigma's field names and the normalised fields that hold their values.

/// Sigma's name and our fields, in the order they are tried. Sorted by name.
/// Sources: Sigma taxonomy 2.1 (web server, proxy, DNS, firewall and Sysmon names), Elastic Common Schema 9.
const NAMES: &[(&str, &[&str])] = &[
    ("CommandLine", &["process.command_line"]),
    ("Computer", &["host.name"]),
    ("ComputerName", &["host.name"]),
    ("DestinationHostname", &["destination.domain", "url.domain"]),
    ("DestinationIp", &["destination.ip"]),
    ("DestinationPort", &["destination.port"]),
    ("EventID", &["event.code", "winlog.event_id"]),
    ("Image", &["process.executable"]),
    ("Initiated", &["network.initiated"]),
    ("IpAddress", &["source.ip"]),
    ("NewProcessName", &["process.executable"]),
    ("ParentCommandLine", &["process.parent.command_line"]),
    ("ParentImage", &["process.parent.executable"]),
    ("QueryName", &["dns.question.name"]),
    ("SourceIp", &["source.ip"]),
    ("SourcePort", &["source.port"]),
    ("TargetFilename", &["file.path", "file.name"]),
    ("TargetUserName", &["user.name"]),
    ("User", &["user.name"]),
    ("action", &["event.action"]),
    ("answer", &["dns.resolved_ip"]),
    ("blocked", &["event.outcome"]),
    ("c-ip", &["source.ip"]),
    ("c-uri", &["url.original"]),
    ("c-uri-extension", &["url.extension"]),
    ("c-uri-path", &["url.path"]),
    ("c-uri-query", &["url.query"]),
    ("c-uri-stem", &["url.path"]),
    ("c-useragent", &["user_agent.original"]),
    ("cs-bytes", &["source.bytes"]),
    ("cs-cookie", &["http.request.cookie"]),
    ("cs-host", &["url.domain"]),
    ("cs-method", &["http.request.method"]),
    ("cs-referer", &["http.request.referrer"]),
    ("cs-referrer", &["http.request.referrer"]),
    ("cs-uri", &["url.original"]),
    ("cs-uri-query", &["url.query"]),
    ("cs-uri-stem", &["url.path"]),
    ("cs-user-agent", &["user_agent.original"]),
    ("cs-username", &["user.name"]),
    ("dest_domain", &["url.domain", "dns.question.name", "tls.client.server_name"]),
    ("dest_ip", &["destination.ip"]),
    ("dest_port", &["destination.port"]),
    ("destination.domain", &["url.domain", "tls.client.server_name"]),
    ("dst_ip", &["destination.ip"]),
    ("dst_port", &["destination.port"]),
    ("filename", &["file.name"]),
    ("hostname", &["host.name"]),
    ("id.orig_h", &["source.ip"]),
    ("id.orig_p", &["source.port"]),
    ("id.resp_h", &["destination.ip"]),
    ("id.resp_p", &["destination.port"]),
    ("md5", &["file.hash.md5"]),
    ("parent_domain", &["dns.question.registered_domain"]),
    ("protocol", &["network.transport", "network.protocol"]),
    ("qtype_name", &["dns.question.type"]),
    ("query", &["dns.question.name"]),
    ("rcode_name", &["dns.response_code"]),
    ("record_type", &["dns.question.type"]),
    ("response", &["dns.resolved_ip"]),
    ("sc-bytes", &["destination.bytes", "http.response.body.bytes"]),
    ("sc-status", &["http.response.status_code"]),
    ("sha1", &["file.hash.sha1"]),
    ("sha256", &["file.hash.sha256"]),
    ("src_ip", &["source.ip"]),
    ("src_port", &["source.port"]),
    ("url", &["url.original"]),
    ("user_agent", &["user_agent.original"]),
    ("username", &["user.name"]),
];

/// The fields that may hold the value of a Sigma name.
pub(super) fn fields(name: &str) -> &'static [&'static str] {
    NAMES.binary_search_by(|(known, _)| (*known).cmp(name)).map_or(&[], |index| NAMES[index].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted() {
        assert!(NAMES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(fields("c-uri"), ["url.original"]);
        assert!(fields("none").is_empty());
    }
}
