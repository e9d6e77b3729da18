//! The network interfaces of this host.

use std::net::IpAddr;

use crate::CaptureError;

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Name, such as `eth0`.
    pub name: String,
    /// Index the kernel knows it by.
    pub index: u32,
    /// Addresses it has.
    pub addresses: Vec<IpAddr>,
    /// Whether it is up.
    pub up: bool,
    /// Whether it is the loopback interface.
    pub loopback: bool,
}

/// Every network interface, in the order the system lists them.
#[must_use]
pub fn interfaces() -> Vec<Interface> {
    pnet::datalink::interfaces().iter().map(described).collect()
}

fn described(interface: &pnet::datalink::NetworkInterface) -> Interface {
    Interface {
        name: interface.name.clone(),
        index: interface.index,
        addresses: interface.ips.iter().map(pnet::ipnetwork::IpNetwork::ip).collect(),
        up: interface.is_up(),
        loopback: interface.is_loopback(),
    }
}

pub(crate) fn find(name: &str) -> Result<pnet::datalink::NetworkInterface, CaptureError> {
    let all = pnet::datalink::interfaces();
    let known = all.iter().map(|interface| interface.name.as_str()).collect::<Vec<_>>().join(", ");
    all.into_iter()
        .find(|interface| interface.name == name)
        .ok_or_else(|| CaptureError::NoInterface { name: fengsui_schema::shown(name).to_string(), known })
}
