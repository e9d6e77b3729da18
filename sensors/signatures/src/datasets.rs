//! Sets of values that rules look in and change: `dataset`, `datarep`.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use fengsui_schema::shown;
use serde_json::Value;

use crate::keywords::base64::decode_lenient;
use crate::limits;

/// What the values of a set are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatasetKind {
    /// Any bytes; base64 in files.
    Text,
    /// 16 bytes; hexadecimal in files.
    Md5,
    /// 32 bytes; hexadecimal in files.
    Sha256,
    /// IPv4 addresses.
    Ipv4,
    /// IPv4 and IPv6 addresses.
    Ip,
}

/// How a file of values is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    /// One value a line, with a reputation behind a comma.
    #[default]
    Lines,
    /// A JSON list of objects.
    Json,
    /// One JSON object a line.
    JsonLines,
}

/// What stands beside a value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Note {
    /// Of `datarep`.
    pub(crate) reputation: Option<u16>,
    /// Of JSON files: the object it was in.
    pub(crate) context: Option<Arc<Value>>,
}

/// A set of values.
#[derive(Debug)]
pub struct Dataset {
    name: String,
    kind: DatasetKind,
    /// File the set is written to at the end, as a rule names it.
    pub(crate) save: Mutex<Option<String>>,
    values: RwLock<HashMap<Vec<u8>, Note>>,
}

/// All sets by name.
#[derive(Debug, Default)]
pub struct Datasets(Mutex<BTreeMap<String, Arc<Dataset>>>);

impl DatasetKind {
    /// From the word rules and settings use.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::Text,
            "md5" => Self::Md5,
            "sha256" => Self::Sha256,
            "ipv4" => Self::Ipv4,
            "ip" | "ipv6" => Self::Ip,
            _ => return None,
        })
    }
}

impl Datasets {
    /// Makes a set from a file of lines, to be saved under a name if one is given.
    ///
    /// # Errors
    /// When a set of that name is of another type, or a line is no value of the type.
    pub fn declare(&self, name: &str, kind: DatasetKind, content: &[u8], save: Option<String>) -> Result<(), String> {
        let (set, _) = self.open(name, Some(kind))?;
        *set.save.lock().unwrap_or_else(PoisonError::into_inner) = save;
        set.read_lines(content)
    }

    /// The set of a name, made when it is not there.
    pub(crate) fn open(&self, name: &str, kind: Option<DatasetKind>) -> Result<(Arc<Dataset>, bool), String> {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = sets.get(name) {
            if kind.is_some_and(|kind| kind != set.kind) {
                return Err(format!("the set {} is of another type", shown(name)));
            }
            return Ok((Arc::clone(set), false));
        }
        let kind = kind.ok_or_else(|| format!("the set {} is not defined yet and needs a type", shown(name)))?;
        if sets.len() >= limits::DATASETS {
            return Err(format!("there are more than {} sets", limits::DATASETS));
        }
        let set = Dataset { name: name.to_owned(), kind, save: Mutex::default(), values: RwLock::default() };
        let set = Arc::new(set);
        sets.insert(name.to_owned(), Arc::clone(&set));
        Ok((set, true))
    }

    /// What is to be saved: file as rules name it, and its content.
    #[must_use]
    pub fn to_save(&self) -> Vec<(String, String)> {
        let sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let saved = |set: &Arc<Dataset>| {
            let file = set.save.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
            Some((file, set.written()))
        };
        sets.values().filter_map(saved).collect()
    }
}

impl Dataset {
    /// Name rules use.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its values are.
    #[must_use]
    pub const fn kind(&self) -> DatasetKind {
        self.kind
    }

    /// The form a buffer is kept in; none when it can be no value of this set.
    fn key<'b>(&self, buffer: &'b [u8]) -> Option<std::borrow::Cow<'b, [u8]>> {
        match (self.kind, buffer.len()) {
            (DatasetKind::Text, 1..) | (DatasetKind::Md5, 16) | (DatasetKind::Sha256, 32) | (DatasetKind::Ipv4, 4) => {
                Some(buffer.into())
            }
            (DatasetKind::Ip, 4) => Some([&[0; 10][..], &[0xff; 2], buffer].concat().into()),
            (DatasetKind::Ip, 16) => Some(buffer.into()),
            _ => None,
        }
    }

    pub(crate) fn find(&self, buffer: &[u8]) -> Option<Note> {
        let key = self.key(buffer)?;
        self.values.read().unwrap_or_else(PoisonError::into_inner).get(key.as_ref()).cloned()
    }

    /// Whether the set holds a name that ends in one of its values (`match subdomain`; values start with a dot).
    pub(crate) fn find_suffix(&self, buffer: &[u8]) -> Option<Note> {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        let dots = memchr::memchr_iter(b'.', buffer);
        std::iter::once(0).chain(dots).find_map(|start| values.get(&buffer[start..]).cloned())
    }

    /// Whether the buffer was added: false when it was there or there is no room.
    pub(crate) fn add(&self, buffer: &[u8]) -> bool {
        let Some(key) = self.key(buffer) else { return false };
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        if values.contains_key(key.as_ref()) || values.len() >= limits::DATASET_VALUES {
            return false;
        }
        values.insert(key.into_owned(), Note::default());
        true
    }

    /// Whether the buffer was there.
    pub(crate) fn remove(&self, buffer: &[u8]) -> bool {
        let Some(key) = self.key(buffer) else { return false };
        self.values.write().unwrap_or_else(PoisonError::into_inner).remove(key.as_ref()).is_some()
    }

    /// Takes over the lines of a file.
    pub(crate) fn read_lines(&self, content: &[u8]) -> Result<(), String> {
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        for (number, line) in content.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line[0] == b'#' {
                continue;
            }
            let (value, reputation) = match memchr::memchr(b',', line) {
                Some(comma) => (line[..comma].trim_ascii(), Some(line[comma + 1..].trim_ascii())),
                None => (line, None),
            };
            let reputation = reputation.map(|text| std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()));
            let broken =
                || format!("line {} of the file for {} is no value of its type", number + 1, shown(&self.name));
            if values.len() >= limits::DATASET_VALUES {
                return Err(format!(
                    "the file for {} holds more than {} values",
                    shown(&self.name),
                    limits::DATASET_VALUES
                ));
            }
            let note =
                Note { reputation: reputation.map(|value| value.ok_or_else(broken)).transpose()?, context: None };
            values.insert(self.entry(value).ok_or_else(broken)?, note);
        }
        Ok(())
    }

    /// Takes over the objects of a JSON file: the value at one key, the object beside it.
    pub(crate) fn read_json(&self, content: &[u8], format: Format, path: JsonPath<'_>) -> Result<(), String> {
        let objects = if format == Format::Json {
            let tree: Value = serde_json::from_slice(content).map_err(|error| format!("holds no JSON: {error}"))?;
            let list = path.list.map_or(Some(&tree), |list| at_path(&tree, list));
            list.and_then(Value::as_array).ok_or("holds no list where it is looked for")?.clone()
        } else {
            let lines = content.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
            let parsed: Result<Vec<Value>, _> = lines.map(serde_json::from_slice).collect();
            parsed.map_err(|error| format!("holds a line that is no JSON: {error}"))?
        };
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        for mut object in objects {
            if values.len() >= limits::DATASET_VALUES {
                return Err(format!("holds more than {} values", limits::DATASET_VALUES));
            }
            let value = at_path(&object, path.value).and_then(Value::as_str).ok_or("an object lacks its value")?;
            let key = self.text_entry(value).ok_or_else(|| format!("{} is no value of its type", shown(value)))?;
            if let (true, Some(object)) = (path.remove_value, object.as_object_mut()) {
                object.remove(path.value);
            }
            values.insert(key, Note { reputation: None, context: Some(Arc::new(object)) });
        }
        Ok(())
    }

    /// A value as files of lines write it.
    fn entry(&self, line: &[u8]) -> Option<Vec<u8>> {
        match self.kind {
            DatasetKind::Text => Some(decode_lenient(line)),
            DatasetKind::Md5 => hex::decode(line).ok().filter(|hash| hash.len() == 16),
            DatasetKind::Sha256 => hex::decode(line).ok().filter(|hash| hash.len() == 32),
            DatasetKind::Ipv4 | DatasetKind::Ip => self.address(std::str::from_utf8(line).ok()?),
        }
    }

    /// A value as JSON files write it: text stands as it is.
    fn text_entry(&self, text: &str) -> Option<Vec<u8>> {
        if self.kind == DatasetKind::Text { Some(text.as_bytes().to_vec()) } else { self.entry(text.as_bytes()) }
    }

    fn address(&self, text: &str) -> Option<Vec<u8>> {
        let bytes = match text.parse::<IpAddr>().ok()? {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        self.key(&bytes).map(std::borrow::Cow::into_owned)
    }

    /// All values, sorted, as a file of lines.
    fn written(&self) -> String {
        use base64::Engine as _;
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        let text = |value: &Vec<u8>| match self.kind {
            DatasetKind::Text => base64::engine::general_purpose::STANDARD.encode(value),
            DatasetKind::Md5 | DatasetKind::Sha256 => hex::encode(value),
            DatasetKind::Ipv4 | DatasetKind::Ip => address_text(value),
        };
        let mut lines: Vec<String> = values.keys().map(text).collect();
        lines.sort_unstable();
        lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }
}

/// Where the values of a JSON file are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct JsonPath<'a> {
    /// The list of objects; the top when absent.
    pub(crate) list: Option<&'a str>,
    /// The value within an object.
    pub(crate) value: &'a str,
    /// Whether the context leaves the value out.
    pub(crate) remove_value: bool,
}

fn at_path<'v>(tree: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(tree, |inner, name| inner.get(name))
}

/// IPv4 in its own form, IPv6 in full: both as Suricata's files have them.
fn address_text(bytes: &[u8]) -> String {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return IpAddr::from(four).to_string();
    }
    let Ok(sixteen) = <[u8; 16]>::try_from(bytes) else { return String::new() };
    let address = std::net::Ipv6Addr::from(sixteen);
    match address.to_ipv4_mapped() {
        Some(address) => address.to_string(),
        None => address.segments().iter().map(|group| format!("{group:04x}")).collect::<Vec<_>>().join(":"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_type_and_written_as_they_are_read() {
        let sets = Datasets::default();
        let (text, new) = sets.open("seen", Some(DatasetKind::Text)).unwrap();
        assert!(new && text.add(b"curl") && !text.add(b"curl") && text.find(b"curl").is_some());
        assert!(sets.open("seen", Some(DatasetKind::Ip)).is_err() && sets.open("other", None).is_err());
        *text.save.lock().unwrap() = Some("seen.csv".to_owned());
        assert_eq!(sets.to_save(), [("seen.csv".to_owned(), "Y3VybA==\n".to_owned())]);
        let (addresses, _) = sets.open("hosts", Some(DatasetKind::Ip)).unwrap();
        addresses.read_lines(b"192.0.2.1,7\n# note\n2001:db8::1\n").unwrap();
        assert_eq!(addresses.find(&[192, 0, 2, 1]).unwrap().reputation, Some(7));
        assert!(addresses.find(&[192, 0, 2, 2]).is_none() && addresses.read_lines(b"x\n").is_err());
        assert!(text.remove(b"curl") && !text.remove(b"curl"));
    }

    #[test]
    fn names_below_a_value_are_found() {
        let sets = Datasets::default();
        let (set, _) = sets.open("names", Some(DatasetKind::Text)).unwrap();
        set.add(b".evil.com");
        assert!(set.find_suffix(b".a.evil.com").is_some() && set.find_suffix(b".evil.com").is_some());
        assert!(set.find_suffix(b".notevil.com").is_none());
    }
}
