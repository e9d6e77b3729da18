//! `tls_cert_notbefore`, `tls_cert_notafter`: when a certificate is valid.

use fengsui_protocols::{AppProtocol, Transaction};
use fengsui_schema::{Timestamp, shown};

use crate::draft::Draft;
use crate::keywords::transaction::TransactionCheck;
use crate::keywords::{Keyword, keyword};

pub(crate) const KEYWORDS: &[Keyword] = &[
    keyword("tls_cert_notbefore", |draft, value| validity(draft, "notbefore", value)),
    keyword("tls_cert_notafter", |draft, value| validity(draft, "notafter", value)),
];

/// A bound of a certificate's validity, and the times it may be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ValidityCheck {
    /// The field of EVE.
    field: &'static str,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
    exactly: Option<Timestamp>,
}

impl ValidityCheck {
    pub(crate) fn matches(&self, transaction: &Transaction) -> bool {
        transaction.protocol == AppProtocol::Tls
            && time_of(transaction, self.field).is_some_and(|time| {
                self.after.is_none_or(|after| time > after)
                    && self.before.is_none_or(|before| time < before)
                    && self.exactly.is_none_or(|exactly| time == exactly)
            })
    }
}

/// A time in the EVE object, which may lack its zone: UTC.
pub(crate) fn time_of(transaction: &Transaction, field: &str) -> Option<Timestamp> {
    let text = transaction.eve.get(field)?.as_str()?;
    text.parse().ok().or_else(|| format!("{text}Z").parse().ok())
}

/// `<time`, `>time`, `time<>time` or `time`.
fn validity(draft: &mut Draft<'_>, field: &'static str, value: &str) -> Result<(), String> {
    let mut check = ValidityCheck { field, after: None, before: None, exactly: None };
    let value = value.trim();
    if let Some((after, before)) = value.split_once("<>") {
        (check.after, check.before) = (Some(time(after)?), Some(time(before)?));
    } else if let Some(before) = value.strip_prefix('<') {
        check.before = Some(time(before)?);
    } else if let Some(after) = value.strip_prefix('>') {
        check.after = Some(time(after)?);
    } else {
        check.exactly = Some(time(value)?);
    }
    if check.after.zip(check.before).is_some_and(|(after, before)| after >= before) {
        return Err(format!("{} holds for no time", shown(value)));
    }
    draft.transaction_checks.push(TransactionCheck::Validity(check));
    Ok(())
}

/// A year, a date, or a date and a time down to hours, minutes or seconds; what is missing is the earliest.
fn time(text: &str) -> Result<Timestamp, String> {
    const EARLIEST: &str = "0000-01-01T00:00:00Z";
    let text = text.trim().replace(' ', "T");
    let whole = EARLIEST.get(text.len()..).map(|rest| format!("{text}{rest}"));
    let known = matches!(text.len(), 4 | 7 | 10 | 13 | 16 | 19);
    let parsed = whole.filter(|_| known).and_then(|whole| whole.parse().ok());
    parsed.ok_or_else(|| format!("{} is no time like 2026, 2026-05-01 or 2026-05-01T12:30:00", shown(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_may_lack_their_end() {
        for (text, whole) in [
            ("2015", "2015-01-01T00:00:00Z"),
            ("1998-05", "1998-05-01T00:00:00Z"),
            ("1998-05-02", "1998-05-02T00:00:00Z"),
            ("1998-05-02 12:30", "1998-05-02T12:30:00Z"),
            ("1998-05-02T12:30:01", "1998-05-02T12:30:01Z"),
        ] {
            assert_eq!(time(text).unwrap(), whole.parse().unwrap(), "{text}");
        }
        for bad in ["", "98", "2015-13-01", "yesterday", "2015-01-01T"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }
}
