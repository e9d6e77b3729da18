//! Tables with a header line. A record is the header and one row, as [`crate::Framing`] makes them.

use fengsui_schema::RawRecord;
use serde_json::{Map, Value};

use super::SourceDefinition;
use crate::text::cells;
use crate::{Draft, NormalizeError};

const NAME: &str = "csv";

pub(super) const SOURCE: SourceDefinition = SourceDefinition {
    name: NAME,
    aliases: &[],
    meaning: "tables of comma separated values (RFC 4180) with a header line",
    resembles,
    parse,
};

fn resembles(line: &[u8]) -> bool {
    let header = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let plain = header.iter().all(|byte| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\r'));
    plain && header.iter().filter(|byte| **byte == b',').count() >= 2 && header.first() != Some(&b'{')
}

fn parse(record: &RawRecord) -> Result<Draft, NormalizeError> {
    let text = String::from_utf8_lossy(&record.payload);
    let (header, row) =
        text.split_once('\n').ok_or_else(|| NormalizeError::malformed(NAME, "has no row below its header"))?;
    let names = cells(header);
    let values = cells(row);
    if values.len() > names.len() {
        return Err(NormalizeError::malformed(
            NAME,
            format!("row has {} values below {} names", values.len(), names.len()),
        ));
    }
    let object: Map<String, Value> =
        names.into_iter().zip(values).map(|(name, value)| (name, Value::from(value))).collect();
    let mut draft = super::json::of_object("csv.row", object);
    draft.put("message", row.trim_end());
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_below_its_header() {
        let payload = b"timestamp,src_ip,note\n2026-11-22T12:00:00Z,192.0.2.1,\"a \"\"b\"\", c\"".to_vec();
        let draft = parse(&RawRecord {
            source: NAME.into(),
            instance: "f".into(),
            received: fengsui_schema::Timestamp::EPOCH,
            payload,
        })
        .expect("is a row");
        assert_eq!(draft.fields.text("source.ip"), Some("192.0.2.1"));
        assert_eq!(draft.original.get("note"), Some(&Value::from("a \"b\", c")));
        assert_eq!(draft.time, "2026-11-22T12:00:00Z".parse().ok());
    }
}
