//! Where messages may go: hosts that two administrators agreed to, and no address of this machine or of its link.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;

use super::{Failure, failed};
use crate::values::{Key, Values};
use crate::wire::NotifyFault;

/// Where messages may go.
#[derive(Debug, Clone, Default)]
pub(crate) struct Egress {
    hosts: Vec<String>,
    /// Whether addresses of this machine and its link are allowed too.
    local: bool,
}

impl Egress {
    /// What the settings in force say.
    pub(crate) fn of(values: &Values) -> Self {
        let hosts = hosts(values.text(Key::EgressHosts)).map(str::to_owned).collect();
        Self { hosts, local: values.text(Key::EgressLocal) == "allowed" }
    }

    /// The hosts, for people.
    pub(crate) fn hosts(&self) -> Vec<String> {
        self.hosts.clone()
    }

    /// Whether messages may go to a host and port. A host that is named without a port stands for the usual ones.
    pub(crate) fn allows(&self, host: &str, port: u16) -> bool {
        let exact = format!("{host}:{port}");
        let usual = matches!(port, 25 | 80 | 443 | 465 | 587);
        self.hosts.iter().any(|known| *known == exact || (usual && known == host))
    }

    /// The addresses of a place that may be spoken to. One that is not allowed spoils all: a name that leads both here and
    /// elsewhere was made by somebody.
    pub(crate) async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
        if !self.allows(host, port) {
            return Err(failed(NotifyFault::Host, format!("{host}:{port}"), true));
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((bare, port)).await;
        let found: Vec<SocketAddr> =
            found.map_err(|error| failed(NotifyFault::Name, error.to_string(), false))?.collect();
        match found.iter().map(SocketAddr::ip).find(|address| is_local(*address)) {
            Some(address) if !self.local => Err(failed(NotifyFault::Local, address.to_string(), true)),
            _ if found.is_empty() => Err(failed(NotifyFault::Name, host.to_owned(), false)),
            _ => Ok(found),
        }
    }
}

/// The hosts of a text: between spaces, commas or semicolons.
pub(crate) fn hosts(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',', ';', '，', '；', '、']).map(str::trim).filter(|host| !host.is_empty())
}

/// Whether something is `host` or `host:port` in small letters, as it stands in an address.
pub(crate) fn is_host(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._:[]".contains(&byte);
    if !text.bytes().all(plain) {
        return false;
    }
    let address = format!("http://{text}/");
    let Ok(url) = address.parse::<Url>() else { return false };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let same = |port: &str| url.host_str().is_some_and(|host| format!("{host}{port}") == text);
    same(&port) || same(":80")
}

/// Whether an address is of this machine or of its link: what stands there trusts who asks from here.
fn is_local(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_local_v4(v4),
        IpAddr::V6(v6) => {
            let parts = v6.segments();
            // NAT64 (RFC 6052) carries an IPv4 address in its end.
            let inner = (parts[..6] == [0x64, 0xff9b, 0, 0, 0, 0]).then(|| embedded(v6));
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unicast_link_local()
                || inner.is_some_and(is_local_v4)
        }
    }
}

fn embedded(v6: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = v6.octets();
    Ipv4Addr::new(a, b, c, d)
}

fn is_local_v4(v4: Ipv4Addr) -> bool {
    v4.is_loopback() || v4.is_link_local() || v4.is_multicast() || v4.is_broadcast() || v4.octets()[0] == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_are_known_in_every_writing() {
        let local =
            ["127.0.0.1", "127.9.9.9", "0.0.0.0", "169.254.169.254", "224.0.0.1", "255.255.255.255", "::1", "::"];
        let mapped = ["::ffff:127.0.0.1", "fe80::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"];
        for text in local.into_iter().chain(mapped) {
            assert!(is_local(text.parse().expect("is an address")), "{text}");
        }
        for text in ["10.0.0.8", "59.110.1.1", "2400:3200::1", "64:ff9b::a00:8"] {
            assert!(!is_local(text.parse().expect("is an address")), "{text}");
        }
    }

    #[test]
    fn a_host_is_allowed_by_its_name_and_port() {
        let egress = Egress { hosts: vec!["oapi.dingtalk.com".to_owned(), "sms.local:8080".to_owned()], local: false };
        assert!(egress.allows("oapi.dingtalk.com", 443) && egress.allows("sms.local", 8_080));
        for (host, port) in
            [("oapi.dingtalk.com", 6_379), ("sms.local", 443), ("x.oapi.dingtalk.com", 443), ("dingtalk.com", 443)]
        {
            assert!(!egress.allows(host, port), "{host}:{port}");
        }
    }

    #[test]
    fn hosts_are_written_as_they_stand_in_addresses() {
        assert!(["qyapi.weixin.qq.com", "10.1.2.3:8080", "[fd00::1]:25", "sms.local:80"].into_iter().all(is_host));
        assert!(
            ["*", "a b", "UPPER.cn", "user@host", "host/path", "http://host", "0x7f000001", ""]
                .iter()
                .all(|text| !is_host(text))
        );
    }

    #[tokio::test]
    async fn names_that_lead_here_are_refused() {
        let egress = Egress { hosts: vec!["localhost".to_owned()], local: false };
        let failure = egress.addresses("localhost", 443).await.expect_err("is refused");
        assert_eq!((failure.fault, failure.lasting), (NotifyFault::Local, true));
        assert!(Egress { local: true, ..egress }.addresses("localhost", 443).await.is_ok());
    }
}
