//! Names of commands, services and identities.

pub(super) fn command(number: u16) -> String {
    let name = match number {
        0x00 => "nop",
        0x04 => "list_services",
        0x63 => "list_identity",
        0x64 => "list_interfaces",
        0x65 => "register_session",
        0x66 => "unregister_session",
        0x6f => "send_rr_data",
        0x70 => "send_unit_data",
        0x72 => "indicate_status",
        0x73 => "cancel",
        other => return format!("unknown-{other}"),
    };
    name.to_owned()
}

pub(super) fn status(number: u32) -> String {
    let name = match number {
        0 => "success",
        1 => "invalid_cmd",
        2 => "no_resources",
        3 => "incorrect_data",
        0x64 => "invalid_session",
        0x65 => "invalid_length",
        0x69 => "unsupported_prot_rev",
        other => return format!("unknown-{other}"),
    };
    name.to_owned()
}

pub(super) fn service(number: u8) -> String {
    let name = match number {
        0x01 => "get_attr_all",
        0x02 => "set_attr_all",
        0x03 => "get_attr_list",
        0x04 => "set_attr_list",
        0x05 => "reset",
        0x06 => "start",
        0x07 => "stop",
        0x08 => "create",
        0x09 => "delete",
        0x0a => "multiple_service",
        0x0d => "apply_attributes",
        0x0e => "get_attr_single",
        0x10 => "set_attr_single",
        0x4b => "kick_timer",
        0x4c => "read",
        0x4d => "write",
        0x4e => "read_modify_write",
        0x52 => "unconnected_send",
        0x54 => "forward_open",
        other => return format!("unknown-{other}"),
    };
    name.to_owned()
}

pub(super) fn cip_status(number: u8) -> String {
    const NAMES: [&str; 10] = [
        "success",
        "connection_failure",
        "resource_unavailable",
        "invalid_parameter_value",
        "path_segment_error",
        "path_destination_unknown",
        "partial_transfer",
        "connection_lost",
        "service_not_supported",
        "invalid_attribute_value",
    ];
    NAMES.get(usize::from(number)).map_or_else(|| format!("unknown-{number}"), |name| (*name).to_owned())
}

/// Vendors of common devices (ODVA vendor identifiers).
pub(super) fn vendor(number: u16) -> String {
    let name = match number {
        1 => "Rockwell Automation/Allen-Bradley",
        2 => "Namco Controls Corp.",
        3 => "Honeywell International Inc.",
        5 => "Rockwell Automation/Reliance Elec.",
        34 => "Parker Hannifin Corporation",
        40 => "WAGO Corporation",
        44 => "Moore Industries",
        47 => "OMRON Corporation",
        48 => "TURCK",
        90 => "HMS Industrial Networks AB",
        161 => "Mitsubishi Electric Corporation",
        243 => "Schneider Electric",
        1251 => "Siemens Industry Automation Systems",
        other => return format!("unknown-{other}"),
    };
    name.to_owned()
}

pub(super) fn device(number: u16) -> String {
    let name = match number {
        0x00 => "Generic Device (deprecated)",
        0x02 => "AC Drive Device",
        0x03 => "Motor Overload",
        0x04 => "Limit Switch",
        0x05 => "Inductive Proximity Switch",
        0x06 => "Photoelectric Sensor",
        0x07 => "General Purpose Discrete I/O",
        0x0c => "Communications Adapter",
        0x0e => "Programmable Logic Controller",
        0x10 => "Position Controller",
        0x13 => "DC Drive",
        0x18 => "Human-Machine Interface",
        0x2b => "Generic Device",
        0x2c => "Managed Switch",
        other => return format!("unknown-{other}"),
    };
    name.to_owned()
}
