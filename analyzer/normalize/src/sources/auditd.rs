//! Records of the Linux audit daemon. Their own names (`type`, `exe`, `a0`, `key`) stay addressable for Sigma.

use fengsui_schema::RawRecord;
use serde_json::{Map, Value};

use super::SourceDefinition;
use crate::text::{epoch_seconds, line, pairs};
use crate::{Draft, NormalizeError};

const NAME: &str = "auditd";

pub(super) const SOURCE: SourceDefinition = SourceDefinition {
    name: NAME,
    aliases: &[],
    meaning: "records of the Linux audit daemon, one a line",
    resembles,
    parse,
};

fn resembles(line: &[u8]) -> bool {
    memchr::memmem::find(line, b"msg=audit(").is_some() && memchr::memmem::find(line, b"type=").is_some()
}

fn parse(record: &RawRecord) -> Result<Draft, NormalizeError> {
    let text = line(&record.payload);
    let malformed = |what: &str| NormalizeError::malformed(NAME, format!("{} {what}", fengsui_schema::shown(&text)));
    let (before, rest) = text.split_once("msg=audit(").ok_or_else(|| malformed("has no msg=audit("))?;
    let (stamp, rest) = rest.split_once(')').ok_or_else(|| malformed("has no end of msg=audit(...)"))?;
    let (seconds, serial) = stamp.split_once(':').ok_or_else(|| malformed("has no serial number"))?;
    let time = epoch_seconds(seconds).ok_or_else(|| malformed("has no time"))?;
    let mut values = Map::new();
    add(&mut values, before);
    values.insert("serial".to_owned(), Value::from(serial));
    let rest = rest.trim_start_matches(':');
    // User messages put their pairs into msg='...'; the enriched part follows a group separator.
    let (plain, inner) = rest.split_once("msg='").map_or((rest, ""), |(plain, inner)| (plain, inner));
    add(&mut values, &plain.replace('\u{1d}', " "));
    add(&mut values, &inner.replace(['\u{1d}', '\''], " "));
    let mut draft = Draft::new("auditd.record", Value::Null);
    draft.time = Some(time);
    fill(&mut draft, &values);
    draft.put("message", &text);
    draft.original = Value::Object(values);
    Ok(draft)
}

fn add(values: &mut Map<String, Value>, text: &str) {
    for (key, value) in pairs(text) {
        let value = if decodes(key) { unhex(value) } else { value.to_owned() };
        values.insert(key.to_owned(), Value::from(value));
    }
}

/// Keys whose untrusted values the kernel writes as hexadecimal digits when they hold odd characters.
fn decodes(key: &str) -> bool {
    let argument =
        key.strip_prefix('a').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
    argument || matches!(key, "proctitle" | "name" | "cwd" | "exe" | "comm" | "cmd" | "acct" | "data")
}

/// The text behind an even number of at least four upper-case hexadecimal digits; other values stay.
fn unhex(value: &str) -> String {
    let hexadecimal = value.len() >= 4 && value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
    let bytes = if hexadecimal && value.bytes().any(|byte| byte.is_ascii_uppercase() || value.len() > 8) {
        hex::decode(value).ok()
    } else {
        None
    };
    match bytes {
        Some(bytes) => String::from_utf8_lossy(&bytes).replace('\0', " ").trim_end().to_owned(),
        None => value.to_owned(),
    }
}

fn fill(draft: &mut Draft, values: &Map<String, Value>) {
    let value = |key: &str| values.get(key).and_then(Value::as_str);
    draft.put_some("event.action", value("type"));
    draft.put_some("host.name", value("node"));
    draft.put("observer.type", "host");
    draft.put_some("process.executable", value("exe"));
    draft.put_some("process.name", value("comm"));
    draft.put_number("process.pid", value("pid"));
    draft.put_some("user.name", value("acct").or_else(|| value("AUID")).or_else(|| value("auid")));
    draft.put_address("source.ip", value("addr"));
    draft.put_some("file.name", value("name"));
    let failed = matches!(value("res").or_else(|| value("success")), Some("failed" | "no" | "0"));
    draft.put("event.outcome", if failed { "failure" } else { "success" });
    let kind = value("type").unwrap_or_default();
    draft.put("event.category", category(kind));
    let command = value("proctitle").map(str::to_owned).or_else(|| (kind == "EXECVE").then(|| arguments(values)));
    draft.put_some("process.command_line", command.as_deref());
}

fn category(kind: &str) -> &'static str {
    match kind {
        "USER_AUTH" | "USER_LOGIN" | "CRED_ACQ" | "USER_ACCT" | "USER_START" => "authentication",
        "PATH" | "CWD" => "file",
        "ADD_USER" | "DEL_USER" | "ADD_GROUP" | "USER_MGMT" | "USER_CHAUTHTOK" => "iam",
        _ => "process",
    }
}

/// `a0 a1 a2 ...` of an EXECVE record as one line.
fn arguments(values: &Map<String, Value>) -> String {
    let argument = |index: usize| values.get(&format!("a{index}")).and_then(Value::as_str);
    (0..).map_while(argument).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Draft {
        let received = fengsui_schema::Timestamp::EPOCH;
        parse(&RawRecord { source: NAME.into(), instance: "h".into(), received, payload: text.into() })
            .expect("is an audit record")
    }

    #[test]
    fn a_command_with_encoded_arguments() {
        let draft = parsed(
            r#"node=web1 type=EXECVE msg=audit(1364481363.243:24287): argc=3 a0="sh" a1="-c" a2=636174202F6574632F736861646F77"#,
        );
        assert_eq!(draft.fields.text("process.command_line"), Some("sh -c cat /etc/shadow"));
        assert_eq!(draft.original.get("type"), Some(&Value::from("EXECVE")));
        assert_eq!(draft.fields.text("host.name"), Some("web1"));
    }

    #[test]
    fn a_login_that_failed() {
        let draft = parsed(
            r#"type=USER_AUTH msg=audit(1364481363.243:9): pid=5 uid=0 msg='op=PAM:authentication acct="root" exe="/usr/sbin/sshd" addr=192.0.2.3 res=failed'"#,
        );
        assert_eq!(draft.fields.text("event.outcome"), Some("failure"));
        assert_eq!(draft.fields.text("user.name"), Some("root"));
        assert_eq!(draft.fields.text("source.ip"), Some("192.0.2.3"));
    }
}
