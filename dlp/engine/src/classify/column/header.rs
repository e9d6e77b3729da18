//! What the header of a column says: Chinese words, Pinyin and its initials, English, with the prefixes systems put before them.

use std::cell::RefCell;
use std::sync::LazyLock;

const HEADERS: &str = include_str!("../../../../../rules/dlp/headers.tsv");

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| HEADERS.lines().filter_map(Rule::parse).collect());

#[derive(Debug)]
struct Rule {
    data_type: &'static str,
    words: Vec<&'static str>,
    tokens: Vec<&'static str>,
    against: Vec<&'static str>,
}

impl Rule {
    fn parse(line: &'static str) -> Option<Self> {
        let mut fields = line.split('\t').filter(|_| !line.starts_with('#'));
        let list = |field: Option<&'static str>| field.map(|text| text.split('|').collect()).unwrap_or_default();
        let data_type = fields.next()?;
        Some(Self { data_type, words: list(fields.next()), tokens: list(fields.next()), against: list(fields.next()) })
    }

    /// How clearly a header names the type, in hundredths.
    fn weight(&self, header: &Header) -> u8 {
        let against = self.against.iter().any(|word| match word.is_ascii() {
            true => header.tokens.iter().any(|token| token == word),
            false => header.text.contains(word),
        });
        if against {
            return 0;
        }
        let word = self.words.iter().any(|word| header.text.contains(word));
        let exact =
            self.tokens.iter().any(|token| header.tokens.iter().any(|known| known == token) || header.joined == *token);
        // The longer the ending, the less it is one by chance.
        let suffix = self.tokens.iter().filter(|token| header.ends_with(token)).map(|token| token.len()).max();
        match () {
            () if word => 95,
            () if exact => 90,
            () => suffix.map_or(0, |length| 50 + 3 * u8::try_from(length.min(10)).unwrap_or(0)),
        }
    }
}

/// A header in the forms rules compare with.
#[derive(Debug)]
struct Header {
    text: String,
    tokens: Vec<String>,
    joined: String,
}

impl Header {
    fn new(header: &str) -> Self {
        let mut tokens: Vec<String> = vec![String::new()];
        let mut lower = false;
        for c in header.chars() {
            // A capital after a small letter begins a word: `idCardNo`.
            let begins = c.is_ascii_uppercase() && lower;
            if !c.is_ascii_alphabetic() || begins {
                tokens.push(String::new());
            }
            if c.is_ascii_alphabetic()
                && let Some(token) = tokens.last_mut()
            {
                token.push(c.to_ascii_lowercase());
            }
            lower = c.is_ascii_lowercase();
        }
        tokens.retain(|token| !token.is_empty());
        let joined = tokens.concat();
        Self {
            text: header.to_lowercase().replace("ip地址", "IP地址").replace("mac地址", "MAC地址"), tokens, joined
        }
    }

    /// `sqrsfzh`: initials of who it belongs to before those of what it is.
    fn ends_with(&self, token: &str) -> bool {
        token.len() >= 2 && self.tokens.iter().any(|known| known.len() > token.len() && known.ends_with(token))
    }
}

/// The types a header may mean, each with its weight in hundredths.
pub(super) fn meanings(header: &str) -> Vec<(&'static str, u8)> {
    let header = Header::new(header);
    let weighed = RULES.iter().map(|rule| (rule.data_type, rule.weight(&header)));
    weighed.filter(|(_, weight)| *weight > 0).collect()
}

/// What a header says of cells that are looked at one by one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) struct Said {
    /// That they are names of persons.
    pub(in super::super) person: bool,
    /// That they are addresses.
    pub(in super::super) address: bool,
}

thread_local! {
    /// The header of the last cell, because those of a column come one after the other or a row has few columns.
    static KNOWN: RefCell<Vec<(String, Said)>> = const { RefCell::new(Vec::new()) };
}

/// Headers that are remembered.
const REMEMBERED: usize = 64;

/// What a header says clearly: by a word, or by an identifier that is nothing else. `event_name` is no name of a person.
pub(in super::super) fn said(header: &str) -> Said {
    KNOWN.with_borrow_mut(|known| {
        if let Some((_, said)) = known.iter().find(|(text, _)| text == header) {
            return *said;
        }
        let parsed = Header::new(header);
        let clear = |data_type: &str| {
            RULES.iter().filter(|rule| rule.data_type == data_type).any(|rule| {
                let whole = rule.tokens.contains(&parsed.joined.as_str());
                let weight = rule.weight(&parsed);
                weight >= 95 || weight > 0 && whole
            })
        };
        let said = Said { person: clear("person_name"), address: clear("address") };
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.push((header.to_owned(), said));
        said
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(header: &str) -> Option<&'static str> {
        meanings(header).into_iter().max_by_key(|(_, weight)| *weight).map(|(name, _)| name)
    }

    #[test]
    fn headers_in_every_spelling() {
        for (header, meaning) in [
            ("申请人姓名", "person_name"),
            ("JBXX_XM", "person_name"),
            ("sqrsfzh", "cn_resident_id"),
            ("idCardNo", "cn_resident_id"),
            ("IP地址", "ip_address"),
            ("家庭住址", "address"),
            ("MZ", "ethnicity"),
        ] {
            assert_eq!(best(header), Some(meaning), "{header}");
        }
        assert_eq!(best("单位名称"), None);
    }

    #[test]
    fn headers_of_persons_and_addresses_say_so() {
        for header in ["姓名", "当事人", "患者姓名", "XM", "full_name", "patientName", "法定代表人", " 经办人 "]
        {
            assert!(said(header).person, "{header}");
        }
        for header in ["event_name", "file_name", "联系人电话", "单位名称", "note", ""] {
            assert!(!said(header).person, "{header}");
        }
        assert!(
            said("家庭住址").address && said("addr").address && !said("邮箱地址").address && !said("IP地址").address
        );
    }

    #[test]
    fn rules_name_only_known_types() {
        let known = crate::Engine::data_types();
        for rule in RULES.iter() {
            assert!(known.iter().any(|(name, _)| *name == rule.data_type), "{}", rule.data_type);
        }
    }
}
