//! `fengsui dlp scan`: findings in files, folders and record files.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use fengsui_crypto::HmacKey;
use fengsui_dlp_engine::known::{ExactSet, Fingerprint};
use fengsui_dlp_engine::lexicon::Lexicon;
use fengsui_dlp_engine::{Engine, EngineSettings, Match, Places};
use fengsui_schema::shown;
use serde_json::{Value, json};

use super::{Format, printable, progress, rows_progress};
use crate::database::{self, Address, DatabaseAddress};
use crate::extract::{Piece, extract};
use crate::scan::{KnownData, ScanReport, files_of, scan_path_with};
use crate::{GatewayError, limits, load_lexicon, load_rules};

/// What is scanned and how it is reported.
#[derive(Debug, Clone, Default)]
pub struct ScanOptions {
    /// Files or folders. Empty when `records` is given.
    pub targets: Vec<String>,
    /// How findings are written.
    pub format: Format,
    /// Folder of rule files that override the embedded ones.
    pub rules: Option<PathBuf>,
    /// Folder of lexicon files whose words are looked for too.
    pub lexicon: Option<PathBuf>,
    /// Sets of exact values made by `fengsui dlp register`.
    pub exact: Vec<PathBuf>,
    /// File with the key of those sets.
    pub exact_key: Option<PathBuf>,
    /// Folder of documents whose passages are recognised.
    pub documents: Option<PathBuf>,
    /// JSON lines whose one field is scanned record by record.
    pub records: Option<PathBuf>,
    /// The field of the records.
    pub field: Option<String>,
    /// Settings of the engine.
    pub engine: EngineSettings,
}

/// Scans and reports. Returns 0 when nothing was found, 1 with findings (also when something could not be read).
///
/// # Errors
/// When a target can't be listed, an option is unusable or the output can't be written.
pub fn run(options: &ScanOptions, out: &mut dyn Write) -> Result<u8, GatewayError> {
    let rules = options.rules.as_deref().map(load_rules).transpose()?.unwrap_or_default();
    let engine = Engine::new(options.engine.clone(), &rules)?;
    match (&options.records, &options.field) {
        (Some(records), Some(field)) => scan_records(&engine, records, field, out),
        (Some(_), None) => {
            Err(GatewayError::Usage("--records needs --field NAME: the field that holds the text".to_owned()))
        }
        (None, _) => scan_targets(&engine, options, out),
    }
}

fn scan_targets(engine: &Engine, options: &ScanOptions, out: &mut dyn Write) -> Result<u8, GatewayError> {
    let known = known_data(options)?;
    let mut files = Vec::new();
    let mut all = Vec::new();
    let mut found = false;
    let mut write = |name: &Path, report: &ScanReport| -> Result<(), GatewayError> {
        found |= !report.findings.is_empty();
        match options.format {
            Format::JsonLines => write_lines(report, out)?,
            Format::Table => write_table(engine, name, report, out)?,
            Format::Json => all.push(document(engine, name, report)),
        }
        Ok(())
    };
    for target in &options.targets {
        match Address::parse(target)? {
            Address::File(path) => files.extend(files_of(&path)?),
            Address::Database(address) => scan_database(engine, &address, &mut write)?,
        }
    }
    let bar = progress(files.len(), "扫描");
    for file in &files {
        write(file, &scan_path_with(engine, &known, file))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    if options.format == Format::Json {
        writeln!(out, "{:#}", Value::Array(all))?;
    }
    Ok(u8::from(found))
}

fn known_data(options: &ScanOptions) -> Result<KnownData, GatewayError> {
    let lexicon = match &options.lexicon {
        Some(folder) => Some(Lexicon::new(&load_lexicon(folder)?)?),
        None => None,
    };
    let exact = match (&options.exact_key, options.exact.as_slice()) {
        (_, []) => None,
        (None, _) => {
            return Err(GatewayError::Usage(
                "--exact needs --exact-key FILE: the key the set was made with".to_owned(),
            ));
        }
        (Some(key), sets) => {
            let key = std::fs::read(key).map_err(|error| GatewayError::io(key, error))?;
            let read = |path: &PathBuf| -> Result<ExactSet, GatewayError> {
                let text = std::fs::read_to_string(path).map_err(|error| GatewayError::io(path, error))?;
                Ok(ExactSet::read(&path.to_string_lossy(), &text)?)
            };
            Some((HmacKey::new(&key), sets.iter().map(read).collect::<Result<_, _>>()?))
        }
    };
    let mut documents = Vec::new();
    for path in options.documents.as_deref().map(files_of).transpose()?.unwrap_or_default() {
        let bytes = std::fs::read(&path).map_err(|error| GatewayError::io(&path, error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let pieces = extract(&bytes, &name).pieces;
        let text: String = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text { text, .. } | Piece::Cell { value: text, .. } => text.as_str(),
            })
            .collect();
        let fingerprint = Fingerprint::of(&text);
        if !fingerprint.is_empty() {
            documents.push((name, fingerprint));
        }
    }
    Ok(KnownData { lexicon, exact, documents })
}

/// Scans the tables of a database one after the other.
fn scan_database(
    engine: &Engine,
    address: &DatabaseAddress,
    write: &mut dyn FnMut(&Path, &ScanReport) -> Result<(), GatewayError>,
) -> Result<(), GatewayError> {
    let tables = database::tables(address)?;
    if tables.is_empty() {
        let reason = format!("{address}: there is no such table, or none that may be read");
        return Err(GatewayError::Usage(reason));
    }
    let bar = rows_progress("扫描");
    for table in tables {
        let report = database::scan_table(engine, address, &table, &mut |rows| bar.set_position(rows))?;
        write(Path::new(&database::shown(address, &table)), &report)?;
    }
    bar.finish_and_clear();
    Ok(())
}

/// A path; what is in databases can't be screened.
pub(crate) fn local(target: &str) -> Result<PathBuf, GatewayError> {
    match target.split_once("://") {
        Some(("file", path)) => Ok(PathBuf::from(path)),
        Some(_) => Err(GatewayError::NotConnected {
            target: shown(target).to_string(),
            remedy: "only files and folders are read here; export the table as CSV",
        }),
        None => Ok(PathBuf::from(target)),
    }
}

fn write_lines(report: &ScanReport, out: &mut dyn Write) -> Result<(), GatewayError> {
    for finding in &report.findings {
        let line = serde_json::to_string(finding).map_err(std::io::Error::from)?;
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn document(engine: &Engine, file: &Path, report: &ScanReport) -> Value {
    let classification = report.classification(engine);
    json!({
        "file": file.to_string_lossy(),
        "bytes": report.bytes,
        "grade": classification.as_ref().map(|known| known.grade),
        "grade_basis": classification.as_ref().map(|known| &known.grade_basis),
        "types": report.samples,
        "findings": report.findings,
        "unreadable": report.unreadable,
    })
}

/// One block per file: its grade, then a line per type, then what could not be read.
fn write_table(engine: &Engine, file: &Path, report: &ScanReport, out: &mut dyn Write) -> Result<(), GatewayError> {
    if report.findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", printable(&file.to_string_lossy()))?;
    if let Some(known) = report.classification(engine) {
        writeln!(out, "  级别 {}  依据 {}", grade_label(known.grade), known.grade_basis)?;
    }
    for sample in &report.samples {
        let first = report.findings.iter().find(|finding| finding.data_type == sample.data_type);
        let place = first.map(|finding| printable(&finding.place)).unwrap_or_default();
        let masked = sample.masked.first().map(|value| printable(value)).unwrap_or_default();
        writeln!(
            out,
            "  {:<28} {:>6}个  置信度{:>3}  {masked}  首见于{place}",
            sample.data_type, sample.count, sample.confidence
        )?;
        writeln!(out, "      {}", printable(&sample.explanation))?;
    }
    for finding in report.findings.iter().filter(|finding| {
        matches!(finding.data_type.as_str(), "unreadable" | "lexicon_word" | "exact_value" | "known_document")
    }) {
        let (place, why) = (printable(&finding.place), printable(&finding.explanation));
        writeln!(out, "  {}  {place} {} {why}", finding.data_type, printable(&finding.sample))?;
    }
    Ok(())
}

/// A grade as people call it.
pub(crate) fn grade_label(grade: fengsui_schema::DataGrade) -> &'static str {
    use fengsui_schema::DataGrade::{Core, Important, Level1, Level2, Level3, Level4};
    match grade {
        Level1 => "1级",
        Level2 => "2级",
        Level3 => "3级",
        Level4 => "4级",
        Important => "重要数据",
        Core => "核心数据",
    }
}

/// One JSON line per finding, offsets in Unicode characters of the field.
fn scan_records(engine: &Engine, path: &Path, field: &str, out: &mut dyn Write) -> Result<u8, GatewayError> {
    let file = std::fs::File::open(path).map_err(|error| GatewayError::io(path, error))?;
    let mut reader = std::io::BufReader::new(file);
    let mut found = false;
    let mut line = Vec::new();
    let mut number = 0_u64;
    while read_line(&mut reader, &mut line).map_err(|error| GatewayError::io(path, error))? {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let record: Value = serde_json::from_slice(&line)
            .map_err(|error| GatewayError::format(path, format!("record {number} is no JSON: {error}")))?;
        if let Some(text) = record.get(field).and_then(Value::as_str) {
            let matches = engine.scan_text(text);
            found |= !matches.is_empty();
            write_record(number, text, &matches, out)?;
        }
        number += 1;
    }
    Ok(u8::from(found))
}

fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    use std::io::Read;
    line.clear();
    let mut limited = reader.take(limits::RECORD_BYTES as u64);
    limited.read_until(b'\n', line).map(|length| length > 0)
}

fn write_record(number: u64, text: &str, matches: &[Match], out: &mut dyn Write) -> Result<(), GatewayError> {
    let mut places = Places::new(text);
    for found in matches {
        let (start, end) = places.of(found.start, found.end);
        let line = json!({
            "record": number,
            "type": found.data_type,
            "start": start,
            "end": end,
            "confidence": f64::from(found.confidence) / 100.0,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(options: &ScanOptions) -> (u8, String) {
        let mut out = Vec::new();
        let status = run(options, &mut out).expect("scans");
        (status, String::from_utf8(out).expect("is text"))
    }

    #[test]
    fn records_are_reported_in_characters() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let path = folder.path().join("records.jsonl");
        std::fs::write(&path, "{\"text\":\"没有\"}\n{\"text\":\"电话13800138000，邮箱a@example.com\"}\n")
            .expect("writes");
        let options = ScanOptions {
            records: Some(path),
            field: Some("text".to_owned()),
            format: Format::JsonLines,
            ..ScanOptions::default()
        };
        let (status, text) = output(&options);
        let first: Value = serde_json::from_str(text.lines().next().expect("has a line")).expect("is JSON");
        assert_eq!((status, &first["record"], &first["start"], &first["end"]), (1, &json!(1), &json!(2), &json!(13)));
        assert_eq!(text.lines().count(), 2);
    }

    #[test]
    fn a_folder_is_scanned_and_values_stay_hidden() {
        let folder = tempfile::tempdir().expect("makes a folder");
        std::fs::write(folder.path().join("a.csv"), "姓名,身份证号\n马文忠,11010519491231002X\n").expect("writes");
        std::fs::write(folder.path().join("b.doc"), b"\xd0\xcf\x11\xe0").expect("writes");
        let targets = vec![folder.path().to_string_lossy().into_owned()];
        for format in [Format::Table, Format::Json, Format::JsonLines] {
            let (status, text) = output(&ScanOptions { targets: targets.clone(), format, ..ScanOptions::default() });
            assert_eq!(status, 1);
            assert!(
                text.contains("cn_resident_id") && text.contains("unreadable") && !text.contains("11010519491231002X"),
                "{text}"
            );
        }
    }

    #[test]
    fn registered_values_and_documents_are_recognised() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("people.csv"), "姓名,编号\n钟离春,K2024A\n").expect("writes");
        let job = super::super::register::RegisterOptions {
            table: path("people.csv"),
            column: "编号".to_owned(),
            name: "编号册".to_owned(),
            key: path("exact.key"),
            output: path("ids.exact"),
        };
        super::super::register::run(&job, &mut Vec::new()).expect("registers");
        let known = "本方案适用于全省各级各部门在突发事件应急处置过程中的物资调配、人员调度与信息报送工作，由省应急管理部门负责解释。";
        std::fs::create_dir(path("known")).expect("makes a folder");
        std::fs::write(path("known/plan.txt"), known).expect("writes");
        std::fs::write(path("leak.txt"), format!("转发：{known}编号K2024A")).expect("writes");
        let options = ScanOptions {
            targets: vec![path("leak.txt").to_string_lossy().into_owned()],
            exact: vec![path("ids.exact")],
            exact_key: Some(path("exact.key")),
            documents: Some(path("known")),
            format: Format::JsonLines,
            ..ScanOptions::default()
        };
        let (status, text) = output(&options);
        assert!(status == 1 && text.contains("exact_value") && text.contains("known_document"), "{text}");
        assert!(!text.contains("K2024A"));
    }

    #[test]
    fn words_of_a_lexicon_are_found_beside_values() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let words = folder.path().join("lexicon");
        std::fs::create_dir(&words).expect("makes a folder");
        std::fs::write(words.join("own.toml"), "category = 'own'\ntitle = '自定'\nwords = ['内部资料外传']\n")
            .expect("writes");
        let file = folder.path().join("a.txt");
        std::fs::write(&file, "内-部-资料外传，电话13800138000").expect("writes");
        let targets = vec![file.to_string_lossy().into_owned()];
        let options =
            ScanOptions { targets, lexicon: Some(words), format: Format::JsonLines, ..ScanOptions::default() };
        let (status, text) = output(&options);
        assert!(status == 1 && text.contains("lexicon_word") && text.contains("cn_mobile"), "{text}");
    }

    #[test]
    fn databases_that_do_not_answer_are_told_without_their_password() {
        // Nothing listens on the port of the kernel's that was closed again.
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("has one").port();
        for kind in ["postgres", "mysql"] {
            let targets = vec![format!("{kind}://app:s3cret@127.0.0.1:{port}/db")];
            let options = ScanOptions { targets, ..ScanOptions::default() };
            let error = run(&options, &mut Vec::new()).expect_err("is not there").to_string();
            assert!(error.contains(&port.to_string()) && !error.contains("s3cret"), "{error}");
        }
    }
}
