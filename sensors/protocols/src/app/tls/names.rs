//! Names of versions and of the cipher suites of TLCP.

/// Name of a version as Suricata writes it.
pub(super) fn version_name(version: u16) -> String {
    match version {
        0x0101 => "TLCP".to_owned(),
        0x0002 => "SSLv2".to_owned(),
        0x0300 => "SSLv3".to_owned(),
        0x0301 => "TLSv1".to_owned(),
        0x0302 => "TLS 1.1".to_owned(),
        0x0303 => "TLS 1.2".to_owned(),
        0x0304 => "TLS 1.3".to_owned(),
        0x7f00..=0x7f0f => "TLS 1.3 draft-<16".to_owned(),
        0x7f10..=0x7fff => format!("TLS 1.3 draft-{}", version & 0xff),
        0xfb1a => "TLS 1.3 draft-26-fb".to_owned(),
        _ => "UNDETERMINED".to_owned(),
    }
}

/// Name of a cipher suite: those of GB/T 38636 and RFC 8998 by name, others by number.
pub(super) fn suite_name(suite: u16) -> String {
    let name = match suite {
        0xe011 => "ECDHE_SM4_CBC_SM3",
        0xe051 => "ECDHE_SM4_GCM_SM3",
        0xe013 => "ECC_SM4_CBC_SM3",
        0xe053 => "ECC_SM4_GCM_SM3",
        0xe015 => "IBSDH_SM4_CBC_SM3",
        0xe055 => "IBSDH_SM4_GCM_SM3",
        0xe017 => "IBC_SM4_CBC_SM3",
        0xe057 => "IBC_SM4_GCM_SM3",
        0xe019 => "RSA_SM4_CBC_SM3",
        0xe059 => "RSA_SM4_GCM_SM3",
        0xe01c => "RSA_SM4_CBC_SHA256",
        0xe05a => "RSA_SM4_GCM_SHA256",
        0x00c6 => "TLS_SM4_GCM_SM3",
        0x00c7 => "TLS_SM4_CCM_SM3",
        _ => return format!("0x{suite:04x}"),
    };
    name.to_owned()
}
