//! Classes of rules: short name, text, priority. Names and priorities are those rule sets of the field use.

/// A class of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classification {
    /// Short name, the value of `classtype`.
    pub name: &'static str,
    /// Text, what EVE calls `category`.
    pub text: &'static str,
    /// 1 is the highest.
    pub priority: u8,
}

const fn class(name: &'static str, text: &'static str, priority: u8) -> Classification {
    Classification { name, text, priority }
}

/// Every class.
pub const CLASSIFICATIONS: &[Classification] = &[
    class("not-suspicious", "Not Suspicious Traffic", 3),
    class("unknown", "Unknown Traffic", 3),
    class("bad-unknown", "Potentially Bad Traffic", 2),
    class("attempted-recon", "Attempted Information Leak", 2),
    class("successful-recon-limited", "Information Leak", 2),
    class("successful-recon-largescale", "Large Scale Information Leak", 2),
    class("attempted-dos", "Attempted Denial of Service", 2),
    class("successful-dos", "Denial of Service", 2),
    class("attempted-user", "Attempted User Privilege Gain", 1),
    class("unsuccessful-user", "Unsuccessful User Privilege Gain", 1),
    class("successful-user", "Successful User Privilege Gain", 1),
    class("attempted-admin", "Attempted Administrator Privilege Gain", 1),
    class("successful-admin", "Successful Administrator Privilege Gain", 1),
    class("rpc-portmap-decode", "Decode of an RPC Query", 2),
    class("shellcode-detect", "Executable code was detected", 1),
    class("string-detect", "A suspicious string was detected", 3),
    class("suspicious-filename-detect", "A suspicious filename was detected", 2),
    class("suspicious-login", "An attempted login using a suspicious username was detected", 2),
    class("system-call-detect", "A system call was detected", 2),
    class("tcp-connection", "A TCP connection was detected", 4),
    class("trojan-activity", "A Network Trojan was detected", 1),
    class("unusual-client-port-connection", "A client was using an unusual port", 2),
    class("network-scan", "Detection of a Network Scan", 3),
    class("denial-of-service", "Detection of a Denial of Service Attack", 2),
    class("non-standard-protocol", "Detection of a non-standard protocol or event", 2),
    class("protocol-command-decode", "Generic Protocol Command Decode", 3),
    class("web-application-activity", "access to a potentially vulnerable web application", 2),
    class("web-application-attack", "Web Application Attack", 1),
    class("misc-activity", "Misc activity", 3),
    class("misc-attack", "Misc Attack", 2),
    class("icmp-event", "Generic ICMP event", 3),
    class("inappropriate-content", "Inappropriate Content was Detected", 1),
    class("policy-violation", "Potential Corporate Privacy Violation", 1),
    class("default-login-attempt", "Attempt to login by a default username and password", 2),
    class("targeted-activity", "Targeted Malicious Activity was Detected", 1),
    class("exploit-kit", "Exploit Kit Activity Detected", 1),
    class("external-ip-check", "Device Retrieving External IP Address Detected", 2),
    class("domain-c2", "Domain Observed Used for C2 Detected", 1),
    class("pup-activity", "Possibly Unwanted Program Detected", 2),
    class("credential-theft", "Successful Credential Theft Detected", 1),
    class("social-engineering", "Possible Social Engineering Attempted", 2),
    class("coin-mining", "Crypto Currency Mining Activity Detected", 2),
    class("command-and-control", "Malware Command and Control Activity Detected", 1),
    class("sdf", "Sensitive Data was Transmitted Across the Network", 2),
    class("file-format", "Known malicious file or file based exploit", 1),
    class("malware-cnc", "Known malware command and control traffic", 1),
    class("client-side-exploit", "Known client side exploit attempt", 1),
];

/// A class of a classification.config: short name, text, priority.
pub(crate) type Class = (String, String, u8);

/// Reads a classification.config: `config classification: name,text,priority` a line.
pub(crate) fn read(text: &[u8]) -> Vec<Class> {
    let lines = text.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let class = |line: &str| {
        let rest = line.trim().strip_prefix("config classification:")?;
        let mut fields = rest.splitn(3, ',').map(str::trim);
        let (name, text, priority) = (fields.next()?, fields.next()?, fields.next()?.parse().ok()?);
        Some((name.to_owned(), text.to_owned(), priority))
    };
    lines.filter_map(class).collect()
}

/// The class of a short name.
pub(crate) fn find(name: &str) -> Option<&'static Classification> {
    CLASSIFICATIONS.iter().find(|class| class.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_priorities_are_in_range() {
        for (index, class) in CLASSIFICATIONS.iter().enumerate() {
            assert!(CLASSIFICATIONS[..index].iter().all(|other| other.name != class.name), "{}", class.name);
            assert!((1..=4).contains(&class.priority));
        }
    }
}
