//! Flows of routers as [`crate::FlowDecoder`] hands them out.

use fengsui_schema::RawRecord;
use serde_json::Value;

use super::SourceDefinition;
use crate::json::{object, text, time};
use crate::{Draft, NormalizeError};

const NAME: &str = "netflow";

pub(super) const SOURCE: SourceDefinition = SourceDefinition {
    name: NAME,
    aliases: &["ipfix"],
    meaning: "flows of NetFlow version 5 and 9 and of IPFIX, decoded from datagrams, as JSON",
    resembles,
    parse,
};

fn resembles(line: &[u8]) -> bool {
    let has = |name: &[u8]| memchr::memmem::find(line, name).is_some();
    line.first() == Some(&b'{') && has(b"\"exporter\"") && has(b"\"src_ip\"") && has(b"\"version\"")
}

fn parse(record: &RawRecord) -> Result<Draft, NormalizeError> {
    let flow = object(NAME, &record.payload)?;
    if text(&flow, "src_ip").is_none() && text(&flow, "dst_ip").is_none() {
        return Err(NormalizeError::malformed(NAME, "names no address"));
    }
    let mut draft = Draft::new("netflow.flow", Value::Null);
    draft.time = ["end", "start"].iter().find_map(|name| time(flow.get(*name)?));
    draft.put("event.category", "network");
    draft.put("event.action", "flow");
    draft.put("observer.type", "router");
    draft.put_some("observer.name", text(&flow, "exporter"));
    draft.put_address("source.ip", text(&flow, "src_ip"));
    draft.put_address("destination.ip", text(&flow, "dst_ip"));
    for (field, name) in [
        ("source.port", "src_port"),
        ("destination.port", "dst_port"),
        ("source.bytes", "bytes"),
        ("source.packets", "packets"),
        ("destination.bytes", "reverse_bytes"),
        ("destination.packets", "reverse_packets"),
    ] {
        draft.copy(field, flow.get(name));
    }
    let transport = match flow.get("protocol").and_then(Value::as_u64) {
        Some(1) => "icmp".to_owned(),
        Some(6) => "tcp".to_owned(),
        Some(17) => "udp".to_owned(),
        Some(58) => "ipv6-icmp".to_owned(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    draft.put("network.transport", &transport);
    draft.put_some("flow.start", text(&flow, "start"));
    draft.original = Value::Object(flow);
    Ok(draft)
}
