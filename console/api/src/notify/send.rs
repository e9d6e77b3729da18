//! Sends one request by HTTP: to the addresses that were looked at and no others, without following anything, within a time,
//! reading no more than it has to.

use std::time::Duration;

use reqwest::redirect::Policy;

use super::egress::Egress;
use super::robots::{Letter, Outgoing, judged, request};
use super::{Channel, Failure, cleaned, failed, mail};
use crate::wire::{ChannelKind, NotifyFault};

/// Longest time of one attempt.
pub(crate) const SEND_TIME: Duration = Duration::from_secs(15);
/// Longest time until the other side answers at all.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// Largest answer that is read, in bytes.
const ANSWER_BYTES: usize = 64 << 10;

/// Sends a letter by a channel at a time in milliseconds; what the other side said.
pub(crate) async fn send(egress: &Egress, channel: &Channel, letter: &Letter, now: i64) -> Result<String, Failure> {
    let sending = async {
        match channel.kind {
            ChannelKind::Mail => mail::send(egress, channel, letter).await,
            _ => judged(channel, &post(egress, request(channel, letter, now)?).await?),
        }
    };
    let late = || failed(NotifyFault::Time, format!("{} s", SEND_TIME.as_secs()), false);
    tokio::time::timeout(SEND_TIME, sending).await.unwrap_or_else(|_| Err(late()))
}

async fn post(egress: &Egress, outgoing: Outgoing) -> Result<String, Failure> {
    let Outgoing { url, content, body, headers } = outgoing;
    let wrong = || failed(NotifyFault::Channel, "address".to_owned(), true);
    let (host, port) = (url.host_str().ok_or_else(wrong)?.to_owned(), url.port_or_known_default().ok_or_else(wrong)?);
    let addresses = egress.addresses(&host, port).await?;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .timeout(SEND_TIME)
        .connect_timeout(CONNECT_TIME)
        // What was looked at is what is spoken to: a second look could lead elsewhere.
        .resolve_to_addrs(&host, &addresses)
        .build()
        .map_err(|error| failed(NotifyFault::Tls, cleaned(&error.to_string()), false))?;
    let mut request = client.post(url).header("content-type", content).body(body);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let mut response = request.send().await.map_err(|error| of_client(&error))?;
    let status = response.status();
    let mut answer = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|error| of_client(&error))? {
        if answer.len() + part.len() > ANSWER_BYTES {
            return Err(failed(NotifyFault::Large, format!("{ANSWER_BYTES} B"), false));
        }
        answer.extend_from_slice(&part);
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    match status.as_u16() {
        200..=299 => Ok(text),
        300..=399 => Err(failed(NotifyFault::Redirect, status.as_u16().to_string(), true)),
        code => {
            let lasting = (400..500).contains(&code) && !matches!(code, 408 | 425 | 429);
            Err(failed(NotifyFault::Status, cleaned(&format!("{code} {text}")), lasting))
        }
    }
}

/// What a failure of the client means; its text names no address, which may hold a key.
fn of_client(error: &reqwest::Error) -> Failure {
    let fault = if error.is_timeout() {
        NotifyFault::Time
    } else if of_tls(error) {
        NotifyFault::Tls
    } else {
        NotifyFault::Connect
    };
    failed(fault, cleaned(&innermost(error)), false)
}

/// The last cause, which says what happened.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error.source();
    let mut text = String::new();
    while let Some(one) = cause {
        text = one.to_string();
        cause = one.source();
    }
    text
}

fn of_tls(error: &dyn std::error::Error) -> bool {
    let mut cause = error.source();
    while let Some(one) = cause {
        let inner = one.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if one.is::<rustls::Error>() || inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return true;
        }
        cause = one.source();
    }
    false
}
