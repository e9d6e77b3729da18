//! Keywords with a value that the language keeps from before sticky buffers, and those that only an inline engine or a
//! certificate store would act on.

use fengsui_protocols::{AppProtocol, Buffer};
use fengsui_schema::shown;

use crate::draft::Draft;
use crate::keywords::content::plain_content;
use crate::keywords::transaction::TransactionCheck;
use crate::keywords::{Keyword, keyword};
use crate::number::Comparison;
use crate::rule::{Source, Test};
use crate::syntax::quoted;

macro_rules! text_of {
    ($name:literal, $buffer:ident) => {
        keyword($name, |draft, value| text_of(draft, Buffer::$buffer, value))
    };
}

pub(crate) const KEYWORDS: &[Keyword] = &[
    text_of!("tls.subject", TlsCertSubject),
    text_of!("tls.issuerdn", TlsCertIssuer),
    text_of!("tls.fingerprint", TlsCertFingerprint),
    text_of!("ssh.softwareversion", SshSoftware),
    keyword("ssh.protoversion", ssh_version),
    keyword("ssl_state", ssl_state),
    keyword("tls.store", tls_store),
    keyword("tls_store", tls_store),
    keyword("nfq_set_mark", |draft, _| {
        draft.warnings.push("nfq_set_mark: packets are not taken from an NFQUEUE, so nothing is marked".to_owned());
        Ok(())
    }),
];

fn tls_store(draft: &mut Draft<'_>, _: &str) -> Result<(), String> {
    draft.warnings.push("tls.store: certificates are not written to files; they are in the EVE records".to_owned());
    Ok(())
}

/// `"text"` or `!"text"`: a text within a buffer, in the case it has there. Without a value the buffer itself, as a
/// sticky buffer.
fn text_of(draft: &mut Draft<'_>, buffer: Buffer, value: &str) -> Result<(), String> {
    if value.is_empty() {
        draft.look_at(Source::Buffer(buffer));
        return Ok(());
    }
    let text = quoted(value)?;
    draft.push_into(Source::Buffer(buffer), Test::Content(plain_content(text.inner.as_bytes(), text.negated)));
    Ok(())
}

/// `2.0`, or `2_compat` for every version that can speak version 2.
fn ssh_version(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let version = value.trim().trim_matches('"');
    let is_version = version.starts_with(|c: char| c.is_ascii_digit())
        && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let words = match version {
        "2_compat" => vec!["2".to_owned(), "2.0".to_owned(), "1.99".to_owned()],
        _ if is_version => vec![version.to_owned()],
        _ => return Err(format!("{} is no version of SSH", shown(value))),
    };
    let check =
        |path| TransactionCheck::Word { protocol: AppProtocol::Ssh, path, words: words.clone(), negated: false };
    draft
        .transaction_checks
        .push(TransactionCheck::Either(vec![check(&["client", "proto_version"]), check(&["server", "proto_version"])]));
    Ok(())
}

/// Messages of the handshake that `ssl_state` can ask for, by their type (RFC 5246, 7.4).
const HANDSHAKES: &[(&str, u64)] = &[("client_hello", 1), ("server_hello", 2), ("server_keyx", 12)];

/// `client_hello|server_hello`: one of these messages has been seen.
fn ssl_state(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let known = |word: &str| {
        let found = HANDSHAKES.iter().find(|entry| entry.0 == word).map(|entry| Comparison::only(entry.1));
        found.ok_or_else(|| format!("{} is not one of client_hello, server_hello and server_keyx", shown(word)))
    };
    let comparisons = value.split(['|', ',']).map(|word| known(word.trim())).collect::<Result<Vec<_>, _>>()?;
    draft.transaction_checks.push(TransactionCheck::AnyFact {
        protocol: AppProtocol::Tls,
        name: "ssl_state",
        comparisons,
    });
    Ok(())
}
