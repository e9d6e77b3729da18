//! Names of flags, protocols, versions and keyboards.

/// Names of the bits that are set.
fn set(bits: u16, names: &[(u16, &'static str)]) -> Vec<&'static str> {
    names.iter().filter(|name| bits & name.0 != 0).map(|name| name.1).collect()
}

pub(super) fn client_flags(bits: u8) -> Vec<&'static str> {
    const NAMES: [(u16, &str); 3] = [
        (1, "restricted_admin_mode_required"),
        (2, "redirected_authentication_mode_required"),
        (8, "correlation_info_present"),
    ];
    set(bits.into(), &NAMES)
}

pub(super) fn server_flags(bits: u8) -> Vec<&'static str> {
    const NAMES: [(u16, &str); 4] =
        [(1, "extended_client_data"), (2, "dynvc_gfx"), (8, "restricted_admin"), (16, "redirected_authentication")];
    set(bits.into(), &NAMES)
}

pub(super) fn capabilities(bits: u16) -> Vec<&'static str> {
    const NAMES: [(u16, &str); 10] = [
        (0x0001, "support_errinfo_pdf"),
        (0x0002, "want_32bpp_session"),
        (0x0004, "support_statusinfo_pdu"),
        (0x0008, "strong_asymmetric_keys"),
        (0x0020, "valid_connection_type"),
        (0x0040, "support_monitor_layout_pdu"),
        (0x0080, "support_netchar_autodetect"),
        (0x0100, "support_dynvc_gfx_protocol"),
        (0x0200, "support_dynamic_time_zone"),
        (0x0400, "support_heartbeat_pdu"),
    ];
    set(bits, &NAMES)
}

pub(super) fn protocol(number: u32) -> String {
    let name = match number {
        0 => "rdp",
        1 => "ssl",
        2 => "hybrid",
        4 => "rds_tls",
        8 => "hybrid_ex",
        other => return format!("unknown-{other}"),
    };
    name.to_owned()
}

pub(super) fn failure(number: u32) -> String {
    let name = match number {
        1 => "ssl required by server",
        2 => "ssl not allowed by server",
        3 => "ssl cert not on server",
        4 => "inconsistent flags",
        5 => "hybrid required by server",
        6 => "ssl with user auth required by server",
        other => return format!("unknown-{other}"),
    };
    name.to_owned()
}

pub(super) fn version(number: u32) -> String {
    match number {
        0x0008_0001 => "v4".to_owned(),
        0x0008_0004 => "v5".to_owned(),
        0x0008_0005..=0x0008_0010 => format!("v10.{}", number - 0x0008_0005),
        other => format!("unknown-{other}"),
    }
}

/// Systems by the build of their client.
pub(super) fn build(number: u32) -> String {
    let name = match number {
        2195 => "Windows 2000",
        2600 => "Windows XP",
        3790 => "Windows Server 2003",
        6000 => "Windows Vista",
        6001 => "Windows Vista SP1",
        6002 => "Windows Vista SP2",
        7600 => "Windows 7",
        7601 => "Windows 7 SP1",
        9200 => "Windows 8",
        9600 => "Windows 8.1",
        10_240 => "Windows 10 RTM",
        10_586 => "Windows 10 v1511",
        14_393 => "Windows 10 v1607",
        15_063 => "Windows 10 v1703",
        16_299 => "Windows 10 v1709",
        17_134 => "Windows 10 v1803",
        17_763 => "Windows 10 v1809",
        18_362 => "Windows 10 v1903",
        18_363 => "Windows 10 v1909",
        19_041 => "Windows 10 v2004",
        other => return format!("unknown-{other}"),
    };
    name.to_owned()
}

pub(super) const fn keyboard(number: u32) -> Option<&'static str> {
    Some(match number {
        1 => "xt",
        2 => "ico",
        3 => "at",
        4 => "enhanced",
        5 => "1050",
        6 => "9140",
        7 => "jp",
        _ => return None,
    })
}

pub(super) const fn connection(number: u8) -> Option<&'static str> {
    Some(match number {
        1 => "modem",
        2 => "low_broadband",
        3 => "satellite",
        4 => "high_broadband",
        5 => "wan",
        6 => "lan",
        7 => "autodetect",
        _ => return None,
    })
}

/// Language of a keyboard layout (MS-LCID).
pub(super) fn layout(number: u32) -> String {
    let name = match number & 0xffff {
        0x0401 => "ar-SA",
        0x0404 => "zh-TW",
        0x0405 => "cs-CZ",
        0x0406 => "da-DK",
        0x0407 => "de-DE",
        0x0408 => "el-GR",
        0x0409 => "en-US",
        0x040a => "es-ES_tradnl",
        0x040b => "fi-FI",
        0x040c => "fr-FR",
        0x040d => "he-IL",
        0x040e => "hu-HU",
        0x0410 => "it-IT",
        0x0411 => "ja-JP",
        0x0412 => "ko-KR",
        0x0413 => "nl-NL",
        0x0414 => "nb-NO",
        0x0415 => "pl-PL",
        0x0416 => "pt-BR",
        0x0418 => "ro-RO",
        0x0419 => "ru-RU",
        0x041d => "sv-SE",
        0x041e => "th-TH",
        0x041f => "tr-TR",
        0x0422 => "uk-UA",
        0x042a => "vi-VN",
        0x0804 => "zh-CN",
        0x0807 => "de-CH",
        0x0809 => "en-GB",
        0x080a => "es-MX",
        0x080c => "fr-BE",
        0x0816 => "pt-PT",
        0x0c04 => "zh-HK",
        0x0c07 => "de-AT",
        0x0c09 => "en-AU",
        0x0c0a => "es-ES",
        0x0c0c => "fr-CA",
        0x1004 => "zh-SG",
        0x1009 => "en-CA",
        0x100c => "fr-CH",
        other => return format!("unknown-{other}"),
    };
    name.to_owned()
}
