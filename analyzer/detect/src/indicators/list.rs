//! Reads a list of indicators in CSV: `type,value,severity,expires,description,description_zh,reference`; or one value per
//! line, whose type is told by its form.

use fengsui_schema::{Severity, Timestamp, shown};

/// What an indicator names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IndicatorKind {
    /// One address.
    Address,
    /// A range of addresses.
    Range,
    /// A domain and every name below it.
    Domain,
    /// Part of an address of the web.
    Url,
    /// MD5, SHA-1, SHA-256 or SM3 of a file.
    Hash,
}

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// What it names.
    pub kind: IndicatorKind,
    /// In lower case, in the form it is looked for.
    pub value: String,
    /// How grave a hit is.
    pub severity: Severity,
    /// The moment from which it no longer counts.
    pub expires: Option<Timestamp>,
    /// What it belongs to. Untrusted.
    pub description: String,
    /// The same in Chinese; may be empty. Untrusted.
    pub description_zh: String,
    /// Where it comes from. Untrusted.
    pub reference: String,
    /// Name of the list.
    pub list: String,
}

impl IndicatorKind {
    /// The word of lists in CSV.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "ip",
            Self::Range => "cidr",
            Self::Domain => "domain",
            Self::Url => "url",
            Self::Hash => "hash",
        }
    }
}

impl Indicator {
    /// The line of a list in CSV that reads back as this indicator.
    #[must_use]
    pub fn line(&self) -> String {
        let expires = self.expires.map(|time| time.to_string()).unwrap_or_default();
        let cells = [
            self.kind.as_str(),
            &self.value,
            self.severity.as_str(),
            &expires,
            &self.description,
            &self.description_zh,
            &self.reference,
        ];
        cells.map(cell_of).join(",")
    }
}

/// A cell (RFC 4180); line ends, which would begin another row, become spaces.
fn cell_of(text: &str) -> String {
    let flat: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    if flat.contains([',', '"']) { format!("\"{}\"", flat.replace('"', "\"\"")) } else { flat }
}

/// The indicators of a list, and the lines that are none with their reasons.
pub(super) fn parse(name: &str, text: &str) -> (Vec<Indicator>, Vec<String>) {
    let (mut indicators, mut failures) = (Vec::new(), Vec::new());
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with("type,") {
            continue;
        }
        match indicator(name, line) {
            Ok(indicator) => indicators.push(indicator),
            Err(reason) => failures.push(format!("line {}: {reason}", number + 1)),
        }
    }
    (indicators, failures)
}

fn indicator(list: &str, line: &str) -> Result<Indicator, String> {
    let cells = cells(line);
    let cell = |index: usize| cells.get(index).map(|cell| cell.trim()).unwrap_or_default();
    let (kind, value) = if cells.len() == 1 { told_by_form(cell(0))? } else { checked(cell(0), cell(1))? };
    let severity = match cell(2) {
        "" => Severity::High,
        word => Severity::from_word(word).ok_or_else(|| format!("{} is no severity", shown(word)))?,
    };
    let expires = match cell(3) {
        "" => None,
        day if day.len() == 10 => {
            Some(format!("{day}T00:00:00Z").parse().map_err(|_| format!("{} is no day", shown(day)))?)
        }
        time => Some(time.parse().map_err(|_| format!("{} is no time", shown(time)))?),
    };
    let [description, description_zh, reference] = [4, 5, 6].map(|index| cell(index).to_owned());
    Ok(Indicator { kind, value, severity, expires, description, description_zh, reference, list: list.to_owned() })
}

/// A value in lower case, as it is written where nobody has to be kept from clicking on it (`[.]`, `[:]`).
#[must_use]
pub fn clickable(value: &str) -> String {
    value.trim().replace("[.]", ".").replace("[:]", ":").to_lowercase()
}

/// A web address in lower case as lists have it: without its scheme, which may be written so that nobody clicks on it
/// (`hxxp`), and without its fragment.
#[must_use]
pub fn without_scheme(address: &str) -> &str {
    let schemes = ["http://", "https://", "hxxp://", "hxxps://", "ftp://"];
    let bare = schemes.iter().find_map(|scheme| address.strip_prefix(scheme)).unwrap_or(address);
    bare.split('#').next().unwrap_or_default()
}

/// A value of a type, in the form it is looked for: lower case, networks without host bits, web addresses without
/// scheme. Values written so that nobody clicks on them (`hxxp`, `[.]`) are understood.
pub(super) fn checked(kind: &str, value: &str) -> Result<(IndicatorKind, String), String> {
    let value = clickable(value);
    let wrong = || format!("{} is no indicator of type {}", shown(&value), shown(kind));
    match kind {
        "ip" | "address" | "cidr" | "range" => {
            if let Ok(address) = value.parse::<std::net::IpAddr>() {
                return Ok((IndicatorKind::Address, address.to_canonical().to_string()));
            }
            let range = value.parse::<ipnet::IpNet>().map_err(|_| wrong())?.trunc();
            Ok((IndicatorKind::Range, range.to_string()))
        }
        "domain" => {
            let name = value.trim_start_matches("*.").trim_matches('.');
            if is_domain(name) { Ok((IndicatorKind::Domain, name.to_owned())) } else { Err(wrong()) }
        }
        "url" => {
            let bare = without_scheme(&value);
            if bare.len() >= 4 { Ok((IndicatorKind::Url, bare.to_owned())) } else { Err(wrong()) }
        }
        "hash" | "md5" | "sha1" | "sha256" | "sm3" if is_hash(&value) => Ok((IndicatorKind::Hash, value)),
        _ => Err(wrong()),
    }
}

/// A value that stands alone: an address or a range, a hash, a web address when there is a slash, a domain.
fn told_by_form(value: &str) -> Result<(IndicatorKind, String), String> {
    let exact = checked("ip", value).or_else(|_| checked("hash", value));
    let named = |_| checked(if value.contains('/') { "url" } else { "domain" }, value);
    let wrong = |_| format!("{} is no address, range, domain, web address or hash; write type,value", shown(value));
    exact.or_else(named).map_err(wrong)
}

fn is_domain(text: &str) -> bool {
    text.contains('.')
        && text.len() <= 253
        && text.chars().all(|character| character.is_alphanumeric() || matches!(character, '.' | '-' | '_'))
}

fn is_hash(text: &str) -> bool {
    matches!(text.len(), 32 | 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The cells of one row (RFC 4180 without line ends inside quotes).
fn cells(row: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = row.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    cells.push(cell);
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_lines_are_kept_and_bad_ones_listed() {
        let text = "type,value\n# note\nip,192.0.2.1,critical,2027-01-01,\"a, b\",甲\ncidr,198.51.100.0/24\ndomain,Bad.Example\nhash,abc\nip,x\nurl,/a.php,worst\n";
        let (indicators, failures) = parse("list", text);
        assert_eq!(
            indicators.iter().map(|indicator| indicator.kind).collect::<Vec<_>>(),
            [IndicatorKind::Address, IndicatorKind::Range, IndicatorKind::Domain]
        );
        assert_eq!((indicators[0].description.as_str(), indicators[0].list.as_str()), ("a, b", "list"));
        assert_eq!(indicators[2].value, "bad.example");
        assert_eq!(failures.len(), 3);
    }

    #[test]
    fn values_alone_say_what_they_are() {
        use IndicatorKind::{Address, Domain, Hash, Range, Url};
        let text = "192.0.2[.]1\n198.51.100.7/24\nBad[.]example\nhxxps://bad.example/a.php\nD41D8CD98F00B204E9800998ECF8427E\n\nnothing\n";
        let (indicators, failures) = parse("list", text);
        let found: Vec<(IndicatorKind, &str)> = indicators.iter().map(|one| (one.kind, one.value.as_str())).collect();
        let expected = [
            (Address, "192.0.2.1"),
            (Range, "198.51.100.0/24"),
            (Domain, "bad.example"),
            (Url, "bad.example/a.php"),
            (Hash, "d41d8cd98f00b204e9800998ecf8427e"),
        ];
        assert_eq!(found, expected);
        assert!(matches!(failures.as_slice(), [one] if one.starts_with("line 7: \"nothing\"")), "{failures:?}");
    }

    #[test]
    fn lines_read_back() {
        let hostile = "a, \"b\"\nip,192.0.2.9";
        let indicator = Indicator {
            kind: IndicatorKind::Domain,
            value: "bad.example".to_owned(),
            severity: Severity::Critical,
            expires: Some(Timestamp::from_millis(1_795_000_000_000)),
            description: hostile.to_owned(),
            description_zh: "恶意".to_owned(),
            reference: "x,y".to_owned(),
            list: "list".to_owned(),
        };
        let (read, failures) = parse("list", &indicator.line());
        let expected = Indicator { description: hostile.replace('\n', " "), ..indicator };
        assert_eq!((read, failures.len()), (vec![expected], 0));
    }
}
