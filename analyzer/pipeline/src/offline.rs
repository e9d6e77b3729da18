//! Detection and correlation over files, without the service: `fengsui detect` and `fengsui analyze`.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use fengsui_detect::{Analysis, AnalysisSettings, CorrelationSettings, Detection, Reference, Suppressed};
use fengsui_normalize::{EVTX_MAGIC, Framing, SourceDefinition, WindowsLog};
use fengsui_schema::{AlertId, Event, Incident, RawRecord, Timestamp, shown};
use serde_json::{Value, json};

use crate::{Organization, PipelineError, limits, triage};

/// How an input file is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum InputFormat {
    /// Recognised by the first lines.
    #[default]
    Auto,
    /// By the named source of the registry ([`fengsui_normalize::SOURCES`]), its aliases included.
    Source(&'static str),
    /// Alerts of any product as JSON lines with names of the Elastic Common Schema.
    Alerts,
}

impl FromStr for InputFormat {
    type Err = PipelineError;

    fn from_str(word: &str) -> Result<Self, PipelineError> {
        match word {
            "auto" => Ok(Self::Auto),
            "alerts" => Ok(Self::Alerts),
            word => fengsui_normalize::source(word).map(|source| Self::Source(source.name)).ok_or_else(|| {
                let reason =
                    format!("{} is not auto, alerts or one of {}", shown(word), fengsui_normalize::source_names());
                PipelineError::Format { format: shown(word).to_string(), reason }
            }),
        }
    }
}

/// One input of an offline run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfflineInput {
    /// A file, `.gz` not included.
    File(PathBuf),
    /// Standard input.
    Standard,
}

impl OfflineInput {
    /// The name in results: the path as given, `-` for standard input.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Standard => "-".to_owned(),
        }
    }
}

impl From<&str> for OfflineInput {
    /// `-` is standard input, all else a path.
    fn from(text: &str) -> Self {
        if text == "-" { Self::Standard } else { Self::File(PathBuf::from(text)) }
    }
}

/// What an offline run reads.
#[derive(Debug, Clone, Default)]
pub struct OfflineOptions {
    /// Inputs in the order given.
    pub inputs: Vec<OfflineInput>,
    /// How they are read.
    pub format: InputFormat,
    /// Ranges and assets to enrich with.
    pub organization: Organization,
    /// The time of reading: syslog times without a year are taken as near to it as can be.
    pub now: Timestamp,
    /// How alerts are joined; bounds for services don't hold for files.
    pub correlation: CorrelationSettings,
    /// Incidents that are written, riskiest first; 0 for all.
    pub limit: usize,
}

/// What an offline run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct OfflineSummary {
    /// Lines or records read.
    pub records: u64,
    /// Records that could not be parsed.
    pub records_failed: u64,
    /// The first reasons, with input and line, at most 20.
    pub failures: Vec<String>,
    /// Detections or alerts.
    pub alerts: u64,
    /// Incidents that were written.
    pub incidents: u64,
    /// Incidents of less risk that were not.
    pub incidents_below: u64,
    /// What each suppression hid, by its id.
    pub suppressed: BTreeMap<String, Suppressed>,
}

/// The first reasons that a summary names.
const NAMED_FAILURES: usize = 20;

/// Bytes that are looked at to recognise a format.
const SAMPLE_BYTES: usize = 64 * 1024;

/// Writes one JSON line per detection: `{"rule_id","title","level","tags","input","line"|"record","event":{…}}`;
/// `record` is the number that a binary Windows event log gives, `line` counts from 1.
///
/// # Errors
/// When an input can't be read or the output not written. A record that can't be parsed is counted, not an error.
pub fn detect_offline(
    options: &OfflineOptions,
    detection: &Detection,
    output: &mut dyn Write,
) -> Result<OfflineSummary, PipelineError> {
    let mut alerts = 0;
    let mut summary = each_event(options, |place, event| {
        for found in detection.sigma(event) {
            alerts += 1;
            let mut line = json!({
                "rule_id": found.rule_id, "title": found.title, "level": found.level, "tags": found.tags,
                "input": place.input, "line": place.line, "event": event.original,
            });
            if let (Some(number), Some(line)) = (place.record, line.as_object_mut()) {
                line.shift_remove("line");
                line.shift_insert(5, "record".to_owned(), Value::from(number));
            }
            writeln!(output, "{line}")?;
        }
        Ok(())
    })?;
    summary.alerts = alerts;
    output.flush()?;
    Ok(summary)
}

/// Runs the whole analysis and writes one JSON line per incident, highest risk first: `{"id","title","risk","grade",
/// "start","end","entities","techniques","explanation","members":[{"input","line"}…]}`.
///
/// # Errors
/// When an input can't be read or the output not written. A record that can't be parsed is counted, not an error.
pub fn analyze_offline(
    options: &OfflineOptions,
    detection: &Arc<Detection>,
    output: &mut dyn Write,
) -> Result<OfflineSummary, PipelineError> {
    if options.format == InputFormat::Alerts && detection.is_triage_only() {
        return triage::run(options, detection, output);
    }
    let settings =
        AnalysisSettings { allowed_lateness_s: u32::MAX, allowed_skew_s: u32::MAX, correlation: correlation(options) };
    let mut analysis = Analysis::new(settings, Arc::clone(detection));
    let mut places: HashMap<AlertId, Vec<(u32, u32)>> = HashMap::new();
    let mut alerts = 0;
    let mut summary = each_event(options, |place, event| {
        let (_, found) = analysis.observe(event);
        alerts += found.len() as u64;
        for alert in found {
            places.entry(alert.id).or_default().push((place.input_index, place.line));
        }
        Ok(())
    })?;
    summary.alerts = alerts + analysis.finish().len() as u64;
    summary.suppressed = analysis.suppressed().clone();
    let incidents = analysis.all_incidents();
    let place = |alert: AlertId| places.get(&alert).into_iter().flatten().copied();
    write_incidents(options, &incidents, &mut summary, output, place)?;
    Ok(summary)
}

/// Files are complete: nothing is late, every alert is named, and all hours say what is usual.
pub(crate) fn correlation(options: &OfflineOptions) -> CorrelationSettings {
    CorrelationSettings {
        members_per_group: usize::MAX,
        members_per_incident: usize::MAX,
        reference: Reference::Whole,
        ..options.correlation.clone()
    }
}

/// Writes one line an incident; `places` says where the alert of an id stands.
pub(crate) fn write_incidents<P: Iterator<Item = (u32, u32)>>(
    options: &OfflineOptions,
    incidents: &[Incident],
    summary: &mut OfflineSummary,
    output: &mut dyn Write,
    places: impl Fn(AlertId) -> P,
) -> Result<(), PipelineError> {
    let names: Vec<String> = options.inputs.iter().map(OfflineInput::name).collect();
    let shown = if options.limit == 0 { incidents.len() } else { options.limit.min(incidents.len()) };
    for incident in &incidents[..shown] {
        let mut members: Vec<(u32, u32)> = incident.members.iter().flat_map(|member| places(member.alert)).collect();
        members.sort_unstable();
        members.dedup();
        writeln!(output, "{}", incident_line(incident, members, &names))?;
    }
    output.flush()?;
    summary.incidents = shown as u64;
    summary.incidents_below = (incidents.len() - shown) as u64;
    Ok(())
}

fn incident_line(incident: &Incident, members: Vec<(u32, u32)>, names: &[String]) -> Value {
    let name = |index: u32| usize::try_from(index).ok().and_then(|index| names.get(index));
    let members: Vec<Value> =
        members.into_iter().map(|(input, line)| json!({"input": name(input), "line": line})).collect();
    json!({
        "id": incident.id, "title": incident.title_zh, "title_en": incident.title_en, "risk": incident.risk, "grade": incident.proposed_grade,
        "grade_basis": incident.grade_basis, "start": incident.start, "end": incident.end, "entities": incident.entities,
        "techniques": incident.techniques, "explanation": incident.explanation, "members": members,
    })
}

/// Where a record stands.
struct Place<'a> {
    input: &'a str,
    input_index: u32,
    /// From 1.
    line: u32,
    /// The number that a binary Windows event log gives the record.
    record: Option<u64>,
}

/// Calls a function with every event of every input, in the order of inputs and lines.
fn each_event(
    options: &OfflineOptions,
    mut take: impl FnMut(&Place<'_>, &mut Event) -> Result<(), PipelineError>,
) -> Result<OfflineSummary, PipelineError> {
    let mut summary = OfflineSummary::default();
    for (input_index, input) in (0_u32..).zip(&options.inputs) {
        let name = input.name();
        let mut reading = Reading { options, summary: &mut summary, name: &name, input_index, take: &mut take };
        let mut lines = Lines::open(input)?;
        let failed = || PipelineError::file("read", Path::new(&name));
        if is_json_list(lines.sample().map_err(failed())?) && options.format != InputFormat::Alerts {
            reading.json_list(&mut lines)?;
            continue;
        }
        match source_of(&options.format, lines.sample().map_err(failed())?, &name)? {
            None => {}
            Some(source) if source.name == "evtx" => match input {
                OfflineInput::File(path) => reading.windows_log(File::open(path).map_err(failed())?)?,
                OfflineInput::Standard => {
                    let mut bytes = Vec::new();
                    lines.reader.by_ref().take(limits::OFFLINE_WHOLE_BYTES).read_to_end(&mut bytes).map_err(failed())?;
                    reading.windows_log(Cursor::new(bytes))?;
                }
            },
            Some(source) => reading.lines(source, &mut lines)?,
        }
    }
    Ok(summary)
}

/// One input that is being read.
struct Reading<'a> {
    options: &'a OfflineOptions,
    summary: &'a mut OfflineSummary,
    name: &'a str,
    input_index: u32,
    take: &'a mut dyn FnMut(&Place<'_>, &mut Event) -> Result<(), PipelineError>,
}

impl Reading<'_> {
    fn lines(&mut self, source: &SourceDefinition, lines: &mut Lines) -> Result<(), PipelineError> {
        let mut framing = Framing::of(source);
        while let Some((line, bytes)) = lines.next().map_err(PipelineError::file("read", Path::new(self.name)))? {
            let Some(payload) = framing.record(bytes) else { continue };
            self.record(source.name, payload, line, None)?;
        }
        Ok(())
    }

    /// A file that is one JSON list, or the object with a list of `Records` that clouds deliver; a record's line is its
    /// number in the list.
    fn json_list(&mut self, lines: &mut Lines) -> Result<(), PipelineError> {
        let mut bytes = Vec::new();
        let limit = limits::OFFLINE_LIST_BYTES;
        let read = lines.reader.by_ref().take(limit + 1).read_to_end(&mut bytes);
        read.map_err(PipelineError::file("read", Path::new(self.name)))?;
        let wrong = |reason: String| PipelineError::Format { format: "json".to_owned(), reason };
        if bytes.len() as u64 > limit {
            return Err(wrong(format!(
                "{} is one JSON list of more than {limit} bytes; write one record a line",
                shown(self.name)
            )));
        }
        let document: Value =
            serde_json::from_slice(&bytes).map_err(|error| wrong(format!("{}: {error}", shown(self.name))))?;
        let list = match document {
            Value::Array(list) => list,
            Value::Object(mut object) => match object.remove("Records") {
                Some(Value::Array(list)) => list,
                _ => vec![Value::Object(object)],
            },
            _ => Vec::new(),
        };
        for (line, record) in (1_u32..).zip(list) {
            let payload = record.to_string().into_bytes();
            let source = match self.options.format {
                InputFormat::Source(source) => source,
                _ => fengsui_normalize::recognize(&payload).map_or("json", |source| source.name),
            };
            self.record(source, payload, line, None)?;
        }
        Ok(())
    }

    fn windows_log(&mut self, bytes: impl Read + Seek) -> Result<(), PipelineError> {
        let reason = |error: &dyn std::fmt::Display| PipelineError::Format {
            format: "evtx".to_owned(),
            reason: format!("{}: {error}", shown(self.name)),
        };
        let mut log = WindowsLog::open(bytes).map_err(|error| reason(&error))?;
        let mut line = 0_u32;
        log.each(|record| {
            line = line.saturating_add(1);
            match record {
                Ok(record) => self.record("evtx", record.json, line, Some(record.number)),
                Err(error) => {
                    self.summary.records += 1;
                    self.summary.fail(self.name, line, &error);
                    Ok(())
                }
            }
        })
    }

    fn record(&mut self, source: &str, payload: Vec<u8>, line: u32, number: Option<u64>) -> Result<(), PipelineError> {
        self.summary.records += 1;
        let received = self.options.now;
        let record = RawRecord { source: source.to_owned(), instance: self.name.to_owned(), received, payload };
        match fengsui_normalize::normalize(&record, u64::from(line)) {
            Ok(mut event) => {
                self.options.organization.enrich(&mut event);
                let place = Place { input: self.name, input_index: self.input_index, line, record: number };
                (self.take)(&place, &mut event)
            }
            Err(error) => {
                self.summary.fail(self.name, line, &error);
                Ok(())
            }
        }
    }
}

impl OfflineSummary {
    pub(crate) fn fail(&mut self, input: &str, line: u32, error: &dyn std::fmt::Display) {
        self.records_failed += 1;
        if self.failures.len() < NAMED_FAILURES {
            self.failures.push(format!("{input}:{line}: {error}"));
        }
    }
}

/// Whether an input begins as one JSON list, or as the object with `Records` that clouds deliver.
fn is_json_list(sample: &[u8]) -> bool {
    let sample = sample.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sample).trim_ascii_start();
    let inside = |start: &[u8]| sample.strip_prefix(start).map(<[u8]>::trim_ascii_start);
    let list = inside(b"[").is_some_and(|rest| rest.starts_with(b"{"));
    let records = inside(b"{").and_then(|rest| rest.strip_prefix(b"\"Records\"")).is_some();
    list || records
}

/// The source that reads an input by its first bytes; `None` for an empty input of unknown format.
fn source_of(
    format: &InputFormat,
    sample: &[u8],
    name: &str,
) -> Result<Option<&'static SourceDefinition>, PipelineError> {
    if sample.starts_with(EVTX_MAGIC) {
        return Ok(fengsui_normalize::source("evtx"));
    }
    let named = match format {
        // Zeek writes tables or JSON under the same names.
        InputFormat::Source("zeek_tsv") if sample.trim_ascii_start().starts_with(b"{") => "zeek_json",
        InputFormat::Source(source) => source,
        InputFormat::Alerts => "alerts",
        InputFormat::Auto => {
            let source = fengsui_normalize::recognize(sample);
            if source.is_none() && !sample.trim_ascii().is_empty() {
                let reason =
                    format!("the first lines of {} resemble no known format; name one with --format", shown(name));
                return Err(PipelineError::Format { format: "auto".to_owned(), reason });
            }
            return Ok(source);
        }
    };
    Ok(fengsui_normalize::source(named))
}

/// The lines of an input, each cut at its limit.
pub(crate) struct Lines {
    reader: Box<dyn BufRead>,
    line: Vec<u8>,
    number: u32,
}

impl Lines {
    pub(crate) fn open(input: &OfflineInput) -> Result<Self, PipelineError> {
        let reader: Box<dyn BufRead> = match input {
            OfflineInput::Standard => Box::new(BufReader::with_capacity(SAMPLE_BYTES, std::io::stdin())),
            OfflineInput::File(path) => {
                let file = File::open(path).map_err(PipelineError::file("read", path))?;
                Box::new(BufReader::with_capacity(SAMPLE_BYTES, file))
            }
        };
        Ok(Self { reader, line: Vec::new(), number: 0 })
    }

    /// The first bytes, which stay to be read.
    fn sample(&mut self) -> std::io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    /// The next line without its end; of a line above its limit the beginning.
    pub(crate) fn next(&mut self) -> std::io::Result<Option<(u32, &[u8])>> {
        self.line.clear();
        let limit = limits::LINE_BYTES as u64;
        let read = self.reader.by_ref().take(limit).read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        if self.line.last() != Some(&b'\n') && read == limits::LINE_BYTES {
            self.reader.skip_until(b'\n')?;
        }
        self.number = self.number.saturating_add(1);
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let line = if self.number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        Ok(Some((self.number, line)))
    }
}
