//! Triage of files of ready-made alerts: every line is read once, every kind of alert is understood once.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use fengsui_detect::{AlertShape, Detection, Triage};
use fengsui_normalize::AlertLines;
use fengsui_schema::{AlertId, RawRecord, Timestamp};

use crate::offline::{Lines, OfflineInput, OfflineOptions, OfflineSummary, write_incidents};
use crate::{PipelineError, limits};

/// Name of the source that understands the lines.
const SOURCE: &str = "ecs_alert";

/// Reads alerts and writes incidents, as [`crate::analyze_offline`] says.
pub(crate) fn run(
    options: &OfflineOptions,
    detection: &Arc<Detection>,
    output: &mut dyn Write,
) -> Result<OfflineSummary, PipelineError> {
    let triage = Triage::new(crate::offline::correlation(options), Arc::clone(detection));
    let mut reading = Reading { options, triage, shapes: HashMap::new(), summary: OfflineSummary::default() };
    for (index, input) in (0_u32..).zip(&options.inputs) {
        reading.file(index, input)?;
    }
    let incidents = reading.triage.incidents();
    let place = |id: AlertId| Some(place(id)).into_iter();
    write_incidents(options, &incidents, &mut reading.summary, output, place)?;
    Ok(reading.summary)
}

struct Reading<'a> {
    options: &'a OfflineOptions,
    triage: Triage,
    shapes: HashMap<Box<[u8]>, AlertShape>,
    summary: OfflineSummary,
}

impl Reading<'_> {
    fn file(&mut self, index: u32, input: &OfflineInput) -> Result<(), PipelineError> {
        let name = input.name();
        let (mut lines, mut keys) = (Lines::open(input)?, AlertLines::default());
        while let Some((number, line)) = lines.next().map_err(PipelineError::file("read", Path::new(&name)))? {
            if line.trim_ascii().is_empty() {
                continue;
            }
            self.summary.records += 1;
            let id = id(index, number);
            match keys.read(line) {
                Some((time, key)) => match self.shapes.get(key) {
                    Some(shape) => {
                        self.triage.add(shape, time, id);
                        self.summary.alerts += 1;
                    }
                    None => {
                        let key = Box::from(key);
                        self.whole(&name, number, line, id, Some(key));
                    }
                },
                None => self.whole(&name, number, line, id, None),
            }
        }
        Ok(())
    }

    /// Understands a line as a whole, and remembers its shape under its key.
    fn whole(&mut self, name: &str, number: u32, line: &[u8], id: AlertId, key: Option<Box<[u8]>>) {
        let received = self.options.now;
        let record = RawRecord { source: SOURCE.to_owned(), instance: name.to_owned(), received, payload: line.into() };
        let mut event = match fengsui_normalize::normalize(&record, u64::from(number)) {
            Ok(event) => event,
            Err(error) => return self.summary.fail(name, number, &error),
        };
        self.options.organization.enrich(&mut event);
        let time: Timestamp = event.time;
        let Some(shape) = self.triage.shape(&event) else { return };
        self.triage.add(&shape, time, id);
        self.summary.alerts += 1;
        if let Some(key) = key {
            if self.shapes.len() >= limits::ALERT_SHAPES {
                self.shapes.clear();
            }
            self.shapes.insert(key, shape);
        }
    }
}

/// The place of an alert as its id.
fn id(input: u32, line: u32) -> AlertId {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&input.to_be_bytes());
    bytes[4..8].copy_from_slice(&line.to_be_bytes());
    AlertId::from_bytes(bytes)
}

fn place(id: AlertId) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h, ..] = *id.as_bytes();
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
}
