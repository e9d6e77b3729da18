//! Names of commands, status codes and the like.

/// UTF-16 in little-endian order as UTF-8; what is no text becomes the replacement character.
pub(super) fn from_utf16(bytes: &[u8]) -> Vec<u8> {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    text.trim_end_matches('\0').as_bytes().to_vec()
}

/// Name of a command of SMB 2 and 3.
pub(super) fn command2(number: u16) -> String {
    const NAMES: [&str; 19] = [
        "NEGOTIATE_PROTOCOL",
        "SESSION_SETUP",
        "SESSION_LOGOFF",
        "TREE_CONNECT",
        "TREE_DISCONNECT",
        "CREATE",
        "CLOSE",
        "FLUSH",
        "READ",
        "WRITE",
        "LOCK",
        "IOCTL",
        "CANCEL",
        "KEEPALIVE",
        "FIND",
        "NOTIFY",
        "GET_INFO",
        "SET_INFO",
        "OPLOCK_BREAK",
    ];
    match NAMES.get(usize::from(number)) {
        Some(name) => format!("SMB2_COMMAND_{name}"),
        None => format!("{number}"),
    }
}

/// Name of a command of SMB 1.
pub(super) fn command1(number: u8) -> String {
    let name = match number {
        0x00 => "CREATE_DIRECTORY",
        0x01 => "DELETE_DIRECTORY",
        0x02 => "OPEN",
        0x03 => "CREATE",
        0x04 => "CLOSE",
        0x05 => "FLUSH",
        0x06 => "DELETE",
        0x07 => "RENAME",
        0x08 => "QUERY_INFORMATION",
        0x09 => "SET_INFORMATION",
        0x0a => "READ",
        0x0b => "WRITE",
        0x0c => "LOCK_BYTE_RANGE",
        0x0d => "UNLOCK_BYTE_RANGE",
        0x0e => "CREATE_TEMPORARY",
        0x0f => "CREATE_NEW",
        0x10 => "CHECK_DIRECTORY",
        0x11 => "PROCESS_EXIT",
        0x12 => "SEEK",
        0x13 => "LOCK_AND_READ",
        0x14 => "WRITE_AND_UNLOCK",
        0x22 => "SET_INFORMATION2",
        0x23 => "QUERY_INFORMATION2",
        0x24 => "LOCKING_ANDX",
        0x25 => "TRANS",
        0x26 => "TRANS_SECONDARY",
        0x27 => "IOCTL",
        0x2b => "ECHO",
        0x2c => "WRITE_AND_CLOSE",
        0x2d => "OPEN_ANDX",
        0x2e => "READ_ANDX",
        0x2f => "WRITE_ANDX",
        0x32 => "TRANS2",
        0x33 => "TRANS2_SECONDARY",
        0x34 => "FIND_CLOSE2",
        0x71 => "TREE_DISCONNECT",
        0x72 => "NEGOTIATE_PROTOCOL",
        0x73 => "SESSION_SETUP_ANDX",
        0x74 => "LOGOFF_ANDX",
        0x75 => "TREE_CONNECT_ANDX",
        0x80 => "QUERY_INFO_DISK",
        0x81 => "SEARCH",
        0xa0 => "NT_TRANS",
        0xa1 => "NT_TRANS_SECONDARY",
        0xa2 => "NT_CREATE_ANDX",
        0xa4 => "NT_CANCEL",
        0xa5 => "NT_RENAME",
        _ => return format!("{number}"),
    };
    format!("SMB1_COMMAND_{name}")
}

/// Name of a dialect of SMB 2 and 3.
pub(super) fn dialect2(number: u16) -> String {
    match number {
        0x0202 => "2.02".to_owned(),
        0x0210 => "2.10".to_owned(),
        0x0222 => "2.22".to_owned(),
        0x0224 => "2.24".to_owned(),
        0x02ff => "2.??".to_owned(),
        0x0300 => "3.00".to_owned(),
        0x0302 => "3.02".to_owned(),
        0x0310 => "3.10".to_owned(),
        0x0311 => "3.11".to_owned(),
        other => format!("{other}"),
    }
}

/// Name of an NT status (MS-ERREF, 2.3.1).
pub(super) const fn status(number: u32) -> Option<&'static str> {
    Some(match number {
        0x0000_0000 => "STATUS_SUCCESS",
        0x0000_0103 => "STATUS_PENDING",
        0x0000_010b => "STATUS_NOTIFY_CLEANUP",
        0x0000_010c => "STATUS_NOTIFY_ENUM_DIR",
        0x8000_0005 => "STATUS_BUFFER_OVERFLOW",
        0x8000_0006 => "STATUS_NO_MORE_FILES",
        0x8000_002d => "STATUS_STOPPED_ON_SYMLINK",
        0xc000_0001 => "STATUS_UNSUCCESSFUL",
        0xc000_0002 => "STATUS_NOT_IMPLEMENTED",
        0xc000_0003 => "STATUS_INVALID_INFO_CLASS",
        0xc000_0004 => "STATUS_INFO_LENGTH_MISMATCH",
        0xc000_0008 => "STATUS_INVALID_HANDLE",
        0xc000_000d => "STATUS_INVALID_PARAMETER",
        0xc000_000e => "STATUS_NO_SUCH_DEVICE",
        0xc000_000f => "STATUS_NO_SUCH_FILE",
        0xc000_0010 => "STATUS_INVALID_DEVICE_REQUEST",
        0xc000_0011 => "STATUS_END_OF_FILE",
        0xc000_0016 => "STATUS_MORE_PROCESSING_REQUIRED",
        0xc000_0022 => "STATUS_ACCESS_DENIED",
        0xc000_0023 => "STATUS_BUFFER_TOO_SMALL",
        0xc000_0033 => "STATUS_OBJECT_NAME_INVALID",
        0xc000_0034 => "STATUS_OBJECT_NAME_NOT_FOUND",
        0xc000_0035 => "STATUS_OBJECT_NAME_COLLISION",
        0xc000_003a => "STATUS_OBJECT_PATH_NOT_FOUND",
        0xc000_0043 => "STATUS_SHARING_VIOLATION",
        0xc000_0054 => "STATUS_FILE_LOCK_CONFLICT",
        0xc000_0055 => "STATUS_LOCK_NOT_GRANTED",
        0xc000_0056 => "STATUS_DELETE_PENDING",
        0xc000_005e => "STATUS_NO_LOGON_SERVERS",
        0xc000_0064 => "STATUS_NO_SUCH_USER",
        0xc000_006a => "STATUS_WRONG_PASSWORD",
        0xc000_006d => "STATUS_LOGON_FAILURE",
        0xc000_006e => "STATUS_ACCOUNT_RESTRICTION",
        0xc000_0071 => "STATUS_PASSWORD_EXPIRED",
        0xc000_0072 => "STATUS_ACCOUNT_DISABLED",
        0xc000_007f => "STATUS_DISK_FULL",
        0xc000_009a => "STATUS_INSUFFICIENT_RESOURCES",
        0xc000_00ac => "STATUS_PIPE_NOT_AVAILABLE",
        0xc000_00ae => "STATUS_PIPE_BUSY",
        0xc000_00b0 => "STATUS_PIPE_DISCONNECTED",
        0xc000_00b5 => "STATUS_IO_TIMEOUT",
        0xc000_00ba => "STATUS_FILE_IS_A_DIRECTORY",
        0xc000_00bb => "STATUS_NOT_SUPPORTED",
        0xc000_00c9 => "STATUS_NETWORK_NAME_DELETED",
        0xc000_00ca => "STATUS_NETWORK_ACCESS_DENIED",
        0xc000_00cc => "STATUS_BAD_NETWORK_NAME",
        0xc000_0101 => "STATUS_DIRECTORY_NOT_EMPTY",
        0xc000_0103 => "STATUS_NOT_A_DIRECTORY",
        0xc000_0120 => "STATUS_CANCELLED",
        0xc000_0128 => "STATUS_FILE_CLOSED",
        0xc000_015b => "STATUS_LOGON_TYPE_NOT_GRANTED",
        0xc000_0184 => "STATUS_INVALID_DEVICE_STATE",
        0xc000_0193 => "STATUS_ACCOUNT_EXPIRED",
        0xc000_0203 => "STATUS_USER_SESSION_DELETED",
        0xc000_0224 => "STATUS_PASSWORD_MUST_CHANGE",
        0xc000_0225 => "STATUS_NOT_FOUND",
        0xc000_0234 => "STATUS_ACCOUNT_LOCKED_OUT",
        0xc000_0257 => "STATUS_PATH_NOT_COVERED",
        0xc000_0275 => "STATUS_NOT_A_REPARSE_POINT",
        0xc000_035c => "STATUS_NETWORK_SESSION_EXPIRED",
        _ => return None,
    })
}

/// Name of an error of the old form (MS-CIFS, 2.2.2.4): class and code.
pub(super) const fn dos_error(class: u8, code: u16) -> Option<&'static str> {
    Some(match (class, code) {
        (1, 1) => "DOS_BADFUNC",
        (1, 2) => "DOS_BADFILE",
        (1, 3) => "DOS_BADPATH",
        (1, 4) => "DOS_NOFIDS",
        (1, 5) => "DOS_NOACCESS",
        (1, 6) => "DOS_BADFID",
        (1, 18) => "DOS_NOFILES",
        (1, 32) => "DOS_BADSHARE",
        (1, 33) => "DOS_LOCK",
        (1, 80) => "DOS_FILEXISTS",
        (1, 230) => "DOS_BADPIPE",
        (1, 234) => "DOS_MOREDATA",
        (2, 1) => "SRV_ERROR",
        (2, 2) => "SRV_BADPW",
        (2, 4) => "SRV_ACCESS",
        (2, 5) => "SRV_BADTID",
        (2, 6) => "SRV_BADNETNAME",
        (2, 7) => "SRV_BADDEVICE",
        (2, 64) => "SRV_BADCMD",
        (2, 91) => "SRV_BADUID",
        _ => return None,
    })
}

/// What to do when a file is there or not (MS-SMB2, 2.2.13).
pub(super) const fn disposition(number: u32) -> &'static str {
    match number {
        0 => "FILE_SUPERSEDE",
        1 => "FILE_OPEN",
        2 => "FILE_CREATE",
        3 => "FILE_OPEN_IF",
        4 => "FILE_OVERWRITE",
        5 => "FILE_OVERWRITE_IF",
        _ => "UNKNOWN",
    }
}

/// Name of a control code (MS-FSCC, 2.3).
pub(super) fn function(number: u32) -> String {
    let name = match number {
        0x0006_0194 => "FSCTL_DFS_GET_REFERRALS",
        0x0006_01b0 => "FSCTL_DFS_GET_REFERRALS_EX",
        0x0009_0000 => "FSCTL_REQUEST_OPLOCK_LEVEL_1",
        0x0009_009c => "FSCTL_GET_OBJECT_ID",
        0x0009_00a4 => "FSCTL_SET_REPARSE_POINT",
        0x0009_00a8 => "FSCTL_GET_REPARSE_POINT",
        0x0009_00c0 => "FSCTL_CREATE_OR_GET_OBJECT_ID",
        0x0009_00c4 => "FSCTL_SET_SPARSE",
        0x0011_0018 => "FSCTL_PIPE_WAIT",
        0x0011_400c => "FSCTL_PIPE_PEEK",
        0x0011_c017 => "FSCTL_PIPE_TRANSCEIVE",
        0x0014_0078 => "FSCTL_SRV_REQUEST_RESUME_KEY",
        0x0014_01d4 => "FSCTL_LMR_REQUEST_RESILIENCY",
        0x0014_01fc => "FSCTL_QUERY_NETWORK_INTERFACE_INFO",
        0x0014_0204 => "FSCTL_VALIDATE_NEGOTIATE_INFO",
        0x0014_4064 => "FSCTL_SRV_ENUMERATE_SNAPSHOTS",
        0x0014_40f2 => "FSCTL_SRV_COPYCHUNK",
        0x0014_80f2 => "FSCTL_SRV_COPYCHUNK_WRITE",
        other => return format!("{other}"),
    };
    name.to_owned()
}
