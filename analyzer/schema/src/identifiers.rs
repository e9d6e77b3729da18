//! Identifiers of 16 bytes, written as 32 lowercase hexadecimal digits.
//!
//! All of them are derived from content (the first half of an SM3 digest), so that the same input gives the
//! same identifier on every run and on every node; `fengsui-crypto` computes the digest.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is no identifier of 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no identifier of 32 hexadecimal digits")]
pub struct ParseIdentifierError(String);

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name([u8; 16]);

        impl $name {
            /// The identifier made of the first 16 bytes of a digest.
            #[must_use]
            pub fn from_digest(digest: &[u8; 32]) -> Self {
                let mut bytes = [0; 16];
                bytes.copy_from_slice(&digest[..16]);
                Self(bytes)
            }

            /// The identifier made of exactly these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIdentifierError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl FromStr for $name {
            type Err = ParseIdentifierError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut bytes = [0; 16];
                hex::decode_to_slice(text, &mut bytes)
                    .map_err(|_| ParseIdentifierError(crate::shown(text).to_string()))?;
                Ok(Self(bytes))
            }
        }
    };
}

identifier!(
    /// Identifies an event: a digest of its source, its position there and its bytes.
    EventId
);
identifier!(
    /// Identifies an alert: a digest of the rule and the event it fired on.
    AlertId
);
identifier!(
    /// Identifies what repeats of an alert are folded into: a digest of all they have in common and of their ten minutes.
    FoldId
);
identifier!(
    /// Identifies an incident: a digest of the alert that opened it.
    IncidentId
);
identifier!(
    /// Identifies a finding of sensitive data: a digest of the place it was found in.
    FindingId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let id = EventId::from_bytes([0xab; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(serde_json::to_string(&id).expect("serialises").len(), 34);
    }

    #[test]
    fn refuses_what_is_none() {
        for text in ["", "xyz", "ab", "\u{1b}[31m"] {
            let error = text.parse::<EventId>().expect_err("is no identifier");
            assert!(!error.to_string().contains('\u{1b}'));
        }
    }
}
