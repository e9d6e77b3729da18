//! `dataset`: whether a buffer is in a list.

use std::collections::HashSet;
use std::sync::Arc;

use fengsui_schema::shown;
use md5::Digest as _;

use crate::draft::Draft;
use crate::keywords::base64::decode_lenient;
use crate::keywords::{Keyword, keyword, pair, parts};
use crate::rule::{Source, Test};

pub(crate) const KEYWORDS: &[Keyword] = &[keyword("dataset", parse)];

/// Whether a buffer is in a list.
#[derive(Debug, Clone)]
pub(crate) struct Dataset {
    values: Arc<HashSet<Vec<u8>>>,
    kind: Kind,
    is_set: bool,
}

/// How the values of the list are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Base64 of the value, one per line.
    String,
    /// MD5 in hexadecimal.
    Md5,
    /// SHA-256 in hexadecimal.
    Sha256,
}

impl Dataset {
    pub(crate) fn holds(&self, buffer: &[u8]) -> bool {
        let contained = match self.kind {
            Kind::String => self.values.contains(buffer),
            Kind::Md5 => self.values.contains(md5::Md5::digest(buffer).as_slice()),
            Kind::Sha256 => self.values.contains(sha2::Sha256::digest(buffer).as_slice()),
        };
        contained == self.is_set
    }
}

fn parse(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let mut options = parts(value);
    let is_set = match options.next() {
        Some("isset") => true,
        Some("isnotset") => false,
        Some(other) => return Err(format!("command {} is not supported; write isset or isnotset", shown(other))),
        None => return Err("needs a command".to_owned()),
    };
    options.next().ok_or("needs a name")?;
    let (mut kind, mut file) = (None, None);
    for option in options {
        match pair(option) {
            ("type", "string") => kind = Some(Kind::String),
            ("type", "md5") => kind = Some(Kind::Md5),
            ("type", "sha256") => kind = Some(Kind::Sha256),
            ("load", name) => file = Some(name),
            ("memcap" | "hashsize", _) => {}
            _ => return Err(format!("option {} is not supported", shown(option))),
        }
    }
    let (kind, file) = (kind.ok_or("needs a type")?, file.ok_or("needs a file to load")?);
    if draft.source() == Source::Payload {
        return Err("needs a sticky buffer before it".to_owned());
    }
    let content = draft.data.0.get(file).ok_or_else(|| format!("the list {} was not given", shown(file)))?;
    let lines = content.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let values = lines.filter(|line| !line.is_empty() && line[0] != b'#').map(|line| entry(line, kind));
    let values = values.collect::<Option<HashSet<_>>>();
    let values = Arc::new(values.ok_or_else(|| format!("the list {} holds a line of another type", shown(file)))?);
    draft.push(Test::Dataset(Dataset { values, kind, is_set }));
    Ok(())
}

fn entry(line: &[u8], kind: Kind) -> Option<Vec<u8>> {
    match kind {
        Kind::String => Some(decode_lenient(line)),
        Kind::Md5 => hex::decode(line).ok().filter(|hash| hash.len() == 16),
        Kind::Sha256 => hex::decode(line).ok().filter(|hash| hash.len() == 32),
    }
}
