//! Requests to robots of messengers and to gateways, signed as each of them asks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Url;
use serde_json::{Value, json};
use sha2::Sha256;

use super::text::{Reader, Subject, fill};
use super::{Channel, Failure, failed};
use crate::wire::{ChannelContent, ChannelKind, NotifyFault};

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    /// Whole address.
    pub(crate) url: Url,
    /// Type of the body.
    pub(crate) content: &'static str,
    /// Body.
    pub(crate) body: String,
    /// More headers.
    pub(crate) headers: Vec<(String, String)>,
}

/// A message and whom it is for.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    /// Number of the message.
    pub(crate) id: String,
    /// What it is about.
    pub(crate) subject: Subject,
    /// Whom it is for.
    pub(crate) readers: Vec<Reader>,
}

const JSON: &str = "application/json; charset=utf-8";

/// HMAC-SHA256.
fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    // A key of any length is taken (RFC 2104).
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mut mac| {
            mac.update(text);
            mac.finalize().into_bytes().to_vec()
        })
        .unwrap_or_default()
}

/// The request of a channel at a time in milliseconds.
pub(crate) fn request(channel: &Channel, letter: &Letter, now: i64) -> Result<Outgoing, Failure> {
    let wrong = |text: &str| failed(NotifyFault::Channel, text.to_owned(), true);
    let url: Url = channel.secrets.url.parse().map_err(|_| wrong("address"))?;
    let text = letter.subject.text();
    match channel.kind {
        ChannelKind::Dingtalk => {
            Ok(dingtalk(url, &channel.secrets.secret, (text.as_str(), letter.readers.as_slice()), now))
        }
        ChannelKind::Feishu => Ok(feishu(url, &channel.secrets.secret, &text, now)),
        ChannelKind::Wecom => Ok(wecom(url, (text.as_str(), letter.readers.as_slice()))),
        ChannelKind::Http => gateway(url, channel, letter, now).ok_or_else(|| wrong("template")),
        ChannelKind::Mail => Err(wrong("kind")),
    }
}

fn phones(readers: &[Reader]) -> Vec<&str> {
    readers.iter().map(|reader| reader.phone.as_str()).filter(|phone| !phone.is_empty()).collect()
}

/// Who is meant, at the end of the text of a group.
fn addressed(text: &str, readers: &[Reader]) -> String {
    let names: Vec<String> = readers.iter().map(|reader| super::text::inert(&reader.name)).collect();
    if names.is_empty() { text.to_owned() } else { format!("{text}\n请：{}", names.join("、")) }
}

/// 钉钉: signature over time and key, in the address.
fn dingtalk(mut url: Url, secret: &str, (text, readers): (&str, &[Reader]), now: i64) -> Outgoing {
    if !secret.is_empty() {
        let sign = STANDARD.encode(mac(secret.as_bytes(), format!("{now}\n{secret}").as_bytes()));
        url.query_pairs_mut().append_pair("timestamp", &now.to_string()).append_pair("sign", &sign);
    }
    let at = json!({"atMobiles": phones(readers), "isAtAll": false});
    let body = json!({"msgtype": "text", "text": {"content": addressed(text, readers)}, "at": at});
    Outgoing { url, content: JSON, body: body.to_string(), headers: Vec::new() }
}

/// 飞书: signature of nothing with time and key as its key, in the body.
fn feishu(url: Url, secret: &str, text: &str, now: i64) -> Outgoing {
    let mut body = json!({"msg_type": "text", "content": {"text": text}});
    if !secret.is_empty() {
        let seconds = now / 1_000;
        let sign = STANDARD.encode(mac(format!("{seconds}\n{secret}").as_bytes(), b""));
        body["timestamp"] = Value::String(seconds.to_string());
        body["sign"] = Value::String(sign);
    }
    Outgoing { url, content: JSON, body: body.to_string(), headers: Vec::new() }
}

/// 企业微信: who knows the address may send.
fn wecom(url: Url, (text, readers): (&str, &[Reader])) -> Outgoing {
    let content = json!({"content": addressed(text, readers), "mentioned_mobile_list": phones(readers)});
    let body = json!({"msgtype": "text", "text": content});
    Outgoing { url, content: JSON, body: body.to_string(), headers: Vec::new() }
}

/// A gateway: the template, the secret header, and a signature over time and body when there is a key.
fn gateway(url: Url, channel: &Channel, letter: &Letter, now: i64) -> Option<Outgoing> {
    let options = &channel.options;
    let reader = letter.readers.first().cloned().unwrap_or_default();
    let body = fill(&options.template, options.content, &letter.subject, &reader, &letter.id)?;
    let mut headers = Vec::new();
    if !options.header_name.is_empty() && !channel.secrets.header.is_empty() {
        headers.push((options.header_name.clone(), channel.secrets.header.clone()));
    }
    if !channel.secrets.secret.is_empty() {
        let sign = mac(channel.secrets.secret.as_bytes(), format!("{now}\n{body}").as_bytes());
        headers.push(("x-fengsui-timestamp".to_owned(), now.to_string()));
        headers.push(("x-fengsui-signature".to_owned(), hex::encode(sign)));
    }
    let content = match options.content {
        ChannelContent::Json => JSON,
        ChannelContent::Form => "application/x-www-form-urlencoded",
        ChannelContent::Text => "text/plain; charset=utf-8",
    };
    Some(Outgoing { url, content, body, headers })
}

/// What an answer with a good status says: its receipt, or why not.
pub(crate) fn judged(channel: &Channel, answer: &str) -> Result<String, Failure> {
    let said = super::cleaned;
    if channel.kind == ChannelKind::Http {
        let expects = &channel.options.expects;
        let taken = expects.is_empty() || answer.contains(expects.as_str());
        return if taken { Ok(said(answer)) } else { Err(failed(NotifyFault::Answer, said(answer), false)) };
    }
    let Ok(value) = serde_json::from_str::<Value>(answer) else {
        return Err(failed(NotifyFault::Answer, said(answer), false));
    };
    let code = ["errcode", "code", "StatusCode"].iter().find_map(|name| value.get(*name)?.as_i64());
    match code {
        Some(0) => Ok(said(answer)),
        // Sent too fast: 钉钉, 企业微信, 飞书.
        Some(130_101 | 45_009 | 9_499 | 11_232) | None => Err(failed(NotifyFault::Answer, said(answer), false)),
        Some(_) => Err(failed(NotifyFault::Answer, said(answer), true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ChannelOptions;

    // Computed with `openssl dgst -sha256 -hmac` and with Python's hmac.
    #[test]
    fn signatures_are_those_of_the_messengers() {
        let url: Url = "https://oapi.dingtalk.com/robot/send?access_token=abc".parse().expect("is an address");
        let made = dingtalk(url.clone(), "SECtest", ("x", &[]), 1_700_000_000_000);
        let pairs: Vec<(String, String)> = made.url.query_pairs().into_owned().collect();
        assert_eq!(pairs[1], ("timestamp".to_owned(), "1700000000000".to_owned()));
        assert_eq!(pairs[2], ("sign".to_owned(), "aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g=".to_owned()));
        let made: Value = serde_json::from_str(&feishu(url, "SECtest", "x", 1_700_000_000_123).body).expect("is JSON");
        assert_eq!(
            (&made["timestamp"], &made["sign"]),
            (&json!("1700000000"), &json!("G7XpBpG8NgG02fJOAhX6FRAObIljmFoxVReo8I62pEk="))
        );
    }

    fn channel(kind: ChannelKind, expects: &str) -> Channel {
        let options = ChannelOptions { expects: expects.to_owned(), ..ChannelOptions::default() };
        Channel { kind, options, ..Channel::for_tests() }
    }

    #[test]
    fn an_answer_of_200_may_still_say_no() {
        let robot = channel(ChannelKind::Dingtalk, "");
        assert!(judged(&robot, "{\"errcode\":0,\"errmsg\":\"ok\"}").is_ok());
        assert!(judged(&robot, "{\"errcode\":310000,\"errmsg\":\"sign not match\"}").expect_err("says no").lasting);
        assert!(!judged(&robot, "{\"errcode\":130101,\"errmsg\":\"send too fast\"}").expect_err("says wait").lasting);
        assert!(judged(&robot, "<html>").is_err() && judged(&robot, "{}").is_err());
        let feishu = channel(ChannelKind::Feishu, "");
        assert!(
            judged(&feishu, "{\"code\":0,\"msg\":\"success\"}").is_ok() && judged(&feishu, "{\"code\":19021}").is_err()
        );
        let gateway = channel(ChannelKind::Http, "\"result\":1");
        assert!(judged(&gateway, "{\"result\":1}").is_ok() && judged(&gateway, "{\"result\":0}").is_err());
    }
}
