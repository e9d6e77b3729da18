//! Syslog (RFC 3164, RFC 5424, and the lines rsyslog writes to files), with the programs that matter understood.

use fengsui_schema::{RawRecord, Timestamp};
use serde_json::Value;

use super::{SourceDefinition, cef, firewall, leef, web_access};
use crate::text::{bsd_time, dated_time, line, pairs};
use crate::{Draft, NormalizeError};

const NAME: &str = "syslog";

pub(super) const SOURCE: SourceDefinition = SourceDefinition {
    name: NAME,
    aliases: &[],
    meaning: "syslog of RFC 3164 and RFC 5424; sshd, sudo, iptables, nginx, CEF and LEEF inside are understood",
    resembles,
    parse,
};

fn resembles(bytes: &[u8]) -> bool {
    let text = line(bytes);
    let (priority, rest) = priority(&text);
    let stamped = rest.split(' ').next().is_some_and(|word| word.parse::<Timestamp>().is_ok());
    let versioned = rest.split(' ').nth(1).is_some_and(|word| word.parse::<Timestamp>().is_ok());
    priority.is_some()
        || stamped
        || versioned
        || rest.get(..15).is_some_and(|stamp| bsd_time(stamp, Timestamp::EPOCH).is_some())
}

/// What stands before the message.
#[derive(Default)]
struct Header<'a> {
    time: Option<Timestamp>,
    host: &'a str,
    program: &'a str,
    process: &'a str,
    message: &'a str,
}

fn parse(record: &RawRecord) -> Result<Draft, NormalizeError> {
    let text = line(&record.payload);
    let (priority, rest) = priority(&text);
    let header = rfc5424(rest)
        .or_else(|| iso(rest))
        .or_else(|| dated(rest, record.received))
        .or_else(|| rfc3164(rest, record.received))
        .or_else(|| priority.is_some().then_some(Header { message: rest, ..Header::default() }))
        .ok_or_else(|| {
            NormalizeError::malformed(NAME, format!("{} has neither priority nor time", fengsui_schema::shown(&text)))
        })?;
    let mut draft = Draft::new(dataset(header.program), Value::String(text.clone().into_owned()));
    draft.time = header.time;
    draft.put("host.name", header.host);
    draft.put("process.name", header.program);
    draft.put_number("process.pid", Some(header.process));
    draft.put("message", header.message);
    draft.put("observer.type", "host");
    if let Some(priority) = priority {
        draft.fields.set("log.syslog.facility.code", priority / 8);
        draft.fields.set("log.syslog.severity.code", priority % 8);
    }
    understand(&mut draft, &header, rest);
    Ok(draft)
}

fn dataset(program: &str) -> String {
    let known = [
        "sshd", "sudo", "su", "kernel", "nginx", "httpd", "apache2", "cron", "systemd", "login", "useradd", "usermod",
        "groupadd", "passwd", "clamd", "vsftpd", "named", "guacd",
    ];
    match known.iter().find(|known| program.eq_ignore_ascii_case(known)) {
        Some(program) => format!("syslog.{program}"),
        None => "syslog.other".to_owned(),
    }
}

/// `<34>` and what follows; the number is 0 to 191.
fn priority(text: &str) -> (Option<u8>, &str) {
    let found = text.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    match found.and_then(|(digits, rest)| Some((digits.parse().ok().filter(|number| *number < 192)?, rest))) {
        Some((number, rest)) => (Some(number), rest),
        None => (None, text),
    }
}

/// `1 2026-11-22T12:00:00Z host app 123 ID47 [structured data] message`.
fn rfc5424(text: &str) -> Option<Header<'_>> {
    let mut words = text.splitn(7, ' ');
    let version = words.next()?;
    if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let stamp = words.next()?;
    let time = if stamp == "-" { None } else { Some(stamp.parse().ok()?) };
    let (host, program, process, _id) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let message = after_structured_data(words.next().unwrap_or("-"));
    Some(Header { time, host: host.trim_matches('-'), program: program.trim_matches('-'), process, message })
}

/// The message after `-` or `[id key="value" ...]...`.
fn after_structured_data(text: &str) -> &str {
    if let Some(rest) = text.strip_prefix('-') {
        return rest.trim_start().trim_start_matches('\u{feff}');
    }
    let (mut quoted, mut escaped, mut depth) = (false, false, 0_u32);
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' if !quoted => depth = 1,
            b']' if !quoted => depth = 0,
            b' ' if depth == 0 => return text[index..].trim_start().trim_start_matches('\u{feff}'),
            _ => {}
        }
    }
    if text.starts_with('[') { "" } else { text }
}

/// `2026-11-22T12:00:00+08:00 host app[123]: message`.
fn iso(text: &str) -> Option<Header<'_>> {
    let (stamp, rest) = text.split_once(' ')?;
    let time = stamp.parse().ok()?;
    let (host, rest) = rest.split_once(' ').unwrap_or(("", rest));
    Some(tagged(Some(time), host, rest))
}

/// `Nov 22 2026 12:00:00 host: message` or `Nov 22 12:00:00 2026 host message`.
fn dated(text: &str, received: Timestamp) -> Option<Header<'_>> {
    let (time, rest) = dated_time(text, received)?;
    let rest = rest.trim_start_matches([' ', ':']);
    if rest.starts_with('%') {
        return Some(Header { time: Some(time), message: rest, ..Header::default() });
    }
    let (host, rest) = rest.split_once(' ').unwrap_or(("", rest));
    Some(tagged(Some(time), host.trim_end_matches(':'), rest.trim_start_matches([' ', ':'])))
}

/// `Nov 22 12:00:00 host app[123]: message`.
fn rfc3164(text: &str, received: Timestamp) -> Option<Header<'_>> {
    let (stamp, rest) = text.split_at_checked(15)?;
    let time = bsd_time(stamp, received)?;
    let (host, rest) = rest.trim_start().split_once(' ').unwrap_or(("", rest));
    Some(tagged(Some(time), host, rest))
}

/// Splits `app[123]: message`; a message without a tag stays whole.
fn tagged<'a>(time: Option<Timestamp>, host: &'a str, rest: &'a str) -> Header<'a> {
    let whole = Header { time, host, message: rest, ..Header::default() };
    let Some((tag, message)) = rest.split_once(':') else { return whole };
    if tag.contains(' ') || tag.len() > 128 {
        return whole;
    }
    let (program, process) =
        tag.split_once('[').map_or((tag, ""), |(program, rest)| (program, rest.trim_end_matches(']')));
    let program = program.rsplit('/').next().unwrap_or(program);
    Header { time, host, program, process, message: message.trim_start() }
}

/// Reads what a known program says.
fn understand(draft: &mut Draft, header: &Header<'_>, rest: &str) {
    let (program, message) = (header.program, header.message);
    if let Some(start) = rest.find("CEF:0|").or_else(|| rest.find("CEF:1|")) {
        cef::fill(draft, &rest[start..]);
    } else if let Some(start) = rest.find("LEEF:1.0|").or_else(|| rest.find("LEEF:2.0|")) {
        leef::fill(draft, &rest[start..]);
    } else if firewall::understand(draft, rest) {
    } else if program.starts_with("sshd") {
        sshd(draft, message);
    } else if program == "sudo" {
        sudo(draft, message);
    } else if matches!(program, "nginx" | "httpd" | "apache2" | "apache") {
        web_access::fill(draft, message);
    } else if message.contains(" SRC=") || message.starts_with("SRC=") {
        packet_filter(draft, message);
    } else if message.contains("authentication failure") {
        pam(draft, message);
    } else if let Some((user, rest)) = session(message) {
        draft.put("event.category", "session");
        draft.put("event.action", if rest { "session_opened" } else { "session_closed" });
        draft.put("event.outcome", "success");
        draft.put("user.name", user);
    } else if program.eq_ignore_ascii_case("cron") {
        cron(draft, message);
    } else if matches!(program, "useradd" | "groupadd") && message.starts_with("new ") {
        account(draft, message);
    }
}

/// Whose session PAM opened (true) or closed.
fn session(message: &str) -> Option<(&str, bool)> {
    let (opened, rest) = match message.split_once("session opened for user ") {
        Some((_, rest)) => (true, rest),
        None => (false, message.split_once("session closed for user ")?.1),
    };
    Some((rest.split([' ', '(']).next()?, opened))
}

/// `(root) CMD (/usr/local/bin/backup.sh)`.
fn cron(draft: &mut Draft, message: &str) {
    let Some((user, command)) = message.split_once(" CMD ") else { return };
    draft.put("event.category", "process");
    draft.put("event.action", "scheduled_command");
    draft.put("user.name", user.trim_matches(['(', ')', ' ']));
    let command = command.trim();
    draft.put(
        "process.command_line",
        command.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(command),
    );
}

/// `new user: name=x, UID=0, GID=0, home=/home/x, shell=/bin/bash`.
fn account(draft: &mut Draft, message: &str) {
    draft.put("event.category", "iam");
    draft.put("event.action", if message.starts_with("new user") { "user_created" } else { "group_created" });
    draft.put("event.outcome", "success");
    for part in message.split([',', ':']) {
        match part.trim().split_once('=') {
            Some(("name", name)) => draft.put("user.target.name", name),
            Some(("UID", id)) => draft.put("user.target.id", id),
            _ => {}
        }
    }
}

fn authentication(draft: &mut Draft, action: &'static str, success: bool) {
    draft.put("event.category", "authentication");
    draft.put("event.action", action);
    draft.put("event.outcome", if success { "success" } else { "failure" });
}

/// The messages of OpenSSH's server about logins.
fn sshd(draft: &mut Draft, message: &str) {
    let (success, rest) = if let Some(rest) = message.strip_prefix("Accepted ") {
        (true, rest)
    } else if let Some(rest) = message.strip_prefix("Failed ") {
        (false, rest)
    } else if message.starts_with("Invalid user ") {
        (false, message)
    } else if message.contains("authentication failure") {
        return pam(draft, message);
    } else {
        return;
    };
    authentication(draft, "ssh_login", success);
    draft.put("network.protocol", "ssh");
    let Some((before, after)) = rest.rsplit_once(" from ") else { return };
    let user = before.rsplit_once("user ").or_else(|| before.split_once(" for ")).map(|(_, user)| user);
    draft.put_some("user.name", user);
    if before.contains("nvalid user") {
        draft.put("event.reason", "unknown_user");
    }
    if let Some(method) = rest.split(' ').next().filter(|_| !message.starts_with("Invalid")) {
        draft.put("authentication.method", method);
    }
    let mut words = after.split(' ');
    draft.put_address("source.ip", words.next());
    draft.put_number("source.port", words.nth(1));
}

/// `root : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls`.
fn sudo(draft: &mut Draft, message: &str) {
    let Some((user, rest)) = message.split_once(" : ") else { return };
    draft.put("event.category", "process");
    draft.put("event.action", "sudo");
    draft.put("user.name", user.trim());
    if rest.contains("incorrect password") || rest.contains("NOT in sudoers") {
        authentication(draft, "sudo", false);
    }
    for part in rest.split(" ; ") {
        match part.trim().split_once('=') {
            Some(("COMMAND", command)) => {
                draft.put("process.command_line", command);
                draft.put_some("process.executable", command.split(' ').next());
            }
            Some(("USER", target)) => draft.put("user.target.name", target),
            Some(("PWD", folder)) => draft.put("process.working_directory", folder),
            _ => {}
        }
    }
}

/// The line of netfilter's LOG target.
fn packet_filter(draft: &mut Draft, message: &str) {
    draft.put("event.category", "network");
    draft.put("event.action", "packet_logged");
    let prefix = message.split("IN=").next().unwrap_or_default().trim();
    draft.put("rule.name", prefix);
    let upper = prefix.to_ascii_uppercase();
    if ["DROP", "DENY", "BLOCK", "REJECT"].iter().any(|word| upper.contains(word)) {
        draft.put("event.outcome", "failure");
    }
    for (key, value) in pairs(message) {
        match key {
            "SRC" => draft.put_address("source.ip", Some(value)),
            "DST" => draft.put_address("destination.ip", Some(value)),
            "SPT" => draft.put_number("source.port", Some(value)),
            "DPT" => draft.put_number("destination.port", Some(value)),
            "LEN" => draft.put_number("source.bytes", Some(value)),
            "PROTO" => draft.put("network.transport", &value.to_ascii_lowercase()),
            _ => {}
        }
    }
}

/// `pam_unix(sshd:auth): authentication failure; logname= uid=0 rhost=192.0.2.1 user=root`.
fn pam(draft: &mut Draft, message: &str) {
    authentication(draft, "pam_authentication", false);
    for (key, value) in pairs(message) {
        match key {
            "rhost" => draft.put_address("source.ip", Some(value)),
            "user" => draft.put("user.name", value),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Draft {
        let received = "2026-11-22T12:00:05Z".parse().expect("is a time");
        parse(&RawRecord { source: NAME.into(), instance: "h".into(), received, payload: text.into() })
            .expect("is syslog")
    }

    #[test]
    fn logins_over_ssh() {
        let failed = parsed(
            "<38>Nov 22 12:00:00 web1 sshd[99]: Failed password for invalid user admin from 192.0.2.7 port 5022 ssh2",
        );
        assert_eq!(failed.fields.text("event.outcome"), Some("failure"));
        assert_eq!(failed.fields.text("user.name"), Some("admin"));
        assert_eq!(failed.fields.text("source.ip"), Some("192.0.2.7"));
        assert_eq!(failed.fields.integer("source.port"), Some(5022));
        assert_eq!(failed.fields.text("host.name"), Some("web1"));
        let accepted = parsed(
            "2026-11-22T20:00:00+08:00 web1 sshd[99]: Accepted publickey for deploy from 2001:db8::7 port 22 ssh2: RSA x",
        );
        assert_eq!(accepted.fields.text("event.outcome"), Some("success"));
        assert_eq!(accepted.fields.text("user.name"), Some("deploy"));
        assert_eq!(accepted.time, "2026-11-22T12:00:00Z".parse().ok());
    }

    #[test]
    fn structured_data_is_skipped() {
        let draft = parsed(r#"<165>1 2026-11-22T12:00:00.5Z host app 7 ID47 [a@1 k="v \"] x"][b@2] the message"#);
        assert_eq!(draft.fields.text("message"), Some("the message"));
        assert_eq!(draft.fields.integer("log.syslog.facility.code"), Some(20));
        assert_eq!(draft.fields.integer("process.pid"), Some(7));
    }

    #[test]
    fn commands_by_sudo_and_packets_by_the_kernel() {
        let sudo = parsed(
            "Nov 22 12:00:00 web1 sudo:   alice : TTY=pts/0 ; PWD=/home ; USER=root ; COMMAND=/bin/cat /etc/shadow",
        );
        assert_eq!(sudo.fields.text("process.command_line"), Some("/bin/cat /etc/shadow"));
        assert_eq!(sudo.fields.text("user.name"), Some("alice"));
        let packet = parsed(
            "<4>Nov 22 12:00:00 fw kernel: DROP IN=eth0 OUT= SRC=192.0.2.1 DST=198.51.100.1 LEN=40 PROTO=TCP SPT=1 DPT=22",
        );
        assert_eq!(packet.fields.text("event.outcome"), Some("failure"));
        assert_eq!(packet.fields.integer("destination.port"), Some(22));
    }

    #[test]
    fn cef_inside() {
        let draft =
            parsed("<13>Nov 22 12:00:00 fw CEF:0|Vendor|Wall|1|100|Denied|7|src=192.0.2.1 dst=198.51.100.1 dpt=445");
        assert_eq!(draft.fields.text("source.ip"), Some("192.0.2.1"));
        assert_eq!(draft.fields.integer("destination.port"), Some(445));
    }
}
