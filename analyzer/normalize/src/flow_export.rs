//! Flow records of routers: NetFlow version 5 and 9 (RFC 3954) and IPFIX (RFC 7011, RFC 7012).
//!
//! Records of version 9 and IPFIX mean nothing without a template their exporter sent before. The decoder keeps the
//! templates, bounded per exporter, and hands out each flow as a JSON object that stands on its own: a raw record of
//! source `netflow`.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use fengsui_schema::Timestamp;
use serde_json::{Map, Value};

use crate::{NormalizeError, limits};

/// What a decoder counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlowCounts {
    /// Sets of records whose template was not known when they came; they wait for it.
    pub sets_waiting: u64,
    /// Sets that waited and were given up for room.
    pub sets_dropped: u64,
    /// Templates that were given up for room.
    pub templates_dropped: u64,
}

/// Decodes the datagrams of many exporters.
#[derive(Debug, Default)]
pub struct FlowDecoder {
    exporters: HashMap<IpAddr, Exporter>,
    /// Exporters, the one heard least recently first.
    order: VecDeque<IpAddr>,
    counts: FlowCounts,
}

#[derive(Debug, Default)]
struct Exporter {
    templates: BTreeMap<(u32, u16), Vec<Field>>,
    waiting: VecDeque<(u32, u16, Header, Vec<u8>)>,
}

#[derive(Debug, Clone, Copy)]
struct Field {
    element: u16,
    /// Private elements are skipped.
    private: bool,
    /// 65,535 for a length that stands in front of each value (IPFIX).
    length: u16,
}

#[derive(Debug, Clone, Copy)]
struct Header {
    version: u16,
    seconds: i64,
    /// Milliseconds since the exporter started, where its records count from there.
    uptime: Option<i64>,
    domain: u32,
}

impl FlowDecoder {
    /// What was counted until now.
    #[must_use]
    pub fn counts(&self) -> FlowCounts {
        self.counts
    }

    /// The flows of a datagram, each as a JSON object.
    ///
    /// # Errors
    /// When the bytes are none of the three formats, or end within a header. What came before is not lost: templates
    /// learned stay learned.
    pub fn datagram(&mut self, exporter: IpAddr, bytes: &[u8]) -> Result<Vec<Vec<u8>>, NormalizeError> {
        let mut flows = Vec::new();
        match bytes.first_chunk().map(|version| u16::from_be_bytes(*version)) {
            Some(5) => version5(exporter, bytes, &mut flows)?,
            Some(9) => {
                let header = Header {
                    version: 9,
                    seconds: i64::from(number32(bytes, 8)?),
                    uptime: Some(i64::from(number32(bytes, 4)?)),
                    domain: number32(bytes, 16)?,
                };
                self.sets(exporter, header, bytes.get(20..).unwrap_or_default(), &mut flows)?;
            }
            Some(10) => {
                let header = Header {
                    version: 10,
                    seconds: i64::from(number32(bytes, 4)?),
                    uptime: None,
                    domain: number32(bytes, 12)?,
                };
                let end = usize::from(number16(bytes, 2)?).min(bytes.len());
                self.sets(exporter, header, bytes.get(16..end).unwrap_or_default(), &mut flows)?;
            }
            Some(other) => return Err(malformed(format!("version {other} is none of 5, 9 and 10"))),
            None => return Err(malformed("datagram is empty".to_owned())),
        }
        Ok(flows)
    }

    fn sets(
        &mut self,
        address: IpAddr,
        header: Header,
        mut rest: &[u8],
        flows: &mut Vec<Vec<u8>>,
    ) -> Result<(), NormalizeError> {
        self.touch(address);
        while rest.len() >= 4 {
            let (id, length) = (number16(rest, 0)?, usize::from(number16(rest, 2)?));
            let body = rest.get(4..length).ok_or_else(|| malformed(format!("set {id} of {length} bytes is cut")))?;
            match (id, header.version) {
                (0, 9) | (2, 10) => self.learn(address, header, body),
                // Templates of options describe the exporter, not flows.
                (0..=255, _) => {}
                _ => self.data(address, header, id, body, flows),
            }
            rest = rest.get(length.max(4)..).unwrap_or_default();
        }
        Ok(())
    }

    fn touch(&mut self, address: IpAddr) {
        if self.exporters.contains_key(&address) {
            return;
        }
        if self.exporters.len() >= limits::FLOW_EXPORTERS
            && let Some(oldest) = self.order.pop_front()
            && let Some(gone) = self.exporters.remove(&oldest)
        {
            self.counts.templates_dropped += gone.templates.len() as u64;
            self.counts.sets_dropped += gone.waiting.len() as u64;
        }
        self.order.push_back(address);
        self.exporters.insert(address, Exporter::default());
    }

    /// Takes the templates of a set and tries again what waited for them.
    fn learn(&mut self, address: IpAddr, header: Header, mut body: &[u8]) {
        let Some(exporter) = self.exporters.get_mut(&address) else { return };
        while let Some((id, fields, rest)) = template(body, header.version) {
            body = rest;
            // Fields of no bytes at all would make records of no bytes at all.
            if fields.is_empty() || fields.iter().all(|field| field.length == 0) {
                exporter.templates.remove(&(header.domain, id));
                continue;
            }
            if exporter.templates.len() >= limits::FLOW_TEMPLATES
                && !exporter.templates.contains_key(&(header.domain, id))
            {
                exporter.templates.pop_first();
                self.counts.templates_dropped += 1;
            }
            exporter.templates.insert((header.domain, id), fields);
        }
    }

    fn data(&mut self, address: IpAddr, header: Header, id: u16, body: &[u8], flows: &mut Vec<Vec<u8>>) {
        let Some(exporter) = self.exporters.get_mut(&address) else { return };
        for _ in 0..exporter.waiting.len() {
            let Some((domain, waiting, header, bytes)) = exporter.waiting.pop_front() else { break };
            match exporter.templates.get(&(domain, waiting)) {
                Some(fields) => records(address, header, fields, &bytes, flows),
                None => exporter.waiting.push_back((domain, waiting, header, bytes)),
            }
        }
        match exporter.templates.get(&(header.domain, id)) {
            Some(fields) => records(address, header, fields, body, flows),
            None => {
                self.counts.sets_waiting += 1;
                if exporter.waiting.len() >= limits::FLOW_SETS_WAITING {
                    exporter.waiting.pop_front();
                    self.counts.sets_dropped += 1;
                }
                exporter.waiting.push_back((header.domain, id, header, body.to_vec()));
            }
        }
    }
}

fn malformed(reason: String) -> NormalizeError {
    NormalizeError::malformed("netflow", reason)
}

fn number16(bytes: &[u8], place: usize) -> Result<u16, NormalizeError> {
    let chunk = bytes.get(place..).and_then(<[u8]>::first_chunk);
    chunk
        .map(|chunk| u16::from_be_bytes(*chunk))
        .ok_or_else(|| malformed(format!("datagram of {} bytes is cut", bytes.len())))
}

fn number32(bytes: &[u8], place: usize) -> Result<u32, NormalizeError> {
    let chunk = bytes.get(place..).and_then(<[u8]>::first_chunk);
    chunk
        .map(|chunk| u32::from_be_bytes(*chunk))
        .ok_or_else(|| malformed(format!("datagram of {} bytes is cut", bytes.len())))
}

/// One template and what follows it.
fn template(body: &[u8], version: u16) -> Option<(u16, Vec<Field>, &[u8])> {
    let (id, count) = (number16(body, 0).ok()?, usize::from(number16(body, 2).ok()?));
    let mut rest = body.get(4..)?;
    if id < 256 || count > limits::COLUMNS {
        return None;
    }
    let mut fields = Vec::with_capacity(count);
    for _ in 0..count {
        let (element, length) = (number16(rest, 0).ok()?, number16(rest, 2).ok()?);
        let private = version == 10 && element & 0x8000 != 0;
        fields.push(Field { element: element & 0x7fff, private, length });
        rest = rest.get(if private { 8 } else { 4 }..)?;
    }
    Some((id, fields, rest))
}

/// Every record of a set.
fn records(exporter: IpAddr, header: Header, fields: &[Field], body: &[u8], flows: &mut Vec<Vec<u8>>) {
    let mut rest = body;
    while !rest.is_empty() && flows.len() < limits::FLOW_RECORDS {
        let mut flow = Flow::new(exporter, header.version);
        let before = rest.len();
        for field in fields {
            let Some((value, after)) = value(rest, field.length) else { return };
            rest = after;
            if !field.private {
                flow.take(field.element, value, header);
            }
        }
        if rest.len() == before {
            return;
        }
        flows.extend(flow.finish(header));
    }
}

fn value(bytes: &[u8], length: u16) -> Option<(&[u8], &[u8])> {
    if length != u16::MAX {
        return bytes.split_at_checked(usize::from(length));
    }
    let (&short, rest) = bytes.split_first()?;
    if short != u8::MAX {
        return rest.split_at_checked(usize::from(short));
    }
    let (long, rest) = rest.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*long)))
}

/// A flow while its elements are read.
struct Flow {
    values: Map<String, Value>,
    end: Option<Timestamp>,
}

impl Flow {
    fn new(exporter: IpAddr, version: u16) -> Self {
        let mut values = Map::new();
        values.insert("version".to_owned(), Value::from(version));
        values.insert("exporter".to_owned(), Value::from(exporter.to_canonical().to_string()));
        Self { values, end: None }
    }

    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.values.insert(name.to_owned(), value.into());
    }

    /// Takes an element by its number in IANA's registry of IPFIX information elements.
    fn take(&mut self, element: u16, bytes: &[u8], header: Header) {
        let number = bytes.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let whole = i64::try_from(number).unwrap_or(i64::MAX);
        let uptime = |moment: i64| {
            header
                .uptime
                .map(|now| Timestamp::from_millis((header.seconds * 1000).saturating_sub(now.saturating_sub(moment))))
        };
        match element {
            1 | 85 => self.put("bytes", number),
            2 | 86 => self.put("packets", number),
            23 => self.put("reverse_bytes", number),
            24 => self.put("reverse_packets", number),
            4 => self.put("protocol", number),
            6 => self.put("tcp_flags", number),
            7 => self.put("src_port", number),
            11 => self.put("dst_port", number),
            10 => self.put("input_interface", number),
            14 => self.put("output_interface", number),
            8 | 27 => self.address("src_ip", bytes),
            12 | 28 => self.address("dst_ip", bytes),
            225 => self.address("nat_src_ip", bytes),
            226 => self.address("nat_dst_ip", bytes),
            136 => self.put("end_reason", number),
            233 => self.put("firewall_event", number),
            21 => self.end = uptime(whole),
            22 => self.start(uptime(whole)),
            150 => self.start(Some(Timestamp::from_parts(whole, 0))),
            151 => self.end = Some(Timestamp::from_parts(whole, 0)),
            152 => self.start(Some(Timestamp::from_millis(whole))),
            153 => self.end = Some(Timestamp::from_millis(whole)),
            _ => {}
        }
    }

    fn start(&mut self, time: Option<Timestamp>) {
        if let Some(time) = time {
            self.put("start", time.to_string());
        }
    }

    fn address(&mut self, name: &str, bytes: &[u8]) {
        let address = match bytes.len() {
            4 => bytes.first_chunk::<4>().map(|four| IpAddr::from(Ipv4Addr::from(*four))),
            16 => bytes.first_chunk::<16>().map(|six| IpAddr::from(Ipv6Addr::from(*six))),
            _ => None,
        };
        if let Some(address) = address {
            self.put(name, address.to_canonical().to_string());
        }
    }

    /// The flow as JSON; `None` when it names no address, as records about the exporter itself.
    fn finish(mut self, header: Header) -> Option<Vec<u8>> {
        if !self.values.contains_key("src_ip") && !self.values.contains_key("dst_ip") {
            return None;
        }
        let end = self.end.unwrap_or_else(|| Timestamp::from_parts(header.seconds, 0));
        self.put("end", end.to_string());
        serde_json::to_vec(&Value::Object(self.values)).ok()
    }
}

/// The records of version 5, whose layout is fixed: element and place of each value.
const VERSION5: &[(u16, usize, usize)] = &[
    (8, 0, 4),
    (12, 4, 4),
    (10, 12, 2),
    (14, 14, 2),
    (2, 16, 4),
    (1, 20, 4),
    (22, 24, 4),
    (21, 28, 4),
    (7, 32, 2),
    (11, 34, 2),
    (6, 37, 1),
    (4, 38, 1),
];

fn version5(exporter: IpAddr, bytes: &[u8], flows: &mut Vec<Vec<u8>>) -> Result<(), NormalizeError> {
    let count = usize::from(number16(bytes, 2)?);
    let header = Header {
        version: 5,
        seconds: i64::from(number32(bytes, 8)?),
        uptime: Some(i64::from(number32(bytes, 4)?)),
        domain: 0,
    };
    let body = bytes.get(24..).unwrap_or_default();
    if body.len() < count * 48 {
        return Err(malformed(format!("datagram of {} bytes has no room for {count} records", bytes.len())));
    }
    for record in body.chunks_exact(48).take(count) {
        let mut flow = Flow::new(exporter, 5);
        for &(element, place, length) in VERSION5 {
            flow.take(element, record.get(place..place + length).unwrap_or_default(), header);
        }
        flows.extend(flow.finish(header));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EXPORTER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 254));

    fn shown(flows: Vec<Vec<u8>>) -> Vec<Value> {
        flows.iter().map(|flow| serde_json::from_slice(flow).expect("is JSON")).collect()
    }

    fn set(id: u16, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len() + 4).expect("fits");
        [&id.to_be_bytes()[..], &length.to_be_bytes(), body].concat()
    }

    fn version9(sets: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(9_u16.to_be_bytes());
        bytes.extend(1_u16.to_be_bytes());
        for number in [10_000_u32, 1_795_348_800, 1, 7] {
            bytes.extend(number.to_be_bytes());
        }
        [bytes, sets.concat()].concat()
    }

    fn template9() -> Vec<u8> {
        let fields: [(u16, u16); 7] = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (1, 4), (21, 4)];
        let mut body = [300_u16.to_be_bytes(), 7_u16.to_be_bytes()].concat();
        fields.iter().for_each(|(element, length)| body.extend([element.to_be_bytes(), length.to_be_bytes()].concat()));
        set(0, &body)
    }

    fn data9() -> Vec<u8> {
        let mut body = vec![192, 0, 2, 1, 198, 51, 100, 9, 0xc3, 0x50, 1, 187, 6];
        body.extend(123_456_u32.to_be_bytes());
        body.extend(9_000_u32.to_be_bytes());
        set(300, &body)
    }

    #[test]
    fn version_5() {
        let mut bytes = Vec::new();
        bytes.extend(5_u16.to_be_bytes());
        bytes.extend(1_u16.to_be_bytes());
        for number in [10_000_u32, 1_795_348_800, 0, 1, 0] {
            bytes.extend(number.to_be_bytes());
        }
        let mut record = vec![0; 48];
        record[0..4].copy_from_slice(&[192, 0, 2, 1]);
        record[4..8].copy_from_slice(&[198, 51, 100, 9]);
        record[20..24].copy_from_slice(&1_500_u32.to_be_bytes());
        record[28..32].copy_from_slice(&10_000_u32.to_be_bytes());
        record[34..36].copy_from_slice(&443_u16.to_be_bytes());
        record[38] = 6;
        bytes.extend(record);
        let flows = shown(FlowDecoder::default().datagram(EXPORTER, &bytes).expect("is version 5"));
        assert_eq!(
            (&flows[0]["src_ip"], &flows[0]["bytes"], &flows[0]["dst_port"]),
            (&"192.0.2.1".into(), &1_500.into(), &443.into())
        );
        assert_eq!(flows[0]["end"], "2026-11-22T12:00:00Z".parse::<Timestamp>().expect("time").to_string());
        assert!(FlowDecoder::default().datagram(EXPORTER, &bytes[..60]).is_err());
    }

    #[test]
    fn version_9_waits_for_its_template() {
        let mut decoder = FlowDecoder::default();
        assert!(decoder.datagram(EXPORTER, &version9(&[data9()])).expect("waits").is_empty());
        assert_eq!(decoder.counts().sets_waiting, 1);
        let flows = shown(decoder.datagram(EXPORTER, &version9(&[template9(), data9()])).expect("is known"));
        assert_eq!(flows.len(), 2);
        assert_eq!(
            (&flows[0]["dst_ip"], &flows[0]["bytes"], &flows[0]["protocol"]),
            (&"198.51.100.9".into(), &123_456.into(), &6.into())
        );
        let other = "192.0.2.7".parse().expect("address");
        assert!(
            decoder.datagram(other, &version9(&[data9()])).expect("waits").is_empty(),
            "templates belong to one exporter"
        );
    }

    #[test]
    fn ipfix_with_values_of_varying_length() {
        let mut template = [400_u16.to_be_bytes(), 4_u16.to_be_bytes()].concat();
        for (element, length) in [(27_u16, 16_u16), (28, 16), (371, 65_535), (85, 8)] {
            template.extend([element.to_be_bytes(), length.to_be_bytes()].concat());
        }
        let mut data = Vec::new();
        data.extend("2001:db8::1".parse::<Ipv6Addr>().expect("six").octets());
        data.extend("2001:db8::2".parse::<Ipv6Addr>().expect("six").octets());
        data.extend([3, b'a', b'b', b'c']);
        data.extend(77_u64.to_be_bytes());
        let sets = [set(2, &template), set(400, &data)].concat();
        let mut bytes = [10_u16.to_be_bytes(), u16::try_from(16 + sets.len()).expect("fits").to_be_bytes()].concat();
        for number in [1_795_348_800_u32, 1, 9] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend(sets);
        let flows = shown(FlowDecoder::default().datagram(EXPORTER, &bytes).expect("is IPFIX"));
        assert_eq!((&flows[0]["src_ip"], &flows[0]["bytes"]), (&"2001:db8::1".into(), &77.into()));
    }

    #[test]
    fn templates_are_bounded() {
        let mut decoder = FlowDecoder::default();
        for id in 256..=u16::MAX {
            let body = [id.to_be_bytes(), 1_u16.to_be_bytes(), 8_u16.to_be_bytes(), 4_u16.to_be_bytes()].concat();
            decoder.datagram(EXPORTER, &version9(&[set(0, &body)])).expect("is a template");
        }
        assert_eq!(decoder.exporters[&EXPORTER].templates.len(), limits::FLOW_TEMPLATES);
        assert_eq!(decoder.counts().templates_dropped, u64::from(u16::MAX) - 255 - limits::FLOW_TEMPLATES as u64);
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_not_a_panic(version in prop::sample::select(vec![5_u16, 9, 10]), bytes: Vec<u8>, cut in 0_usize..120) {
            let mut decoder = FlowDecoder::default();
            let _ = decoder.datagram(EXPORTER, &[&version.to_be_bytes()[..], &bytes].concat());
            let good = version9(&[template9(), data9()]);
            let _ = decoder.datagram(EXPORTER, &[&good[..cut.min(good.len())], &bytes].concat());
        }
    }
}
