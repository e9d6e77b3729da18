//! Keywords about files on the wire.

use std::collections::HashSet;
use std::sync::Arc;

use fengsui_protocols::Direction;
use fengsui_schema::shown;

use crate::FileView;
use crate::draft::Draft;
use crate::keywords::{Keyword, keyword, parts};
use crate::number::Comparison;
use crate::syntax::{pattern_bytes, quoted};

/// Something a rule asks of a file.
#[derive(Debug, Clone)]
pub(crate) struct FileCheck {
    negated: bool,
    test: FileTest,
}

#[derive(Debug, Clone)]
enum FileTest {
    Name(Vec<u8>),
    Extension(Vec<u8>),
    Magic(String),
    Size(Comparison),
    Hash(Arc<HashSet<Vec<u8>>>, HashKind),
    Stored,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HashKind {
    Md5,
    Sha1,
    Sha256,
}

impl FileCheck {
    /// A file that does not tell yet what the check needs does not match, negated or not.
    pub(crate) fn matches(&self, file: &FileView<'_>) -> bool {
        let answer = match &self.test {
            FileTest::Name(part) => file.name.map(|name| contains_any_case(name, part)),
            FileTest::Extension(extension) => file.name.map(|name| has_extension(name, extension)),
            FileTest::Magic(part) => file.magic.map(|magic| magic.contains(part.as_str())),
            FileTest::Size(comparison) => (file.complete
                || comparison.matches(u64::MAX) && comparison.matches(file.size))
            .then(|| comparison.matches(file.size)),
            FileTest::Hash(list, kind) => kind.of(file).map(|hash| list.contains(hash)),
            FileTest::Stored => Some(true),
        };
        answer.is_some_and(|answer| answer != self.negated)
    }
}

impl FileCheck {
    /// Whether it asks for the type of the file.
    pub(crate) const fn is_about_kind(&self) -> bool {
        matches!(self.test, FileTest::Magic(_))
    }

    /// Which digest it needs: 0 MD5, 1 SHA-1, 2 SHA-256.
    pub(crate) const fn digest(&self) -> Option<usize> {
        match &self.test {
            FileTest::Hash(_, HashKind::Md5) => Some(0),
            FileTest::Hash(_, HashKind::Sha1) => Some(1),
            FileTest::Hash(_, HashKind::Sha256) => Some(2),
            _ => None,
        }
    }
}

impl HashKind {
    fn of<'f>(self, file: &'f FileView<'_>) -> Option<&'f [u8]> {
        match self {
            Self::Md5 => file.md5.as_ref().map(<[u8; 16]>::as_slice),
            Self::Sha1 => file.sha1.as_ref().map(<[u8; 20]>::as_slice),
            Self::Sha256 => file.sha256.as_ref().map(<[u8; 32]>::as_slice),
        }
    }

    const fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

fn contains_any_case(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(&text.to_ascii_lowercase(), part).is_some()
}

fn has_extension(name: &[u8], extension: &[u8]) -> bool {
    let dot = memchr::memrchr(b'.', name);
    dot.is_some_and(|dot| name[dot + 1..].eq_ignore_ascii_case(extension))
}

pub(crate) const KEYWORDS: &[Keyword] = &[
    keyword("filename", |draft, value| {
        text_check(draft, value, |pattern| FileTest::Name(pattern.to_ascii_lowercase()))
    }),
    keyword("fileext", |draft, value| text_check(draft, value, FileTest::Extension)),
    keyword("filemagic", |draft, value| {
        text_check(draft, value, |pattern| FileTest::Magic(String::from_utf8_lossy(&pattern).into_owned()))
    }),
    keyword("filesize", |draft, value| {
        let size = parts(value).find(|part| !matches!(*part, "to_client" | "to_server")).unwrap_or("");
        let test = FileTest::Size(Comparison::parse(size)?);
        draft.file_checks.push(FileCheck { negated: false, test });
        Ok(())
    }),
    keyword("filemd5", |draft, value| hash_list(draft, value, HashKind::Md5)),
    keyword("filesha1", |draft, value| hash_list(draft, value, HashKind::Sha1)),
    keyword("filesha256", |draft, value| hash_list(draft, value, HashKind::Sha256)),
    keyword("filestore", |draft, value| {
        match super::parts(value).next() {
            Some("to_server" | "request") => draft.direction = Some(Direction::ToServer),
            Some("to_client" | "response") => draft.direction = Some(Direction::ToClient),
            Some("both") | None => {}
            Some(other) => return Err(format!("{} is no direction", shown(other))),
        }
        draft.info.filestore = true;
        draft.file_checks.push(FileCheck { negated: false, test: FileTest::Stored });
        Ok(())
    }),
];

fn text_check(draft: &mut Draft<'_>, value: &str, test: fn(Vec<u8>) -> FileTest) -> Result<(), String> {
    let quoted = quoted(value)?;
    let test = test(pattern_bytes(quoted.inner)?);
    draft.file_checks.push(FileCheck { negated: quoted.negated, test });
    Ok(())
}

/// A list of hashes, one per line in hexadecimal, from the data the caller gave.
fn hash_list(draft: &mut Draft<'_>, value: &str, kind: HashKind) -> Result<(), String> {
    let (negated, name) = value.strip_prefix('!').map_or((false, value), |rest| (true, rest.trim()));
    let content = draft.data.files.get(name).ok_or_else(|| format!("the list {} was not given", shown(name)))?;
    let mut hashes = HashSet::new();
    for line in content.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
        let word = line.split(u8::is_ascii_whitespace).next().unwrap_or(line);
        if word.is_empty() || word[0] == b'#' {
            continue;
        }
        let hash = hex::decode(word).ok().filter(|hash| hash.len() == kind.length());
        hashes.insert(hash.ok_or_else(|| format!("the list {} holds a line that is no such hash", shown(name)))?);
    }
    draft.file_checks.push(FileCheck { negated, test: FileTest::Hash(Arc::new(hashes), kind) });
    Ok(())
}
