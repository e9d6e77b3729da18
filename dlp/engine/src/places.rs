//! Places of findings in characters, for whoever does not count bytes.

/// Turns places in bytes into places in characters. The places that are asked for one after another are best in order:
/// then each character is counted once.
#[derive(Debug)]
pub struct Places<'t> {
    text: &'t str,
    byte: usize,
    character: usize,
}

impl<'t> Places<'t> {
    /// Places of a text.
    #[must_use]
    pub const fn new(text: &'t str) -> Self {
        Self { text, byte: 0, character: 0 }
    }

    /// First character of what lies between two bytes, from 0, and the character after its last one.
    pub fn of(&mut self, start: usize, end: usize) -> (usize, usize) {
        let count = |text: Option<&str>| text.map_or(0, |text| text.chars().count());
        self.character = match self.text.get(self.byte..start) {
            Some(between) => self.character + between.chars().count(),
            None => count(self.text.get(..start)),
        };
        self.byte = start;
        (self.character, self.character + count(self.text.get(start..end)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_characters_in_any_order() {
        let mut places = Places::new("电话13800138000和13800138001");
        assert_eq!((places.of(6, 17), places.of(20, 31)), ((2, 13), (14, 25)));
        assert_eq!((places.of(0, 6), places.of(17, 20)), ((0, 2), (13, 14)));
        assert_eq!(places.of(17, 31), (13, 25), "one may begin where another does");
    }
}
