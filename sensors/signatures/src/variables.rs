//! Address and port groups that rules name.

use std::collections::BTreeMap;

/// Address and port groups that rules name with `$NAME`. A group may name other groups.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Variables {
    /// Address groups by name, without `$`: `HOME_NET = "[10.0.0.0/8,!10.9.0.0/16]"`.
    pub address_groups: BTreeMap<String, String>,
    /// Port groups by name, without `$`: `HTTP_PORTS = "[80,8000:8100]"`.
    pub port_groups: BTreeMap<String, String>,
}

/// Address groups a fresh installation has; the names are those rule sets use.
const ADDRESS_GROUPS: &[(&str, &str)] = &[
    ("HOME_NET", "[192.168.0.0/16,10.0.0.0/8,172.16.0.0/12]"),
    ("EXTERNAL_NET", "!$HOME_NET"),
    ("HTTP_SERVERS", "$HOME_NET"),
    ("SMTP_SERVERS", "$HOME_NET"),
    ("SQL_SERVERS", "$HOME_NET"),
    ("DNS_SERVERS", "$HOME_NET"),
    ("TELNET_SERVERS", "$HOME_NET"),
    ("AIM_SERVERS", "$EXTERNAL_NET"),
    ("DC_SERVERS", "$HOME_NET"),
    ("DNP3_SERVER", "$HOME_NET"),
    ("DNP3_CLIENT", "$HOME_NET"),
    ("MODBUS_CLIENT", "$HOME_NET"),
    ("MODBUS_SERVER", "$HOME_NET"),
    ("ENIP_CLIENT", "$HOME_NET"),
    ("ENIP_SERVER", "$HOME_NET"),
];

/// Port groups a fresh installation has.
const PORT_GROUPS: &[(&str, &str)] = &[
    ("HTTP_PORTS", "80"),
    ("SHELLCODE_PORTS", "!80"),
    ("ORACLE_PORTS", "1521"),
    ("SSH_PORTS", "22"),
    ("DNP3_PORTS", "20000"),
    ("MODBUS_PORTS", "502"),
    ("FILE_DATA_PORTS", "[$HTTP_PORTS,110,143]"),
    ("FTP_PORTS", "21"),
    ("GENEVE_PORTS", "6081"),
    ("VXLAN_PORTS", "4789"),
    ("TEREDO_PORTS", "3544"),
    ("SIP_PORTS", "[5060,5061]"),
];

impl Default for Variables {
    fn default() -> Self {
        Self { address_groups: owned(ADDRESS_GROUPS), port_groups: owned(PORT_GROUPS) }
    }
}

fn owned(groups: &[(&str, &str)]) -> BTreeMap<String, String> {
    groups.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
