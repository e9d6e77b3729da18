//! Log sources: records of strangers, alone and as the lines of a file; datagrams of flow exporters.

use std::net::{IpAddr, Ipv4Addr};

use fengsui_normalize::{FlowDecoder, Framing, SOURCES, SourceDefinition, limits, normalize};
use fengsui_schema::{RawRecord, Timestamp};

use crate::{byte, short, take};

/// First byte: the source, by its place in the registry; then lines. The place after the last one is that of datagrams
/// of flow exporters: two bytes of length, the datagram.
pub(crate) fn log_source(data: &[u8]) {
    let mut rest = data;
    let place = usize::from(byte(&mut rest)) % (SOURCES.len() + 1);
    let Some(source) = SOURCES.get(place) else { return flow_datagrams(rest) };
    (source.resembles)(rest);
    one_record(source, rest.to_vec());
    let mut framing = Framing::of(source);
    for line in rest.split(|byte| *byte == b'\n') {
        if let Some(record) = framing.record(line) {
            one_record(source, record);
        }
    }
}

/// Understands a record or says why not; what is understood keeps the limits and is the same every time.
pub fn one_record(source: &SourceDefinition, payload: Vec<u8>) -> bool {
    let record = RawRecord {
        source: source.name.to_owned(),
        instance: "sender".to_owned(),
        received: Timestamp::from_parts(1_795_348_800, 0),
        payload,
    };
    let Ok(event) = normalize(&record, 7) else { return false };
    let written = serde_json::to_string(&event.fields).unwrap_or_default();
    let texts = event.fields.iter().filter_map(|(_, value)| value.as_str());
    assert!(texts.map(str::len).all(|length| length <= limits::FIELD_BYTES), "{}: a field is too long", source.name);
    let again = normalize(&record, 7).map(|event| serde_json::to_string(&event.fields).unwrap_or_default());
    assert_eq!(again.as_ref(), Ok(&written), "{} is not understood the same way twice", source.name);
    true
}

fn flow_datagrams(data: &[u8]) {
    let (mut rest, mut decoder) = (data, FlowDecoder::default());
    while !rest.is_empty() {
        let length = usize::from(short(&mut rest));
        let exporter = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1 + rest.len().min(2) as u8));
        let flows = decoder.datagram(exporter, take(&mut rest, length)).unwrap_or_default();
        assert!(flows.len() <= limits::FLOW_RECORDS, "{} flows of a datagram", flows.len());
        let source = SOURCES.iter().find(|source| source.name == "netflow");
        for flow in flows {
            assert!(source.is_some_and(|source| one_record(source, flow)), "a flow that was decoded is understood");
        }
    }
}
