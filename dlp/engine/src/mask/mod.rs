//! Masking functions. A new one is a file and a line in [`MASKS`]; its declared properties are tested for it.

mod date_shift;
mod fake;
mod ff1;
mod generalise;
mod hash;
mod noise;
mod partial;
mod redact;
mod shuffle;
mod tokenise;

use crate::EngineError;

pub use ff1::unmask as unmask_ff1;
pub use shuffle::shuffle;

/// Every masking function.
pub static MASKS: &[Mask] = &[
    redact::MASK,
    partial::MASK,
    hash::MASK,
    tokenise::MASK,
    ff1::MASK,
    date_shift::MASK,
    generalise::MASK,
    noise::MASK,
    shuffle::MASK,
    fake::MASK,
    Mask {
        name: "keep",
        label: "不处理",
        deterministic: true,
        reversible: true,
        same_length: true,
        apply: |input| Ok(input.value.to_owned()),
    },
];

/// One masking function and what it promises.
#[derive(Debug)]
pub struct Mask {
    /// Stable name in policies.
    pub name: &'static str,
    /// Name in Chinese.
    pub label: &'static str,
    /// The same value, key and tweak give the same result, so that joins survive.
    pub deterministic: bool,
    /// Who has the key can undo it.
    pub reversible: bool,
    /// The result has as many characters as the value.
    pub same_length: bool,
    apply: fn(&MaskInput<'_>) -> Result<String, EngineError>,
}

/// What a function works on.
#[derive(Debug, Clone, Copy)]
pub struct MaskInput<'a> {
    /// The plain value.
    pub value: &'a str,
    /// Its type, if known; decides which parts carry meaning and which check digits must hold.
    pub data_type: Option<&'a str>,
    /// The key of the policy.
    pub key: &'a MaskKey,
    /// Separates domains: columns that must not join have different tweaks, recipients too.
    pub tweak: &'a [u8],
    /// Parameters of the function.
    pub parameters: &'a MaskParameters,
}

/// Secret key of a policy, 32 bytes. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct MaskKey([u8; 32]);

impl MaskKey {
    /// A key of 32 random bytes, made by the caller.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// HMAC-SM3 of parts under a key that belongs to one purpose.
    pub(crate) fn derive(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let own = fengsui_crypto::hmac_sm3(&self.0, purpose.as_bytes());
        fengsui_crypto::hmac_sm3(&own, &fengsui_crypto::sm3_of_parts(parts))
    }

    /// The first eight bytes of [`Self::derive`] as a number.
    pub(crate) fn number(&self, purpose: &str, parts: &[&[u8]]) -> u64 {
        let digest = self.derive(purpose, parts);
        digest[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

impl std::fmt::Debug for MaskKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MaskKey(…)")
    }
}

/// Parameters of masking functions; each function reads its own.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaskParameters {
    /// partial: characters kept at the beginning; by type when absent.
    pub keep_head: Option<usize>,
    /// partial: characters kept at the end; by type when absent.
    pub keep_tail: Option<usize>,
    /// redact: the text that replaces the value.
    pub replacement: String,
    /// hash, tokenise: characters of the result, 8 to 64.
    pub length: usize,
    /// `date_shift`: most days a date moves in either direction.
    pub days: u32,
    /// generalise: width of the ranges of numbers.
    pub width: u32,
    /// noise: most change as a share of the number.
    pub ratio: f64,
}

impl Default for MaskParameters {
    fn default() -> Self {
        Self {
            keep_head: None,
            keep_tail: None,
            replacement: "***".to_owned(),
            length: 32,
            days: 180,
            width: 10,
            ratio: 0.1,
        }
    }
}

/// The function of a name.
///
/// # Errors
/// When there is none.
pub fn mask(name: &str) -> Result<&'static Mask, EngineError> {
    MASKS.iter().find(|mask| mask.name == name).ok_or_else(|| EngineError::Unknown {
        kind: "masking function",
        name: fengsui_schema::shown(name).to_string(),
        known: MASKS.iter().map(|mask| mask.name).collect::<Vec<_>>().join(", "),
    })
}

impl Mask {
    /// The masked value. An empty value stays empty.
    ///
    /// # Errors
    /// When the value is outside what the function can work on, for example too short for encryption.
    pub fn apply(&self, input: &MaskInput<'_>) -> Result<String, EngineError> {
        if input.value.is_empty() { Ok(String::new()) } else { (self.apply)(input) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: MaskKey = MaskKey([7; 32]);

    fn apply(name: &str, value: &str, data_type: Option<&str>) -> Result<String, EngineError> {
        let parameters = MaskParameters::default();
        mask(name)?.apply(&MaskInput { value, data_type, key: &KEY, tweak: b"t", parameters: &parameters })
    }

    #[test]
    fn known_results() {
        assert_eq!(apply("redact", "x", None).expect("works"), "***");
        assert_eq!(apply("partial", "13800138000", Some("cn_mobile")).expect("works"), "138******00");
        assert_eq!(apply("generalise", "37", None).expect("works"), "30-39");
        assert!(mask("nothing").is_err() && format!("{KEY:?}").len() <= 12);
    }

    #[test]
    fn check_digits_hold_after_encryption() {
        let identity = apply("ff1", "11010519491231002X", Some("cn_resident_id")).expect("works");
        assert!(crate::classify::checksum::mod_11_2(identity.as_bytes()) && !identity.starts_with("11"), "{identity}");
        let card = apply("ff1", "4111111111111111", Some("bank_card")).expect("works");
        assert!(crate::classify::checksum::luhn(card.as_bytes()) && card.starts_with("411111"), "{card}");
        let mobile = apply("ff1", "13800138000", Some("cn_mobile")).expect("works");
        assert!(mobile.starts_with("138") && mobile.len() == 11 && mobile != "13800138000");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn declared_properties_hold(
            value in prop_oneof!["[0-9]{1,20}", "[a-zA-Z0-9@._-]{1,24}", "\\PC{0,20}", "(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9])"],
            data_type in prop::sample::select(vec![None, Some("cn_mobile"), Some("cn_resident_id"), Some("bank_card"), Some("person_name"), Some("address"), Some("email")]),
        ) {
            for mask in MASKS {
                let Ok(masked) = apply(mask.name, &value, data_type) else { continue };
                if mask.deterministic {
                    let again = apply(mask.name, &value, data_type).unwrap_or_default();
                    prop_assert_eq!(&masked, &again, "{}", mask.name);
                }
                if mask.same_length {
                    prop_assert_eq!(masked.chars().count(), value.chars().count(), "{}", mask.name);
                }
            }
        }
    }
}
