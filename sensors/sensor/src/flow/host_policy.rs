//! Which system a host runs, as far as the settings tell: it decides which data wins when overlapping pieces differ.

use std::net::IpAddr;

use fengsui_protocols::OverlapPolicy;
use ipnet::IpNet;

use crate::settings::HostPolicy;

/// Networks and the policy of their hosts; the longest network counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct HostPolicies(Vec<(IpNet, OverlapPolicy)>);

impl HostPolicies {
    pub(crate) fn new(settings: &[HostPolicy]) -> Self {
        let parsed = |entry: &HostPolicy| {
            let policy = entry.policy;
            entry
                .networks
                .iter()
                .filter_map(|text| network(text))
                .map(move |network| (network, policy))
                .collect::<Vec<_>>()
        };
        let mut networks: Vec<(IpNet, OverlapPolicy)> = settings.iter().flat_map(parsed).collect();
        networks.sort_by_key(|entry| std::cmp::Reverse(entry.0.prefix_len()));
        Self(networks)
    }

    /// The policy of a host; none when its system is not known.
    pub(crate) fn of(&self, host: IpAddr) -> Option<OverlapPolicy> {
        self.0.iter().find(|entry| entry.0.contains(&host)).map(|entry| entry.1)
    }
}

/// A network, or a single address.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_network_decides() {
        let entry = |network: &str, policy| HostPolicy { networks: vec![network.to_owned()], policy };
        let policies = HostPolicies::new(&[
            entry("10.0.0.0/8", OverlapPolicy::Windows),
            entry("10.1.0.0/16", OverlapPolicy::Linux),
            entry("::/0", OverlapPolicy::Last),
        ]);
        let of = |host: &str| policies.of(host.parse().expect("is an address"));
        assert_eq!(of("10.2.3.4"), Some(OverlapPolicy::Windows));
        assert_eq!(of("10.1.3.4"), Some(OverlapPolicy::Linux));
        assert_eq!((of("192.0.2.1"), of("2001:db8::1")), (None, Some(OverlapPolicy::Last)));
    }
}
