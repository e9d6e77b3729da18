//! A column of a table in one piece of memory, so that millions of cells cost no allocation each.

/// What a cell is in the format it came from. The kind is kept by masking where the masked text still is of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CellKind {
    /// No value: null, an empty cell of a spreadsheet, a field that is not there.
    Missing,
    /// Text.
    #[default]
    Text,
    /// A number as decimal text.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A day or a moment, written `2026-01-02` or `2026-01-02 03:04:05`.
    Date,
    /// A JSON array or object.
    Json,
}

/// The cells of one column, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cells {
    text: String,
    ends: Vec<(usize, CellKind)>,
}

impl Cells {
    /// A column without cells.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many cells there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Removes all cells and keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Appends a cell.
    pub fn push(&mut self, text: &str, kind: CellKind) {
        self.text.push_str(text);
        self.ends.push((self.text.len(), kind));
    }

    /// Appends a cell without a value.
    pub fn push_missing(&mut self) {
        self.ends.push((self.text.len(), CellKind::Missing));
    }

    /// Appends what `write` adds to the text, as a cell of the kind it returns.
    pub fn push_with(&mut self, write: impl FnOnce(&mut String) -> CellKind) {
        let kind = write(&mut self.text);
        self.ends.push((self.text.len(), kind));
    }

    /// Text and kind of a cell; an empty text for a missing one and past the end.
    #[must_use]
    pub fn get(&self, index: usize) -> (&str, CellKind) {
        let Some((end, kind)) = self.ends.get(index).copied() else { return ("", CellKind::Missing) };
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(end, _)| *end);
        (self.text.get(start..end).unwrap_or_default(), kind)
    }

    /// All cells in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, CellKind)> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Appends the cells of another column.
    pub fn append(&mut self, other: &Self) {
        let before = self.text.len();
        self.text.push_str(&other.text);
        self.ends.extend(other.ends.iter().map(|(end, kind)| (before + end, *kind)));
    }

    /// The texts of all cells, one behind the other.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of text.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_back_in_order() {
        let mut cells = Cells::new();
        cells.push("马", CellKind::Text);
        cells.push_missing();
        cells.push("", CellKind::Text);
        cells.push_with(|text| {
            text.push_str("12");
            CellKind::Number
        });
        let all: Vec<_> = cells.iter().collect();
        let expected =
            [("马", CellKind::Text), ("", CellKind::Missing), ("", CellKind::Text), ("12", CellKind::Number)];
        assert_eq!(all, expected);
        assert_eq!(cells.get(9), ("", CellKind::Missing));
    }
}
