//! Keywords about a transaction that are no sticky buffers: events, and fields of the EVE object.

use fengsui_protocols::{AppProtocol, Direction, Transaction};
use fengsui_schema::shown;
use serde_json::Value;

use crate::PacketView;
use crate::draft::Draft;
use crate::keywords::dates::{ValidityCheck, time_of};
use crate::keywords::dcerpc::DcerpcCheck;
use crate::keywords::modbus::ModbusCheck;
use crate::keywords::places::Places;
use crate::keywords::state::StateTest;
use crate::keywords::{Keyword, keyword, without_value};
use crate::number::Comparison;

/// Something a rule asks of the transaction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TransactionCheck {
    /// An application-layer event, by its full name.
    Event(String),
    /// A number in the EVE object.
    Number { protocol: AppProtocol, path: &'static [&'static str], comparison: Comparison },
    /// One of these words in the EVE object.
    Word { protocol: AppProtocol, path: &'static [&'static str], words: Vec<String>, negated: bool },
    /// A number the parser left under the keyword's name.
    Fact { protocol: AppProtocol, name: &'static str, comparison: Comparison, places: Places },
    /// The same with several comparisons, one of which must hold.
    AnyFact { protocol: AppProtocol, name: &'static str, comparisons: Vec<Comparison> },
    /// An object of DNP3 by its group and variation.
    Dnp3Object([u8; 2]),
    /// A setting of HTTP/2 by its number.
    Setting { id: u16, comparison: Option<Comparison> },
    /// Bits of such a number: all of `set`, none of `unset`, and one of `any` when that is not 0.
    Flags { protocol: AppProtocol, name: &'static str, set: u64, unset: u64, any: u64 },
    /// A call of DCE/RPC.
    Dcerpc(DcerpcCheck),
    /// A request of Modbus.
    Modbus(ModbusCheck),
    /// A certificate whose time has run out, or not.
    CertificateExpired(bool),
    /// When a certificate is valid.
    Validity(ValidityCheck),
    /// One of these.
    Either(Vec<TransactionCheck>),
    /// Whether a command of FTP that is over had an answer, as EVE writes it.
    ReplyReceived(&'static str),
    /// How far the transaction has come.
    State(StateTest),
    /// A command of FTP that names an address which is not the client's.
    FtpBounce,
}

impl TransactionCheck {
    /// Whether a transaction has it; `complete` says that everything of the direction is there.
    pub(crate) fn matches(
        &self,
        transaction: &Transaction,
        direction: Option<Direction>,
        packet: &PacketView<'_>,
        complete: bool,
    ) -> bool {
        match self {
            Self::Event(name) => transaction.events.iter().any(|event| event == name),
            Self::Number { protocol, path, comparison } => {
                *protocol == transaction.protocol
                    && values(transaction, path)
                        .iter()
                        .any(|value| as_number(value).is_some_and(|n| comparison.matches(n)))
            }
            Self::Word { protocol, path, words, negated } => {
                let found = values(transaction, path);
                let any = found.iter().any(|value| as_word(value).is_some_and(|word| words.contains(&word)));
                *protocol == transaction.protocol && !found.is_empty() && any != *negated
            }
            Self::Fact { name, comparison, places, .. } => {
                let numbers = || transaction.facts.numbers(name, direction).collect::<Vec<_>>();
                (complete || !places.needs_all()) && places.hold(&numbers(), *comparison)
            }
            Self::AnyFact { name, comparisons, .. } => transaction
                .facts
                .numbers(name, direction)
                .any(|number| comparisons.iter().any(|comparison| comparison.matches(number))),
            Self::Dnp3Object(object) => transaction.facts.values("dnp3_obj").any(|value| value == object),
            Self::Setting { id, comparison } => transaction.facts.values("http2.settings").any(|value| {
                let Some((setting, value)) = value.split_first_chunk::<2>() else { return false };
                let value = value.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
                u16::from_be_bytes(*setting) == *id
                    && comparison.is_none_or(|comparison| comparison.matches(value.into()))
            }),
            Self::Flags { name, set, unset, any, .. } => transaction
                .facts
                .numbers(name, direction)
                .any(|number| number & set == *set && number & unset == 0 && (*any == 0 || number & any != 0)),
            Self::Dcerpc(check) => check.matches(transaction),
            Self::Modbus(check) => check.matches(transaction),
            Self::CertificateExpired(expired) => {
                time_of(transaction, "notafter").is_some_and(|end| (end < packet.time) == *expired)
            }
            Self::Validity(check) => check.matches(transaction),
            Self::Either(checks) => checks.iter().any(|check| check.matches(transaction, direction, packet, complete)),
            Self::ReplyReceived(word) => {
                let told = transaction.eve.get("reply_received").and_then(Value::as_str);
                transaction.is_complete() && told == Some(*word)
            }
            Self::State(test) => test.matches(transaction, direction),
            Self::FtpBounce => super::ftp::bounces(transaction, packet),
        }
    }

    /// Whether it is asked of each direction of a transaction, so that a rule may fire once in each.
    pub(crate) const fn is_of_each_direction(&self) -> bool {
        if let Self::State(test) = self {
            return test.is_of_each_direction();
        }
        matches!(
            self,
            Self::Number { .. }
                | Self::Either(_)
                | Self::Word { .. }
                | Self::Dcerpc(_)
                | Self::Fact { protocol: AppProtocol::Enip, .. }
        )
    }

    /// The protocol the check belongs to.
    pub(crate) fn protocol(&self) -> Option<AppProtocol> {
        match self {
            Self::Number { protocol, .. } | Self::Word { protocol, .. } => Some(*protocol),
            Self::Fact { protocol, .. } | Self::AnyFact { protocol, .. } | Self::Flags { protocol, .. } => {
                Some(*protocol)
            }
            Self::Dcerpc(_) => Some(AppProtocol::Dcerpc),
            Self::Modbus(_) => Some(AppProtocol::Modbus),
            Self::Setting { .. } => Some(AppProtocol::Http2),
            Self::Dnp3Object(_) => Some(AppProtocol::Dnp3),
            Self::CertificateExpired(_) | Self::Validity(_) => Some(AppProtocol::Tls),
            Self::FtpBounce | Self::ReplyReceived(_) => Some(AppProtocol::Ftp),
            Self::Either(checks) => checks.iter().find_map(Self::protocol),
            Self::State(test) => test.protocol(),
            Self::Event(_) => None,
        }
    }
}

/// The values at a path; lists on the way are walked.
fn values<'t>(transaction: &'t Transaction, path: &[&str]) -> Vec<&'t Value> {
    let Some((first, rest)) = path.split_first() else { return Vec::new() };
    let mut found: Vec<&Value> = transaction.eve.get(*first).into_iter().collect();
    for name in rest {
        found = found.into_iter().flat_map(flattened).filter_map(|value| value.get(name)).collect();
    }
    found.into_iter().flat_map(flattened).collect()
}

fn flattened(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        single => vec![single],
    }
}

fn as_number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => crate::number::number(text).ok(),
        Value::Bool(flag) => Some(u64::from(*flag)),
        _ => None,
    }
}

fn as_word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_ascii_lowercase()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Keywords that compare a number: name, protocol, path in the EVE object.
macro_rules! number_field {
    ($name:literal, $protocol:ident, $path:expr) => {
        keyword($name, |draft, value| {
            let comparison = Comparison::parse(value)?;
            let protocol = AppProtocol::$protocol;
            draft.transaction_checks.push(TransactionCheck::Number { protocol, path: $path, comparison });
            Ok(())
        })
    };
}

/// Keywords that compare words; numbers of the protocol are turned into EVE's words by a table.
macro_rules! word_field {
    ($name:literal, $protocol:ident, $path:expr, $names:expr) => {
        keyword($name, |draft, value| {
            let checks = word_list(value, $names)?.into_iter().map(|(words, negated)| {
                let protocol = AppProtocol::$protocol;
                TransactionCheck::Word { protocol, path: $path, words, negated }
            });
            draft.transaction_checks.push(TransactionCheck::Either(checks.collect()));
            Ok(())
        })
    };
}

/// Protocol versions as EVE writes them.
const TLS_VERSIONS: &[(&str, &str)] = &[
    ("1.0", "tlsv1"),
    ("1.1", "tls 1.1"),
    ("1.2", "tls 1.2"),
    ("1.3", "tls 1.3"),
    ("sslv2", "sslv2"),
    ("sslv3", "sslv3"),
    ("tls1.0", "tlsv1"),
    ("tls1.1", "tls 1.1"),
    ("tls1.2", "tls 1.2"),
    ("tls1.3", "tls 1.3"),
    ("tlcp", "tlcp"),
    ("tlcp1.1", "tlcp 1.1"),
];
/// How rules and EVE write that an answer has come.
const YES_NO: &[(&str, &str)] =
    &[("yes", "yes"), ("on", "yes"), ("true", "yes"), ("no", "no"), ("off", "no"), ("false", "no")];
const NO_NAMES: &[(&str, &str)] = &[];
/// Events by the names older rules give them.
const OLDER_EVENTS: &[(&str, &str)] =
    &[("dns.not_a_request", "dns.not_request"), ("dns.not_a_response", "dns.not_response")];

pub(crate) const KEYWORDS: &[Keyword] = &[
    keyword("app-layer-event", app_event),
    number_field!("dns.opcode", Dns, &["opcode"]),
    word_field!("tls.version", Tls, &["version"], TLS_VERSIONS),
    word_field!("ssl_version", Tls, &["version"], TLS_VERSIONS),
    keyword("ftp.reply_received", reply_received),
    word_field!("ftp.mode", Ftp, &["mode"], NO_NAMES),
    word_field!("ftpdata_command", FtpData, &["command"], NO_NAMES),
    number_field!("ftp.dynamic_port", Ftp, &["dynamic_port"]),
    number_field!("tls.cert_chain_len", Tls, &["chain_length"]),
    keyword("tls_cert_expired", |draft, value| certificate(draft, value, true)),
    keyword("tls_cert_valid", |draft, value| certificate(draft, value, false)),
];

fn certificate(draft: &mut Draft<'_>, value: &str, expired: bool) -> Result<(), String> {
    without_value(value)?;
    draft.transaction_checks.push(TransactionCheck::CertificateExpired(expired));
    Ok(())
}

fn reply_received(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let word = YES_NO.iter().find(|entry| entry.0.eq_ignore_ascii_case(value.trim()));
    let word = word.ok_or_else(|| format!("{} is neither yes nor no", shown(value)))?.1;
    draft.transaction_checks.push(TransactionCheck::ReplyReceived(word));
    Ok(())
}

fn app_event(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if value.is_empty() || !plain {
        return Err(format!("{} is no event", shown(value)));
    }
    let present = OLDER_EVENTS.iter().find(|entry| entry.0 == value).map_or(value, |entry| entry.1);
    draft.transaction_checks.push(TransactionCheck::Event(present.to_owned()));
    Ok(())
}

/// The words of a list, each turned into EVE's form, as groups of which one must hold: without `!` one of the words;
/// with `!` before each, none of them; with both, one of the words without or not the one with it.
fn word_list(value: &str, names: &[(&str, &str)]) -> Result<Vec<(Vec<String>, bool)>, String> {
    let (mut plain, mut negated) = (Vec::new(), Vec::new());
    for part in value.split([',', '|']).map(str::trim).filter(|part| !part.is_empty()) {
        let (list, word) = match part.strip_prefix('!') {
            Some(rest) => (&mut negated, rest.trim()),
            None => (&mut plain, part),
        };
        let lower = word.trim_matches('"').to_ascii_lowercase();
        let known = names.iter().find(|entry| entry.0 == lower || entry.1 == lower);
        if known.is_none() && !names.is_empty() && lower.bytes().any(|byte| matches!(byte, b'<' | b'>' | b'-')) {
            return Err(format!("{} is not supported; write single values", shown(part)));
        }
        list.push(known.map_or(lower, |entry| entry.1.to_owned()));
    }
    match (plain.is_empty(), negated.is_empty()) {
        (true, true) => Err("needs a value".to_owned()),
        (false, true) => Ok(vec![(plain, false)]),
        (true, false) => Ok(vec![(negated, true)]),
        (false, false) => {
            let others = negated.into_iter().map(|word| (vec![word], true));
            Ok(std::iter::once((plain, false)).chain(others).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_words_may_be_negated() {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(word_list("tls1.0,TLS1.1", TLS_VERSIONS), Ok(vec![(words(&["tlsv1", "tls 1.1"]), false)]));
        assert_eq!(word_list("!sslv2|!sslv3", TLS_VERSIONS), Ok(vec![(words(&["sslv2", "sslv3"]), true)]));
        let mixed = vec![(words(&["tls 1.2"]), false), (words(&["tls 1.3"]), true)];
        assert_eq!(word_list("!tls1.3,tls1.2", TLS_VERSIONS), Ok(mixed));
        assert!(word_list(" , ", TLS_VERSIONS).is_err() && word_list("<tls1.2", TLS_VERSIONS).is_err());
    }
}
