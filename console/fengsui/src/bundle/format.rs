//! The form of a bundle, and everything that has to hold before one is believed. No files, no clock.
//!
//! A bundle is an SM2-signed envelope of the kind `bundle.<purpose>`. Its payload is the length of the manifest (32 bits,
//! little endian), the manifest (JSON), and the files one after another in the manifest's order. The signature covers all
//! of it; the manifest says which files there are, with their SM3, so that each can be named in a report.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use anyhow::{Context, bail, ensure};
use fengsui_crypto::{Envelope, KeyId, KeyPair, PublicKey, sm3};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Files of one bundle.
const FILES: usize = 20_000;
/// Bytes of a manifest.
const MANIFEST_BYTES: usize = 8 << 20;

/// What a bundle is for. Each purpose has folders of its own and is signed under a name of its own, so that one can't be
/// passed off as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Purpose {
    /// Rules of the sensor and the analyzer.
    Rules,
    /// Masking policies; a person puts them in force.
    Masking,
}

impl Purpose {
    /// The word in file names and settings.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Masking => "masking",
        }
    }

    fn kind(self) -> String {
        format!("bundle.{}", self.as_str())
    }

    /// Folders and the ending that files in them have.
    pub(crate) const fn folders(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Rules => &[
                ("suricata", "rules"),
                ("sigma", "yml"),
                ("indicators", "csv"),
                ("yara", "yar"),
                ("suppressions", "toml"),
                ("grading", "toml"),
                ("dlp", "toml"),
            ],
            Self::Masking => &[("policies", "toml")],
        }
    }

    /// Whether a file has a place in such a bundle.
    pub(crate) fn takes(self, path: &str) -> bool {
        let path = Path::new(path);
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        let first = path.components().next().and_then(|part| part.as_os_str().to_str());
        let ending = path.extension().and_then(|ending| ending.to_str());
        let known = self.folders().iter().any(|(folder, ends)| first == Some(*folder) && ending == Some(*ends));
        plain && path.components().count() > 1 && known && !path.to_string_lossy().chars().any(char::is_control)
    }
}

/// What a bundle says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    format: u32,
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// Grows from bundle to bundle.
    pub(crate) version: u64,
    /// Not to be used before (RFC 3339).
    #[serde(with = "moment")]
    pub(crate) not_before: Timestamp,
    /// Not to be used from then on (RFC 3339).
    #[serde(with = "moment")]
    pub(crate) expires: Timestamp,
    /// Its files in their order.
    pub(crate) files: Vec<Entry>,
}

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// Path below the bundle, with `/`.
    pub(crate) path: String,
    /// Bytes.
    pub(crate) size: u64,
    /// SM3 in hexadecimal digits.
    pub(crate) sm3: String,
}

/// A bundle whose signature, time and content hold.
#[derive(Debug, Clone)]
pub(crate) struct Bundle {
    /// What it says of itself.
    pub(crate) manifest: Manifest,
    /// Content of its files, in the manifest's order.
    pub(crate) contents: Vec<Vec<u8>>,
    /// Who signed it.
    pub(crate) signer: KeyId,
    /// SM3 of the bundle as a whole, in hexadecimal digits.
    pub(crate) digest: String,
}

/// Packs files and signs them.
///
/// # Errors
/// When a file has no place in such a bundle, or there is too much.
pub(crate) fn seal(
    (purpose, version): (Purpose, u64),
    (not_before, expires): (Timestamp, Timestamp),
    files: &[(String, Vec<u8>)],
    signer: &KeyPair,
) -> anyhow::Result<Vec<u8>> {
    let entry = |(path, content): &(String, Vec<u8>)| Entry {
        path: path.clone(),
        size: content.len() as u64,
        sm3: digits(&sm3(content)),
    };
    let manifest =
        Manifest { format: 1, purpose, version, not_before, expires, files: files.iter().map(entry).collect() };
    check_manifest(&manifest)?;
    let text = serde_json::to_vec(&manifest)?;
    let length = u32::try_from(text.len()).context("the manifest is too long")?;
    let mut payload = length.to_le_bytes().to_vec();
    payload.extend(text);
    files.iter().for_each(|(_, content)| payload.extend_from_slice(content));
    Ok(Envelope::sign(signer, &purpose.kind(), payload)?.encode())
}

/// Opens a bundle for a purpose: only what a trusted key signed, unaltered, within its time.
///
/// # Errors
/// What does not hold; nothing of the bundle may be used then.
pub(crate) fn open(bytes: &[u8], purpose: Purpose, signers: &[PublicKey], now: Timestamp) -> anyhow::Result<Bundle> {
    let envelope = Envelope::decode(bytes).context("it is no signed bundle")?;
    let signer = signers.iter().find(|signer| signer.id() == envelope.key);
    let signer = signer.with_context(|| format!("key {} that signed it is not trusted here", envelope.key))?;
    let payload = envelope.open(&purpose.kind(), signer).context("its signature does not fit; it was altered")?;
    let (manifest, rest) = split(payload)?;
    check_manifest(&manifest)?;
    ensure!(manifest.purpose == purpose, "it is for {}", manifest.purpose.as_str());
    ensure!(now >= manifest.not_before, "it is not to be used before {}", manifest.not_before);
    ensure!(now < manifest.expires, "it expired at {}; get a newer one", manifest.expires);
    let contents = contents(&manifest, rest)?;
    Ok(Bundle { manifest, contents, signer: signer.id(), digest: digits(&sm3(bytes)) })
}

fn split(payload: &[u8]) -> anyhow::Result<(Manifest, &[u8])> {
    let (length, rest) = payload.split_first_chunk::<4>().context("its manifest is cut")?;
    let length = usize::try_from(u32::from_le_bytes(*length))?;
    ensure!(length <= MANIFEST_BYTES, "its manifest has {length} bytes, more than {MANIFEST_BYTES}");
    let (text, rest) = rest.split_at_checked(length).context("its manifest is cut")?;
    Ok((serde_json::from_slice(text).context("its manifest is not understood")?, rest))
}

fn check_manifest(manifest: &Manifest) -> anyhow::Result<()> {
    ensure!(manifest.format == 1, "it has form {}, this program reads form 1", manifest.format);
    ensure!(manifest.not_before < manifest.expires, "it expires before it may be used");
    ensure!(manifest.files.len() <= FILES, "it has {} files, more than {FILES}", manifest.files.len());
    let mut seen = BTreeSet::new();
    for Entry { path, .. } in &manifest.files {
        if !manifest.purpose.takes(path) {
            let folders = manifest.purpose.folders().iter();
            let places: Vec<String> = folders.map(|(folder, ending)| format!("{folder}/*.{ending}")).collect();
            bail!("{} has no place in it; these have: {}", fengsui_schema::shown(path), places.join(", "));
        }
        ensure!(seen.insert(path), "{} is in it twice", fengsui_schema::shown(path));
    }
    Ok(())
}

fn contents(manifest: &Manifest, mut rest: &[u8]) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut contents = Vec::with_capacity(manifest.files.len());
    for file in &manifest.files {
        let name = fengsui_schema::shown(&file.path);
        let (content, after) =
            usize::try_from(file.size).ok().and_then(|size| rest.split_at_checked(size)).context("it is cut")?;
        ensure!(digits(&sm3(content)) == file.sm3, "{name} is another file than its manifest says");
        contents.push(content.to_vec());
        rest = after;
    }
    ensure!(rest.is_empty(), "{} bytes follow its last file", rest.len());
    Ok(contents)
}

/// A moment as text.
mod moment {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(moment)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        text.parse().expect("is a time")
    }

    fn times() -> (Timestamp, Timestamp) {
        (moment("2026-01-01T00:00:00Z"), moment("2027-01-01T00:00:00Z"))
    }

    fn files() -> Vec<(String, Vec<u8>)> {
        vec![("suricata/a.rules".to_owned(), b"rule".to_vec()), ("sigma/web/b.yml".to_owned(), b"title: b".to_vec())]
    }

    #[test]
    fn a_bundle_opens_for_its_signer_in_its_time_only() {
        let (signer, other) = (KeyPair::generate().expect("key"), KeyPair::generate().expect("key"));
        let bytes = seal((Purpose::Rules, 3), times(), &files(), &signer).expect("is sealed");
        let at = |time: &str, key: &KeyPair| open(&bytes, Purpose::Rules, &[key.public()], moment(time));
        let bundle = at("2026-06-01T00:00:00Z", &signer).expect("opens");
        assert_eq!((bundle.manifest.version, bundle.contents.len()), (3, 2));
        assert_eq!(bundle.contents[1], b"title: b");
        for (time, key, reason) in [
            ("2025-12-31T23:59:59Z", &signer, "not to be used before"),
            ("2027-01-01T00:00:00Z", &signer, "expired"),
            ("2026-06-01T00:00:00Z", &other, "not trusted"),
        ] {
            let error = at(time, key).expect_err(reason);
            assert!(error.to_string().contains(reason), "{error}");
        }
    }

    #[test]
    fn no_byte_can_be_changed_and_none_cut() {
        let signer = KeyPair::generate().expect("key");
        let bytes = seal((Purpose::Rules, 3), times(), &files(), &signer).expect("is sealed");
        let now = moment("2026-06-01T00:00:00Z");
        let opens = |bytes: &[u8]| open(bytes, Purpose::Rules, &[signer.public()], now).is_ok();
        assert!(opens(&bytes));
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert!(!opens(&changed), "byte {place}");
        }
        assert!((0..bytes.len()).step_by(7).all(|length| !opens(&bytes[..length])));
    }

    #[test]
    fn what_a_signer_should_not_sign_is_refused_all_the_same() {
        let signer = KeyPair::generate().expect("key");
        for path in [
            "../etc/passwd",
            "/etc/a.rules",
            "suricata/../../a.rules",
            "suricata",
            "web/a.rules",
            "suricata/a.exe",
            "suricata/a\n.rules",
            "",
        ] {
            let files = vec![(path.to_owned(), Vec::new())];
            assert!(seal((Purpose::Rules, 1), times(), &files, &signer).is_err(), "{path:?}");
        }
        let twice = vec![files()[0].clone(), files()[0].clone()];
        assert!(seal((Purpose::Rules, 1), times(), &twice, &signer).is_err());
        let (not_before, expires) = times();
        assert!(seal((Purpose::Rules, 1), (expires, not_before), &files(), &signer).is_err());
        // A manifest that lies about a file, signed by a trusted key.
        let lie = Manifest {
            format: 1,
            purpose: Purpose::Rules,
            version: 1,
            not_before,
            expires,
            files: vec![Entry { path: "yara/a.yar".to_owned(), size: 3, sm3: digits(&sm3(b"abd")) }],
        };
        let text = serde_json::to_vec(&lie).expect("JSON");
        let payload = [&u32::try_from(text.len()).expect("is short").to_le_bytes()[..], &text, b"abc"].concat();
        let bytes = Envelope::sign(&signer, "bundle.rules", payload).expect("signs").encode();
        let now = moment("2026-06-01T00:00:00Z");
        let error = open(&bytes, Purpose::Rules, &[signer.public()], now).expect_err("lies");
        assert!(error.to_string().contains("yara/a.yar"), "{error}");
    }
}
