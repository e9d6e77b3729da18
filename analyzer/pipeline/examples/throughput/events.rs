//! Made-up events of a sensor: flows, requests, questions, handshakes, and alerts that repeat; now and then an attack.

use fengsui_schema::Timestamp;

/// Beginning of the addresses of marked attackers: 198.18.64.0 to 198.18.79.255.
pub(crate) const MARKED: &str = "198.18.";

pub(crate) struct Generator {
    numbers: u64,
    attacks: u64,
    flow: u64,
}

impl Generator {
    pub(crate) fn new() -> Self {
        Self { numbers: 1, attacks: 0, flow: 0 }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.numbers = self.numbers.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.numbers >> 33) % bound
    }

    pub(crate) fn event(&mut self, time: Timestamp) -> String {
        self.flow += 1;
        let (host, server, port) = (self.below(3_000), self.below(400), 32_768 + self.below(28_000));
        let flow = self.flow.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 8;
        let ends = format!(
            r#""timestamp":"{}","flow_id":{flow},"in_iface":"eth1","src_ip":"10.1.{}.{}","src_port":{port},"community_id":"1:{:016x}+{:08x}=""#,
            time.to_eve(),
            host / 200,
            host % 200,
            flow.wrapping_mul(31),
            flow
        );
        let to = |port: u64| {
            format!(r#""dest_ip":"203.0.{}.{}","dest_port":{port},"proto":"TCP""#, server / 200, server % 200)
        };
        match self.below(100) {
            0..45 => {
                let (up, down, packets) = (self.below(40_000), self.below(900_000), self.below(800));
                format!(
                    r#"{{{ends},{},"event_type":"flow","app_proto":"tls","flow":{{"pkts_toserver":{packets},"pkts_toclient":{packets},"bytes_toserver":{up},"bytes_toclient":{down},"start":"{}","end":"{}","age":3,"state":"closed","reason":"timeout","alerted":false}},"tcp":{{"tcp_flags":"1b","syn":true,"fin":true,"psh":true,"ack":true,"state":"closed"}}}}"#,
                    to(443),
                    time.to_eve(),
                    time.to_eve()
                )
            }
            45..70 => {
                let (name, page, length) = (self.below(300), self.below(4_000), self.below(60_000));
                format!(
                    r#"{{{ends},{},"event_type":"http","tx_id":0,"http":{{"hostname":"host{name}.example.com","url":"/articles/{page}?session={flow:x}","http_user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36","http_content_type":"text/html","http_method":"GET","protocol":"HTTP/1.1","status":200,"length":{length}}}}}"#,
                    to(80)
                )
            }
            70..88 => {
                let name = self.below(5_000);
                format!(
                    r#"{{{ends},"dest_ip":"10.1.0.1","dest_port":53,"proto":"UDP","event_type":"dns","dns":{{"version":2,"type":"answer","id":{},"flags":"8180","qr":true,"rd":true,"ra":true,"rrname":"name{name}.example.org","rrtype":"A","rcode":"NOERROR","answers":[{{"rrname":"name{name}.example.org","rrtype":"A","ttl":300,"rdata":"203.0.113.{}"}}]}}}}"#,
                    flow % 65_536,
                    name % 250
                )
            }
            88..99 => format!(
                r#"{{{ends},{},"event_type":"tls","tls":{{"sni":"host{}.example.com","version":"TLS 1.3","ja3":{{"hash":"e7d705a3286e19ea42f587b344ee6865"}},"ja4":"t13d1516h2_8daaf6152771_02713d6af862"}}}}"#,
                to(443),
                self.below(300)
            ),
            _ => format!(
                r#"{{{ends},{},"event_type":"alert","alert":{{"action":"allowed","gid":1,"signature_id":{},"rev":1,"signature":"POLICY something common {}","category":"Potentially Bad Traffic","severity":2}}}}"#,
                to(80),
                2_100_000 + host % 20,
                host % 20
            ),
        }
    }

    /// A marked attack: an address of its own that scans and exploits; the address, and the records.
    pub(crate) fn attack(&mut self, time: Timestamp) -> (String, Vec<String>) {
        self.attacks += 1;
        let source = format!("198.18.{}.{}", 64 + self.attacks / 250, self.attacks % 250);
        let alert = |rule: u64| {
            format!(
                r#"{{"timestamp":"{}","flow_id":{},"event_type":"alert","src_ip":"{source}","src_port":40001,"dest_ip":"10.1.1.{}","dest_port":80,"proto":"TCP","app_proto":"http","alert":{{"signature_id":{},"rev":1,"signature":"exploit number {rule}","category":"Web Application Attack","severity":1}},"http":{{"hostname":"www.example.com","url":"/a?id=1","http_method":"GET","status":200}}}}"#,
                time.to_eve(),
                self.attacks,
                self.attacks % 200,
                9_000_000 + self.attacks * 4 + rule
            )
        };
        let records = (0..4).map(alert).collect();
        (source, records)
    }
}
