//! Keywords that compare numbers and flags of a transaction: one line each. Parsers leave the values under the keyword's
//! name in [`fengsui_protocols::Facts`].

use fengsui_protocols::AppProtocol;
use fengsui_protocols::app::ike::CHOSEN_ATTRIBUTES;
use fengsui_schema::shown;

use crate::draft::Draft;
use crate::keywords::places::Places;
use crate::keywords::transaction::TransactionCheck;
use crate::keywords::{Keyword, keyword};
use crate::number::Comparison;

/// Names of an enumeration with their numbers.
type Names = &'static [(&'static str, u64)];

macro_rules! number {
    ($name:literal, $protocol:ident) => {
        number!($name, $protocol, &[])
    };
    ($name:literal, $protocol:ident, $names:expr) => {
        keyword($name, |draft, value| number(draft, ($name, AppProtocol::$protocol), value, $names))
    };
}

macro_rules! flags {
    ($name:literal, $protocol:ident, $names:expr) => {
        keyword($name, |draft, value| flags(draft, ($name, AppProtocol::$protocol), value, $names))
    };
}

const MQTT_TYPES: Names = &[
    ("connect", 1),
    ("connack", 2),
    ("publish", 3),
    ("puback", 4),
    ("pubrec", 5),
    ("pubrel", 6),
    ("pubcomp", 7),
    ("subscribe", 8),
    ("suback", 9),
    ("unsubscribe", 10),
    ("unsuback", 11),
    ("pingreq", 12),
    ("pingresp", 13),
    ("disconnect", 14),
    ("auth", 15),
    ("unassigned", 0),
];
const YES_NO: Names = &[("true", 1), ("yes", 1), ("false", 0), ("no", 0)];
const WAYS: Names = &[("to_server", 0), ("to_client", 1)];
const MQTT_FLAGS: Names = &[("retain", 1), ("dup", 8)];
const MQTT_CONNECT_FLAGS: Names =
    &[("username", 0x80), ("password", 0x40), ("will_retain", 0x20), ("will", 0x04), ("clean_session", 0x02)];
const LDAP_OPERATIONS: Names = &[
    ("bind_request", 0),
    ("bind_response", 1),
    ("unbind_request", 2),
    ("search_request", 3),
    ("search_result_entry", 4),
    ("search_result_done", 5),
    ("modify_request", 6),
    ("modify_response", 7),
    ("add_request", 8),
    ("add_response", 9),
    ("del_request", 10),
    ("del_response", 11),
    ("mod_dn_request", 12),
    ("mod_dn_response", 13),
    ("compare_request", 14),
    ("compare_response", 15),
    ("abandon_request", 16),
    ("search_result_reference", 19),
    ("extended_request", 23),
    ("extended_response", 24),
    ("intermediate_response", 25),
];
const WEBSOCKET_OPCODES: Names =
    &[("continuation", 0), ("text", 1), ("binary", 2), ("connection_close", 8), ("ping", 9), ("pong", 10)];
const WEBSOCKET_FLAGS: Names = &[("fin", 0x80), ("comp", 0x40)];
const RFB_RESULTS: Names = &[("ok", 0), ("fail", 1), ("toomany", 2), ("unknown", 3)];
const SNMP_PDU_TYPES: Names = &[
    ("get_request", 0),
    ("get_next_request", 1),
    ("get_response", 2),
    ("response", 2),
    ("set_request", 3),
    ("trap_v1", 4),
    ("get_bulk_request", 5),
    ("inform_request", 6),
    ("trap_v2", 7),
    ("report", 8),
];
const SNMP_TRAPS: Names = &[
    ("cold_start", 0),
    ("warm_start", 1),
    ("link_down", 2),
    ("link_up", 3),
    ("authentication_failure", 4),
    ("egp_neighbor_loss", 5),
    ("enterprise_specific", 6),
];
const NTP_MODES: Names = &[
    ("reserved", 0),
    ("symmetric_active", 1),
    ("symmetric_passive", 2),
    ("client", 3),
    ("server", 4),
    ("broadcast", 5),
    ("control", 6),
    ("private", 7),
];
const HTTP2_FRAMES: Names = &[
    ("data", 0),
    ("headers", 1),
    ("priority", 2),
    ("reset_stream", 3),
    ("rststream", 3),
    ("settings", 4),
    ("push_promise", 5),
    ("pushpromise", 5),
    ("ping", 6),
    ("goaway", 7),
    ("window_update", 8),
    ("windowupdate", 8),
    ("continuation", 9),
];
const HTTP2_ERRORS: Names = &[
    ("no_error", 0),
    ("protocol_error", 1),
    ("internal_error", 2),
    ("flow_control_error", 3),
    ("settings_timeout", 4),
    ("stream_closed", 5),
    ("frame_size_error", 6),
    ("refused_stream", 7),
    ("cancel", 8),
    ("compression_error", 9),
    ("connect_error", 10),
    ("enhance_your_calm", 11),
    ("inadequate_security", 12),
    ("http_1_1_required", 13),
];
const KRB5_TYPES: Names = &[
    ("as_req", 10),
    ("krb_as_req", 10),
    ("as_rep", 11),
    ("krb_as_rep", 11),
    ("tgs_req", 12),
    ("krb_tgs_req", 12),
    ("tgs_rep", 13),
    ("krb_tgs_rep", 13),
    ("ap_req", 14),
    ("ap_rep", 15),
    ("error", 30),
    ("krb_error", 30),
];
const ENIP_COMMANDS: Names = &[
    ("nop", 0),
    ("listservices", 4),
    ("list_services", 4),
    ("listidentity", 0x63),
    ("list_identity", 0x63),
    ("listinterfaces", 0x64),
    ("list_interfaces", 0x64),
    ("registersession", 0x65),
    ("register_session", 0x65),
    ("unregistersession", 0x66),
    ("unregister_session", 0x66),
    ("sendrrdata", 0x6f),
    ("send_rr_data", 0x6f),
    ("sendunitdata", 0x70),
    ("send_unit_data", 0x70),
    ("indicatestatus", 0x72),
    ("indicate_status", 0x72),
    ("cancel", 0x73),
];
const DNP3_FUNCTIONS: Names = &[
    ("confirm", 0),
    ("read", 1),
    ("write", 2),
    ("select", 3),
    ("operate", 4),
    ("direct_operate", 5),
    ("direct_operate_nr", 6),
    ("immed_freeze", 7),
    ("cold_restart", 13),
    ("warm_restart", 14),
    ("initialize_data", 15),
    ("start_appl", 17),
    ("stop_appl", 18),
    ("save_config", 19),
    ("enable_unsolicited", 20),
    ("disable_unsolicited", 21),
    ("assign_class", 22),
    ("delay_measure", 23),
    ("record_current_time", 24),
    ("open_file", 25),
    ("close_file", 26),
    ("delete_file", 27),
    ("get_file_info", 28),
    ("authenticate_file", 29),
    ("abort_file", 30),
    ("activate_config", 31),
    ("authenticate_req", 32),
    ("authenticate_err", 33),
    ("response", 129),
    ("unsolicited_response", 130),
    ("authenticate_resp", 131),
];
const DNP3_INDICATIONS: Names = &[
    ("all_stations", 0x0100),
    ("class_1_events", 0x0200),
    ("class_2_events", 0x0400),
    ("class_3_events", 0x0800),
    ("need_time", 0x1000),
    ("local_control", 0x2000),
    ("device_trouble", 0x4000),
    ("device_restart", 0x8000),
    ("no_func_code_support", 0x0001),
    ("object_unknown", 0x0002),
    ("parameter_error", 0x0004),
    ("event_buffer_overflow", 0x0008),
    ("already_executing", 0x0010),
    ("config_corrupt", 0x0020),
    ("reserved_2", 0x0040),
    ("reserved_1", 0x0080),
];

/// Response codes of RFC 1035, 2136, 6891 and 8945.
const DNS_CODES: Names = &[
    ("noerror", 0),
    ("formerr", 1),
    ("servfail", 2),
    ("nxdomain", 3),
    ("notimp", 4),
    ("refused", 5),
    ("yxdomain", 6),
    ("yxrrset", 7),
    ("nxrrset", 8),
    ("notauth", 9),
    ("notzone", 10),
    ("badvers", 16),
    ("badsig", 16),
    ("badkey", 17),
    ("badtime", 18),
    ("badmode", 19),
    ("badname", 20),
    ("badalg", 21),
    ("badtrunc", 22),
];

/// Record types of RFC 1035 and later.
const DNS_TYPES: Names = &[
    ("a", 1),
    ("ns", 2),
    ("cname", 5),
    ("soa", 6),
    ("null", 10),
    ("ptr", 12),
    ("mx", 15),
    ("txt", 16),
    ("aaaa", 28),
    ("srv", 33),
    ("naptr", 35),
    ("ds", 43),
    ("sshfp", 44),
    ("rrsig", 46),
    ("nsec", 47),
    ("dnskey", 48),
    ("tlsa", 52),
    ("svcb", 64),
    ("https", 65),
    ("axfr", 252),
    ("any", 255),
    ("caa", 257),
];

pub(crate) const KEYWORDS: &[Keyword] = &[
    number!("dns.rrtype", Dns, DNS_TYPES),
    number!("dns.rcode", Dns, DNS_CODES),
    keyword("ike.chosen_sa_attribute", chosen_attribute),
    number!("mqtt.type", Mqtt, MQTT_TYPES),
    number!("mqtt.qos", Mqtt),
    number!("mqtt.protocol_version", Mqtt),
    number!("mqtt.reason_code", Mqtt),
    number!("mqtt.connack.return_code", Mqtt),
    number!("mqtt.connack.session_present", Mqtt, YES_NO),
    flags!("mqtt.flags", Mqtt, MQTT_FLAGS),
    flags!("mqtt.connect.flags", Mqtt, MQTT_CONNECT_FLAGS),
    number!("dhcp.leasetime", Dhcp),
    number!("dhcp.rebinding_time", Dhcp),
    number!("dhcp.renewal_time", Dhcp),
    number!("rfb.secresult", Rfb, RFB_RESULTS),
    number!("rfb.sectype", Rfb),
    number!("ike.exchtype", Ike),
    number!("ike.key_exchange_payload_length", Ike),
    number!("ike.nonce_payload_length", Ike),
    number!("ldap.request.operation", Ldap, LDAP_OPERATIONS),
    number!("ldap.responses.operation", Ldap, LDAP_OPERATIONS),
    number!("ldap.responses.count", Ldap),
    number!("ldap.responses.result_code", Ldap, fengsui_protocols::app::ldap::RESULT_CODES),
    number!("websocket.opcode", Websocket, WEBSOCKET_OPCODES),
    number!("websocket.mask", Websocket),
    flags!("websocket.flags", Websocket, WEBSOCKET_FLAGS),
    number!("snmp.version", Snmp),
    number!("snmp.pdu_type", Snmp, SNMP_PDU_TYPES),
    number!("snmp.trap_type", Snmp, SNMP_TRAPS),
    number!("ntp.version", Ntp),
    number!("ntp.mode", Ntp, NTP_MODES),
    number!("ntp.stratum", Ntp),
    number!("http2.frametype", Http2, HTTP2_FRAMES),
    number!("http2.errorcode", Http2, HTTP2_ERRORS),
    number!("http2.priority", Http2),
    number!("http2.window", Http2),
    number!("http2.size_update", Http2),
    keyword("http2.settings", http2_setting),
    number!("krb5_msg_type", Krb5, KRB5_TYPES),
    number!("krb5_err_code", Krb5),
    keyword("krb5.ticket_encryption", ticket_encryption),
    number!("cip_service", Enip),
    number!("enip.cip_service", Enip),
    number!("enip_command", Enip, ENIP_COMMANDS),
    number!("enip.command", Enip, ENIP_COMMANDS),
    number!("enip.status", Enip),
    number!("enip.protocol_version", Enip),
    number!("enip.cip_attribute", Enip),
    number!("enip.cip_class", Enip),
    number!("enip.cip_instance", Enip),
    number!("enip.cip_status", Enip),
    number!("enip.cip_extendedstatus", Enip),
    number!("enip.capabilities", Enip),
    number!("enip.identity_status", Enip),
    number!("enip.revision", Enip),
    number!("enip.state", Enip),
    number!("enip.serial", Enip),
    number!("enip.product_code", Enip),
    number!("enip.device_type", Enip),
    number!("enip.vendor_id", Enip),
    number!("dnp3_func", Dnp3, DNP3_FUNCTIONS),
    number!("dnp3.func", Dnp3, DNP3_FUNCTIONS),
    keyword("dnp3_obj", dnp3_object),
    keyword("dnp3.obj", dnp3_object),
    flags!("dnp3_ind", Dnp3, DNP3_INDICATIONS),
    flags!("dnp3.ind", Dnp3, DNP3_INDICATIONS),
    number!("imap.email.direction", Imap, WAYS),
    number!("nfs_procedure", Nfs),
    number!("nfs.procedure", Nfs),
    number!("nfs_version", Nfs),
    number!("nfs.version", Nfs),
    number!("smb.version", Smb),
];

/// `alg_hash=2`: an attribute the responder of IKE chose.
fn chosen_attribute(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let (key, number) = value.split_once('=').ok_or("needs an attribute and a number, as alg_hash=2")?;
    let known = CHOSEN_ATTRIBUTES.iter().find(|known| known.0 == key.trim());
    let name = known.ok_or_else(|| format!("{} is no attribute of it", shown(key)))?.1;
    let comparison = Comparison::only(crate::number::number(number)?);
    let protocol = AppProtocol::Ike;
    draft.transaction_checks.push(TransactionCheck::Fact { protocol, name, comparison, places: Places::ANY });
    Ok(())
}

/// `group,variation`.
fn dnp3_object(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let (group, variation) = value.split_once(',').ok_or("needs a group and a variation")?;
    let byte = |text: &str| crate::number::number(text).ok().and_then(|number| u8::try_from(number).ok());
    let object = byte(group).zip(byte(variation)).ok_or_else(|| format!("{} is no object of DNP3", shown(value)))?;
    draft.transaction_checks.push(TransactionCheck::Dnp3Object([object.0, object.1]));
    Ok(())
}

/// `SETTINGS_HEADER_TABLE_SIZE>1000`: a setting by name, and what its value is compared with.
fn http2_setting(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    const SETTINGS: [&str; 6] = [
        "SETTINGS_HEADER_TABLE_SIZE",
        "SETTINGS_ENABLE_PUSH",
        "SETTINGS_MAX_CONCURRENT_STREAMS",
        "SETTINGS_INITIAL_WINDOW_SIZE",
        "SETTINGS_MAX_FRAME_SIZE",
        "SETTINGS_MAX_HEADER_LIST_SIZE",
    ];
    let value = value.trim();
    let end = value.find(|c: char| !c.is_ascii_alphabetic() && c != '_').unwrap_or(value.len());
    let (name, rest) = value.split_at(end);
    let place = SETTINGS.iter().position(|known| known.eq_ignore_ascii_case(name));
    let place = place.ok_or_else(|| format!("{} is no setting of HTTP/2", shown(name)))?;
    let id = u16::try_from(place + 1).map_err(|_| "is out of range".to_owned())?;
    let comparison = if rest.trim().is_empty() { None } else { Some(Comparison::parse(rest)?) };
    draft.transaction_checks.push(TransactionCheck::Setting { id, comparison });
    Ok(())
}

/// `weak`, or one of a list of encryption types by name or number.
fn ticket_encryption(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let (protocol, name) = (AppProtocol::Krb5, "krb5.ticket_encryption");
    let mut comparisons = Vec::new();
    for part in super::parts(value) {
        let weak = part.eq_ignore_ascii_case("weak");
        if weak {
            comparisons.extend([Comparison::between(1, 3), Comparison::between(23, 24)]);
        } else {
            comparisons.push(Comparison::parse(&with_numbers(part, fengsui_protocols::app::krb5::ENCRYPTION_TYPES))?);
        }
    }
    draft.transaction_checks.push(TransactionCheck::AnyFact { protocol, name, comparisons });
    Ok(())
}

fn number(
    draft: &mut Draft<'_>,
    (name, protocol): (&'static str, AppProtocol),
    value: &str,
    names: Names,
) -> Result<(), String> {
    let (value, places) = Places::split(value)?;
    let comparison = Comparison::parse(&with_numbers(value, names))?;
    draft.transaction_checks.push(TransactionCheck::Fact { protocol, name, comparison, places });
    Ok(())
}

/// A value with a name turned into its number; the sign before it stays.
fn with_numbers(value: &str, names: Names) -> String {
    let value = value.trim();
    let sign = value.len() - value.trim_start_matches(['!', '=', '<', '>']).len();
    let (sign, word) = value.split_at(sign);
    let word = word.trim().trim_matches('"');
    match names.iter().find(|entry| entry.0.eq_ignore_ascii_case(word)) {
        Some(entry) => format!("{sign}{}", entry.1),
        None => value.to_owned(),
    }
}

/// `a,!b`: names of flags that are set and, after `!`, not set; or a comparison of all of them as a number, `&n` for
/// any of some.
fn flags(
    draft: &mut Draft<'_>,
    (name, protocol): (&'static str, AppProtocol),
    value: &str,
    names: Names,
) -> Result<(), String> {
    let value = value.trim();
    if let Some(mask) = value.strip_prefix('&').filter(|mask| !mask.trim_start_matches('=').contains('=')) {
        let any = crate::number::number(mask.trim_start_matches('='))?;
        draft.transaction_checks.push(TransactionCheck::Flags { protocol, name, set: 0, unset: 0, any });
        return Ok(());
    }
    let unsigned = value.trim_start_matches(['!', '<', '>', '=', '&']);
    if unsigned.starts_with(|first: char| first.is_ascii_digit()) {
        return number(draft, (name, protocol), value, &[]);
    }
    let (mut set, mut unset) = (0, 0);
    for part in super::parts(value) {
        let (negated, word) = part.strip_prefix('!').map_or((false, part), |word| (true, word.trim()));
        let known = names.iter().find(|entry| entry.0.eq_ignore_ascii_case(word));
        let bit = known.ok_or_else(|| format!("{} is no flag of {name}", shown(word)))?.1;
        if negated { unset |= bit } else { set |= bit }
    }
    if set == 0 && unset == 0 {
        return Err("names no flag".to_owned());
    }
    draft.transaction_checks.push(TransactionCheck::Flags { protocol, name, set, unset, any: 0 });
    Ok(())
}
