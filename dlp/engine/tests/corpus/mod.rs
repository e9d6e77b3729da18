//! Chinese texts with known values, made from a seed: words and sentences of its own, check digits computed here.

mod values;

use std::collections::BTreeMap;

/// One value in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entity {
    /// Stable name of its type.
    pub(crate) data_type: String,
    /// As it stands in the text.
    pub(crate) text: String,
    /// First byte in the text.
    pub(crate) start: usize,
}

/// A text and what is in it.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// Kind of text.
    pub(crate) genre: String,
    pub(crate) text: String,
    pub(crate) entities: Vec<Entity>,
}

/// Word lists and sentences.
pub(crate) struct Corpus {
    lists: BTreeMap<String, Vec<String>>,
    templates: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// A small generator of numbers (xorshift64*), so that a seed gives the same texts everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    /// Below a limit.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or(0)
    }

    /// With a chance in a hundred.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }

    pub(crate) fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + u8::try_from(self.below(10)).unwrap_or(0))).collect()
    }
}

impl Corpus {
    pub(crate) fn load() -> Self {
        let lists: BTreeMap<String, String> = toml::from_str(include_str!("lists.toml")).expect("lists are TOML");
        let split = |(name, text): (String, String)| {
            let separator = if name == "divisions" { '\n' } else { ' ' };
            (name, text.split(separator).map(str::to_owned).collect())
        };
        let templates = toml::from_str(include_str!("templates.toml")).expect("templates are TOML");
        Self { lists: lists.into_iter().map(split).collect(), templates }
    }

    pub(crate) fn word(&self, list: &str, random: &mut Random) -> String {
        let words = &self.lists[list];
        words[random.below(words.len())].clone()
    }

    /// A number of records from the templates of a part: `development` or `held_out`.
    pub(crate) fn records(&self, part: &str, seed: u64, count: usize) -> Vec<Record> {
        let mut random = Random::new(seed);
        let all: Vec<(&String, &String)> = self.templates[part]
            .iter()
            .flat_map(|(genre, texts)| texts.iter().map(move |text| (genre, text)))
            .collect();
        (0..count)
            .map(|index| {
                let (genre, template) = all[index % all.len()];
                self.record(genre, template, &mut random)
            })
            .collect()
    }

    fn record(&self, genre: &str, template: &str, random: &mut Random) -> Record {
        let mut record = Record { genre: genre.to_owned(), text: String::new(), entities: Vec::new() };
        let mut rest = template;
        while let Some((head, tail)) = rest.split_once('{') {
            let (slot, after) = tail.split_once('}').expect("a slot is closed");
            record.text.push_str(head);
            let (name, form) = slot.split_once(':').unwrap_or((slot, ""));
            let value = self.value(name, form, random);
            if name.starts_with(|c: char| c.is_ascii_lowercase()) {
                let data_type = if name == "gps" { "gps_coordinates" } else { name };
                record.entities.push(Entity {
                    data_type: data_type.to_owned(),
                    text: value.clone(),
                    start: record.text.len(),
                });
            }
            record.text.push_str(&value);
            rest = after;
        }
        record.text.push_str(rest);
        record
    }

    /// A row of a dense table: name, identity number, telephone, card, mail, address, plate, date.
    pub(crate) fn row(&self, random: &mut Random) -> String {
        let types = ["person", "cn_resident_id", "cn_mobile", "bank_card", "email", "address", "cn_license_plate"];
        let mut row: Vec<String> = types.iter().map(|name| self.value(name, "", random)).collect();
        row.push(format!("2024-{:02}-{:02}", 1 + random.below(12), 1 + random.below(28)));
        row.join(",") + "\n"
    }
}
