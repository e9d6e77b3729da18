//! What is looked for in the lists of indicators when somebody asks about a value.

use std::net::IpAddr;

use fengsui_detect::{clickable, without_scheme};
use ipnet::IpNet;

/// Every value of a list that would mean the one asked for, in the form that lists have (lower case, networks without host
/// bits, web addresses without scheme): an address and the networks it is in, a name and the domains above it, a web
/// address and its host.
pub(crate) fn candidates(value: &str) -> Vec<String> {
    let value = clickable(value);
    if let Ok(address) = value.parse::<IpAddr>() {
        return of_address(address);
    }
    if let Ok(range) = value.parse::<IpNet>() {
        return vec![range.trunc().to_string()];
    }
    let bare = without_scheme(&value);
    let host = bare.split(['/', '?']).next().unwrap_or_default();
    let mut all = vec![bare.to_owned()];
    all.extend(bare.split_once('?').map(|(path, _)| path.to_owned()));
    all.extend(of_host(host.rsplit_once('@').map_or(host, |(_, host)| host)));
    all.retain(|candidate| !candidate.is_empty());
    all.dedup();
    all
}

fn of_address(address: IpAddr) -> Vec<String> {
    let address = address.to_canonical();
    let longest = IpNet::from(address).max_prefix_len();
    let ranges = (0..=longest).rev().filter_map(|length| IpNet::new(address, length).ok());
    std::iter::once(address.to_string()).chain(ranges.map(|range| range.trunc().to_string())).collect()
}

fn of_host(host: &str) -> Vec<String> {
    let inner = host.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(inner, _)| inner);
    let name = inner.or_else(|| host.rsplit_once(':').map(|(name, _)| name)).unwrap_or(host);
    if let Ok(address) = name.parse::<IpAddr>() {
        return of_address(address);
    }
    let first = name.trim_start_matches("*.").trim_matches('.').to_owned();
    let above = |name: &String| name.split_once('.').map(|(_, above)| above.to_owned()).filter(|up| up.contains('.'));
    std::iter::successors(Some(first), above).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_looked_for_with_their_networks() {
        let all = candidates(" 203.0.113.66 ");
        assert_eq!((all.len(), all[0].as_str()), (34, "203.0.113.66"));
        for range in ["203.0.113.66/32", "203.0.113.0/24", "203.0.0.0/16", "0.0.0.0/0"] {
            assert!(all.iter().any(|one| one == range), "{range}");
        }
        assert_eq!(candidates("::ffff:203.0.113.66"), all);
        assert_eq!(candidates("203.0.113.66/24"), ["203.0.113.0/24"]);
        assert_eq!(candidates("2001:db8::1").len(), 130);
    }

    #[test]
    fn names_are_looked_for_with_those_above() {
        assert_eq!(candidates("A.B.evil[.]example"), ["a.b.evil.example", "b.evil.example", "evil.example"]);
        assert_eq!(candidates("44D88612FEA8A8F36DE82E1278ABB02F"), ["44d88612fea8a8f36de82e1278abb02f"]);
        let page = candidates("hxxps://u@x.evil.example:8443/a/b?c=1#d");
        for wanted in ["u@x.evil.example:8443/a/b?c=1", "u@x.evil.example:8443/a/b", "x.evil.example", "evil.example"] {
            assert!(page.iter().any(|one| one == wanted), "{wanted}: {page:?}");
        }
        assert!(candidates("http://203.0.113.66:80/x").contains(&"203.0.113.66".to_owned()));
        assert!(candidates("").is_empty() && candidates(" #").is_empty());
    }
}
