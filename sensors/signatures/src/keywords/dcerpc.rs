//! Keywords of DCE/RPC: the interface a call goes to and the number of its operation.

use fengsui_protocols::Transaction;
use fengsui_schema::shown;

use crate::draft::Draft;
use crate::keywords::transaction::TransactionCheck;
use crate::keywords::{Keyword, keyword, parts};
use crate::number::{Comparison, number};

/// Something a rule asks of a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum DcerpcCheck {
    /// The interface, by its identifier, in a version; `any_frag` also takes fragments after the first.
    Interface { uuid: [u8; 16], version: Option<Comparison> },
    /// One of these operations.
    Operation(Vec<Comparison>),
}

impl DcerpcCheck {
    pub(crate) fn matches(&self, transaction: &Transaction) -> bool {
        match self {
            // Each value is the identifier and the major version.
            Self::Interface { uuid, version } => transaction.facts.values("dcerpc.iface").any(|value| {
                let Some((id, major)) = value.split_first_chunk::<16>() else { return false };
                let major = major.first_chunk().map_or(0, |bytes| u16::from_be_bytes(*bytes));
                id == uuid && version.is_none_or(|version| version.matches(major.into()))
            }),
            Self::Operation(numbers) => transaction
                .facts
                .numbers("dcerpc.opnum", None)
                .any(|number| numbers.iter().any(|comparison| comparison.matches(number))),
        }
    }
}

pub(crate) const KEYWORDS: &[Keyword] = &[
    keyword("dcerpc.iface", interface),
    keyword("dce_iface", interface),
    keyword("dcerpc.opnum", operation),
    keyword("dce_opnum", operation),
];

fn interface(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let mut version = None;
    let mut words = parts(value);
    let text = words.next().unwrap_or("");
    let digits: String = text.chars().filter(|character| *character != '-').collect();
    let uuid = hex::decode(&digits).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    let uuid = uuid.ok_or_else(|| format!("{} is no interface identifier", shown(text)))?;
    for word in words {
        if word != "any_frag" {
            version = Some(Comparison::parse(word)?);
        }
    }
    draft.transaction_checks.push(TransactionCheck::Dcerpc(DcerpcCheck::Interface { uuid, version }));
    Ok(())
}

/// A number, or `a-b` with both ends.
fn operations(text: &str) -> Result<Comparison, String> {
    match text.split_once('-') {
        Some((low, high)) => Ok(Comparison::between(number(low)?, number(high)?)),
        None => Comparison::parse(text),
    }
}

fn operation(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let numbers = parts(value).map(operations).collect::<Result<Vec<_>, _>>()?;
    if numbers.is_empty() {
        return Err("names no operation".to_owned());
    }
    draft.transaction_checks.push(TransactionCheck::Dcerpc(DcerpcCheck::Operation(numbers)));
    Ok(())
}
