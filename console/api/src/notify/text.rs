//! What messages say. Titles come from outside: they are inert in every messenger, template and mail.

use crate::check;
use crate::error::{ApiError, ApiResult};
use crate::wire::{ChannelContent, NotifyEvent};

/// Characters of a title in a message.
const TITLE_CHARACTERS: usize = 120;

/// What a message is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Subject {
    /// What happened, in Chinese.
    pub(crate) event: String,
    /// Title of the object. From the outside: untrusted.
    pub(crate) title: String,
    /// Name of the unit.
    pub(crate) unit: String,
    /// When, as people read it.
    pub(crate) time: String,
    /// What it is to be done by, with the time; empty when nothing is.
    pub(crate) due: String,
    /// The object, such as `task/12`.
    pub(crate) object: String,
}

/// What an event is called in a message.
pub(crate) const fn event_name(event: NotifyEvent) -> &'static str {
    match event {
        NotifyEvent::TaskNew => "新任务待签收",
        NotifyEvent::TaskUnsigned => "任务超时未签收",
        NotifyEvent::TaskOverdue => "任务已逾期",
        NotifyEvent::ClockWarning => "报告时限将到",
        NotifyEvent::ClockOver => "报告时限已到",
        NotifyEvent::IncidentMajor => "重大网络安全事件",
        NotifyEvent::NodeSilent => "下级节点失联",
        NotifyEvent::WarningIssued => "网络安全预警",
        NotifyEvent::ApprovalWaiting => "事项待审批",
    }
}

impl Subject {
    /// The line a message begins with.
    pub(crate) fn headline(&self) -> String {
        format!("【{}】{}", inert(&self.event), inert(&self.title))
    }

    /// The whole text.
    pub(crate) fn text(&self) -> String {
        let mut lines = vec![self.headline()];
        let facts = [("单位", &self.unit), ("时间", &self.time), ("时限", &self.due)];
        lines.extend(
            facts
                .iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| format!("{name}：{}", inert(value))),
        );
        lines.push("请登录平台处理。".to_owned());
        lines.join("\n")
    }
}

/// A text from outside without what a messenger, a template or a mail would act on: control and hidden characters are
/// gone, signs of markup and mentions stand in full width, addresses are no links.
pub(crate) fn inert(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for character in text.chars().take(TITLE_CHARACTERS) {
        match character {
            c if c.is_control() || is_hidden(c) => made.push(' '),
            c @ ('<' | '>' | '[' | ']' | '{' | '}' | '*' | '_' | '`' | '#' | '~' | '|' | '\\' | '@' | '&' | '$'
            | '!') => {
                // The full-width forms stand in the same order as ASCII, from U+FF01 on.
                made.push(char::from_u32(u32::from(c) + 0xfee0).unwrap_or(' '));
            }
            c => made.push(c),
        }
    }
    made.replace("://", "：／／").replace("www.", "www．").trim().to_owned()
}

fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Somebody a message is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reader {
    /// Name.
    pub(crate) name: String,
    /// Telephone number.
    pub(crate) phone: String,
}

/// The body of a request to a gateway: the template with its places filled, each value escaped as the content asks.
pub(crate) fn fill(
    template: &str,
    content: ChannelContent,
    subject: &Subject,
    reader: &Reader,
    id: &str,
) -> Option<String> {
    let mut made = String::with_capacity(template.len() + 256);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (place, behind) = after.split_once("}}")?;
        made.push_str(before);
        made.push_str(&escaped(&value_of(place.trim(), subject, reader, id)?, content)?);
        rest = behind;
    }
    made.push_str(rest);
    Some(made)
}

fn value_of(place: &str, subject: &Subject, reader: &Reader, id: &str) -> Option<String> {
    Some(match place {
        "title" => inert(&subject.title),
        "text" => subject.text(),
        "event" => subject.event.clone(),
        "unit" => inert(&subject.unit),
        "time" => subject.time.clone(),
        "name" => inert(&reader.name),
        "phone" => reader.phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect(),
        "id" => id.to_owned(),
        _ => return None,
    })
}

fn escaped(value: &str, content: ChannelContent) -> Option<String> {
    Some(match content {
        ChannelContent::Json => {
            let quoted = serde_json::to_string(value).ok()?;
            quoted.get(1..quoted.len() - 1)?.to_owned()
        }
        ChannelContent::Form => percent(value),
        ChannelContent::Text => value.to_owned(),
    })
}

/// Every byte but those that are unreserved (RFC 3986) as `%XX`.
fn percent(value: &str) -> String {
    let mut made = String::with_capacity(value.len() * 3);
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => made.push(char::from(byte)),
            byte => made.push_str(&format!("%{byte:02X}")),
        }
    }
    made
}

/// Whether a template asks for a telephone number: then everybody gets a message of their own.
pub(crate) fn names_phone(template: &str) -> bool {
    template.split("{{").skip(1).any(|part| part.split("}}").next().is_some_and(|place| place.trim() == "phone"))
}

/// A template that somebody wrote, tried with values that would break it.
pub(crate) fn checked_template(template: &str, content: ChannelContent) -> ApiResult<String> {
    let template = check::body("template", template)?;
    let wrong = |zh: &str, en: &str| ApiError::invalid("template", zh, en);
    let hard = Subject { title: "\"}\\\n'&=%<b>".to_owned(), event: "\"".to_owned(), ..Subject::default() };
    let reader = Reader { name: "\"a\"".to_owned(), phone: "13900000000".to_owned() };
    let filled = fill(&template, content, &hard, &reader, "1")
        .ok_or_else(|| wrong("模板含有未知的占位符或未闭合的 {{", "has an unknown place or a {{ without its }}"))?;
    if content == ChannelContent::Json && serde_json::from_str::<serde_json::Value>(&filled).is_err() {
        return Err(wrong(
            "模板填入内容后不是合法的 JSON，占位符须写在引号内",
            "is no JSON when filled; places stand in quotes",
        ));
    }
    Ok(template)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(title: &str) -> Subject {
        Subject {
            event: "新任务待签收".to_owned(),
            title: title.to_owned(),
            unit: "榆中县".to_owned(),
            ..Subject::default()
        }
    }

    #[test]
    fn titles_act_on_nothing() {
        let hostile =
            "<at user_id=\"all\">所有人</at> [点这里](https://evil.example/x) **急** @all\r\nBcc: a@b\u{202e}\u{0}";
        let made = inert(hostile);
        for sign in ["<", ">", "[", "]", "*", "@", "\r", "\n", "\u{202e}", "\u{0}", "://"] {
            assert!(!made.contains(sign), "{sign:?} in {made}");
        }
        assert!(made.contains("所有人") && made.contains("evil.example"), "people still read it: {made}");
        assert_eq!(subject(hostile).text().lines().count(), 3, "one line is one line");
        assert!(inert(&"长".repeat(500)).chars().count() <= TITLE_CHARACTERS);
    }

    #[test]
    fn values_can_not_leave_their_place() {
        let hostile = subject("\",\"to\":\"everybody");
        let reader = Reader { name: "{{phone}}".to_owned(), phone: "+86 139-0931-0000&x=1".to_owned() };
        let json = fill(
            "{\"msg\":\"{{title}}\",\"to\":\"{{ phone }}\",\"who\":\"{{name}}\"}",
            ChannelContent::Json,
            &hostile,
            &reader,
            "7",
        );
        let json: serde_json::Value = serde_json::from_str(&json.expect("fills")).expect("is JSON");
        assert_eq!((&json["to"], json.as_object().expect("is an object").len()), (&"+86139093100001".into(), 3));
        assert!(!json["who"].as_str().expect("is text").contains("139"), "what was filled in is not filled again");
        let form = fill("m={{title}}&id={{id}}", ChannelContent::Form, &subject("a&id=9 b"), &reader, "7");
        assert_eq!(form.as_deref(), Some("m=a%EF%BC%86id%3D9%20b&id=7"));
        assert_eq!(fill("{{secret}}", ChannelContent::Text, &hostile, &reader, "7"), None);
    }

    #[test]
    fn templates_are_tried_before_they_are_kept() {
        assert!(checked_template("{\"text\":\"{{text}}\",\"to\":[\"{{phone}}\"]}", ChannelContent::Json).is_ok());
        let wrong = [
            ("{\"text\":{{text}}}", ChannelContent::Json),
            ("{{nothing}}", ChannelContent::Text),
            ("a={{title", ChannelContent::Form),
        ];
        for (template, content) in wrong {
            assert!(checked_template(template, content).is_err(), "{template}");
        }
        assert!(names_phone("to={{ phone }}") && !names_phone("phone={{name}}"));
    }
}
