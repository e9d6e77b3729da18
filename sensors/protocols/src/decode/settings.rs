//! Settings of decoding.

use serde::Deserialize;

/// What decoding checks and where it looks for tunnels.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DecodeSettings {
    /// Whether checksums are computed. Unchecked packets have `None` in their checksum fields.
    pub verify_checksums: bool,
    /// UDP destination ports of VXLAN.
    pub vxlan_ports: Vec<u16>,
    /// UDP destination ports of Geneve.
    pub geneve_ports: Vec<u16>,
    /// UDP ports of Teredo; empty to switch it off.
    pub teredo_ports: Vec<u16>,
}

impl Default for DecodeSettings {
    fn default() -> Self {
        Self { verify_checksums: true, vxlan_ports: vec![4789], geneve_ports: vec![6081], teredo_ports: vec![3544] }
    }
}
