//! What the header of a column says: Chinese words, Pinyin and its initials, English, with the prefixes systems put before them.

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
    fn rules_name_only_known_types() {
        let known = crate::Engine::data_types();
        for rule in RULES.iter() {
            assert!(known.iter().any(|(name, _)| *name == rule.data_type), "{}", rule.data_type);
        }
    }
}
