//! Rules by the byte that what they look at has to start with.

/// A rule with the byte.
pub(crate) type Entry = (u8, u32);

/// Names the rules that may match what starts with a byte.
#[derive(Debug, Default)]
pub(crate) struct HeadIndex {
    /// In the order of their bytes.
    rules: Box<[u32]>,
    /// Where the rules of each byte end; nothing when there are no rules.
    ends: Box<[u32]>,
}

impl HeadIndex {
    pub(crate) fn new(mut entries: Vec<Entry>) -> Self {
        if entries.is_empty() {
            return Self::default();
        }
        entries.sort_unstable();
        let end = |byte: u8| u32::try_from(entries.partition_point(|entry| entry.0 <= byte)).unwrap_or(u32::MAX);
        Self { ends: (0..=u8::MAX).map(end).collect(), rules: entries.iter().map(|entry| entry.1).collect() }
    }

    /// The rules for what starts like this.
    pub(crate) fn of(&self, bytes: &[u8]) -> &[u32] {
        let Some(first) = bytes.first().map(|byte| usize::from(*byte)) else { return &[] };
        let Some(end) = self.ends.get(first) else { return &[] };
        let start = first.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.rules.get(start as usize..*end as usize).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_named_by_the_first_byte() {
        let index = HeadIndex::new(vec![(0xff, 4), (0, 7), (b'a', 2), (0, 1), (b'a', 3)]);
        let named = |bytes: &[u8]| index.of(bytes).to_vec();
        assert_eq!(named(b"\0"), [1, 7]);
        assert_eq!(named(b"abc"), [2, 3]);
        assert_eq!(named(b"\xff\xff"), [4]);
        assert!(named(b"b").is_empty() && named(b"").is_empty());
        assert!(HeadIndex::default().of(b"a").is_empty());
    }
}
