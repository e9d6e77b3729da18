//! Community id version 1 (Corelight, community-id-spec).

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// The community id of a flow.
#[must_use]
pub(crate) fn community_id(seed: u16, protocol: u8, client: (IpAddr, u16), server: (IpAddr, u16)) -> String {
    let (client, server, has_ports) = endpoints(protocol, client, server);
    let (low, high) = if order(client) <= order(server) || !is_symmetric(protocol, client.1, server.1) {
        (client, server)
    } else {
        (server, client)
    };
    let mut digest = Sha1::new();
    digest.update(seed.to_be_bytes());
    update_address(&mut digest, low.0);
    update_address(&mut digest, high.0);
    digest.update([protocol, 0]);
    if has_ports {
        digest.update(low.1.to_be_bytes());
        digest.update(high.1.to_be_bytes());
    }
    format!("1:{}", STANDARD.encode(digest.finalize()))
}

type Endpoint = (IpAddr, u16);

/// ICMP has its type and the type of its answer in the place of ports.
fn endpoints(protocol: u8, client: Endpoint, server: Endpoint) -> (Endpoint, Endpoint, bool) {
    match protocol {
        1 | 58 => {
            let kind = client.1;
            ((client.0, kind), (server.0, counterpart(protocol, kind).unwrap_or(server.1)), true)
        }
        6 | 17 | 132 => (client, server, true),
        _ => (client, server, false),
    }
}

fn is_symmetric(protocol: u8, kind: u16, _code: u16) -> bool {
    !matches!(protocol, 1 | 58) || counterpart(protocol, kind).is_some()
}

/// The type that answers an ICMP type, by the table of the specification.
fn counterpart(protocol: u8, kind: u16) -> Option<u16> {
    const V4: &[(u16, u16)] = &[(8, 0), (13, 14), (15, 16), (10, 9), (17, 18)];
    const V6: &[(u16, u16)] = &[(128, 129), (133, 134), (135, 136), (130, 131), (139, 140), (144, 145)];
    let table = if protocol == 1 { V4 } else { V6 };
    table.iter().find_map(|(one, other)| match kind {
        kind if kind == *one => Some(*other),
        kind if kind == *other => Some(*one),
        _ => None,
    })
}

fn order(endpoint: Endpoint) -> (Vec<u8>, u16) {
    let bytes = match endpoint.0 {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    (bytes, endpoint.1)
}

fn update_address(digest: &mut Sha1, address: IpAddr) {
    match address {
        IpAddr::V4(address) => digest.update(address.octets()),
        IpAddr::V6(address) => digest.update(address.octets()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(protocol: u8, client: (&str, u16), server: (&str, u16)) -> String {
        let address = |text: &str| text.parse().expect("is an address");
        community_id(0, protocol, (address(client.0), client.1), (address(server.0), server.1))
    }

    #[test]
    fn both_ways_give_the_published_id() {
        // Examples of the specification's baseline data.
        let expected = "1:LQU9qZlK+B5F3KDmev6m5PMibrg=";
        assert_eq!(id(6, ("128.232.110.120", 34855), ("66.35.250.204", 80)), expected);
        assert_eq!(id(6, ("66.35.250.204", 80), ("128.232.110.120", 34855)), expected);
        assert_eq!(id(17, ("192.168.1.52", 54585), ("8.8.8.8", 53)), "1:d/FP5EW3wiY1vCndhwleRRKHowQ=");
    }

    #[test]
    fn echo_and_its_answer_are_one_flow() {
        let request = id(1, ("192.168.0.89", 8), ("192.168.0.1", 0));
        assert_eq!(request, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=");
        assert_eq!(id(1, ("192.168.0.1", 0), ("192.168.0.89", 8)), request);
    }
}
