//! Access logs of nginx and Apache in the common and combined formats.

use fengsui_schema::RawRecord;
use serde_json::Value;

use super::SourceDefinition;
use crate::text::{access_log_time, line};
use crate::{Draft, NormalizeError};

const NAME: &str = "web_access";

pub(super) const SOURCE: SourceDefinition = SourceDefinition {
    name: NAME,
    aliases: &["nginx", "apache", "access_log"],
    meaning: "access logs of nginx and Apache, common and combined format",
    resembles,
    parse,
};

fn resembles(bytes: &[u8]) -> bool {
    split(&line(bytes)).is_some()
}

fn parse(record: &RawRecord) -> Result<Draft, NormalizeError> {
    let text = line(&record.payload);
    let mut draft = Draft::new("web.access", Value::String(text.clone().into_owned()));
    if fill(&mut draft, &text) {
        draft.put("message", &text);
        draft.put("observer.type", "web_server");
        return Ok(draft);
    }
    Err(NormalizeError::malformed(NAME, format!("{} is no access log line", fengsui_schema::shown(&text))))
}

/// The parts of one line.
struct Access<'a> {
    client: &'a str,
    user: &'a str,
    time: &'a str,
    request: &'a str,
    status: &'a str,
    bytes: &'a str,
    referrer: &'a str,
    agent: &'a str,
}

/// Reads a line into a draft; false when it is none.
pub(super) fn fill(draft: &mut Draft, text: &str) -> bool {
    let Some(access) = split(text) else { return false };
    draft.time = access_log_time(access.time).or(draft.time);
    draft.put("event.category", "web");
    draft.put("network.protocol", "http");
    draft.put_address("source.ip", Some(access.client));
    draft.put("user.name", access.user);
    draft.put_number("http.response.status_code", Some(access.status));
    draft.put_number("http.response.body.bytes", Some(access.bytes));
    draft.put("http.request.referrer", access.referrer);
    draft.put("user_agent.original", access.agent);
    let mut words = access.request.split(' ');
    let method = words.next().unwrap_or_default();
    if let Some(url) = words.next() {
        draft.put("http.request.method", method);
        draft.put_url(url);
        draft.put("http.version", words.next().unwrap_or_default().trim_start_matches("HTTP/"));
    } else {
        draft.put("event.reason", "malformed_request");
    }
    true
}

fn split(text: &str) -> Option<Access<'_>> {
    let (before, rest) = text.split_once('[')?;
    let (time, rest) = rest.split_once(']')?;
    access_log_time(time)?;
    let mut words = before.split_whitespace();
    let client = words.next()?;
    let user = words.nth(1).unwrap_or("-");
    let (request, rest) = quoted(rest)?;
    let mut words = rest.split_whitespace();
    let (status, bytes) = (words.next()?, words.next().unwrap_or("-"));
    status.parse::<u16>().ok()?;
    let (referrer, rest) = quoted(rest).unwrap_or(("-", ""));
    let (agent, _) = quoted(rest).unwrap_or(("-", ""));
    Some(Access { client, user, time, request, status, bytes, referrer, agent })
}

/// The next text in double quotes and what follows it; `\"` does not end it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let (_, inner) = text.split_once('"')?;
    let mut escaped = false;
    for (index, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some((&inner[..index], &inner[index + 1..])),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Draft, NormalizeError> {
        let received = fengsui_schema::Timestamp::EPOCH;
        parse(&RawRecord { source: NAME.into(), instance: "w".into(), received, payload: text.into() })
    }

    #[test]
    fn combined_format() {
        let text = r#"192.0.2.5 - bob [22/Nov/2026:20:00:00 +0800] "GET /a.php?id=1%27 HTTP/1.1" 404 153 "http://r.example/" "agent \"x\"""#;
        let draft = parsed(text).expect("is an access log line");
        assert_eq!(draft.time, "2026-11-22T12:00:00Z".parse().ok());
        assert_eq!(draft.fields.text("source.ip"), Some("192.0.2.5"));
        assert_eq!(draft.fields.text("user.name"), Some("bob"));
        assert_eq!(draft.fields.text("url.query"), Some("id=1%27"));
        assert_eq!(draft.fields.integer("http.response.status_code"), Some(404));
        assert_eq!(draft.fields.text("user_agent.original"), Some(r#"agent \"x\""#));
    }

    #[test]
    fn other_lines_are_refused() {
        assert!(parsed("nothing of the kind [x] \"GET").is_err());
    }
}
