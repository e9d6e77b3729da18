//! Fingerprints of documents by winnowing (Schleimer, Wilkerson, Aiken: "Winnowing: Local Algorithms for Document Fingerprinting",
//! SIGMOD 2003): a copied passage of [`PASSAGE`] characters is always noticed, however it is moved and whatever stands around it.

use std::collections::BTreeSet;

use fengsui_schema::Fnv;

/// Characters of one hashed piece: shorter agreements are chance.
const PIECE: usize = 12;
/// Pieces of which the smallest hash is kept.
const WINDOW: usize = 8;
/// Characters of a passage that is noticed for certain.
pub const PASSAGE: usize = PIECE + WINDOW - 1;

/// The kept hashes of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fingerprint(BTreeSet<u64>);

/// How much of two documents is the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlap {
    /// Share of the known document that is in the other.
    pub of_known: f64,
    /// Hashes both have.
    pub shared: usize,
}

impl Fingerprint {
    /// Fingerprints a text; letters and digits count, spacing and punctuation do not.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let letters: Vec<u32> =
            text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).map(u32::from).collect();
        let hashes: Vec<u64> = letters.windows(PIECE).map(hash).collect();
        Self(
            hashes.windows(WINDOW.min(hashes.len()).max(1)).filter_map(|window| window.iter().min().copied()).collect(),
        )
    }

    /// Whether the document was too short to have any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How much of a known document another holds.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> Overlap {
        let shared = self.0.intersection(&other.0).count();
        Overlap { of_known: shared as f64 / self.0.len().max(1) as f64, shared }
    }
}

/// FNV-1a over the characters, mixed so that small characters are not favoured.
fn hash(piece: &[u32]) -> u64 {
    let mut hash = Fnv::new();
    piece.iter().for_each(|c| hash.add_one(u64::from(*c)));
    let hash = hash.finish();
    (hash ^ hash >> 31).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &str = "为进一步规范全省困难群众救助资金的发放和管理，根据有关规定，结合工作实际，制定本办法。各县区应当于每月五日前汇总上报名册。";

    #[test]
    fn a_moved_passage_is_noticed_and_other_text_is_not() {
        let known = Fingerprint::of(KNOWN);
        let copied = "附件：根据有关规定， 结合工作实际，制定本办法。各县区应当于每月五日前，汇总上报名册。此致";
        assert!(known.overlap(&Fingerprint::of(copied)).of_known > 0.3);
        assert_eq!(
            known.overlap(&Fingerprint::of("今日天气晴朗，适宜外出活动，请各位同事注意防晒补水，谢谢配合。")).shared,
            0
        );
        assert!((known.overlap(&known).of_known - 1.0).abs() < 1e-9);
        assert!(Fingerprint::of("短文").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn a_passage_of_the_promised_length_is_always_noticed(
            before in "[甲乙丙丁]{0,30}",
            passage in "[一-龥]{19,40}",
            after in "[子丑寅卯]{0,30}",
        ) {
            let known = Fingerprint::of(&format!("{passage}而后别有内容若干以凑成长文"));
            let other = Fingerprint::of(&format!("{before}{passage}{after}"));
            proptest::prop_assert!(known.overlap(&other).shared > 0);
        }
    }
}
