//! Names of application protocols.

use std::fmt;

/// An application protocol, named as EVE's `app_proto` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AppProtocol {
    /// HTTP/1.
    Http,
    /// HTTP/2.
    Http2,
    /// DNS over UDP or TCP.
    Dns,
    /// TLS 1.0 to 1.3.
    Tls,
    /// TLCP, GB/T 38636.
    Tlcp,
    /// SMTP.
    Smtp,
    /// FTP control channel.
    Ftp,
    /// FTP data channel.
    FtpData,
    /// SSH.
    Ssh,
    /// SMB 1 to 3.
    Smb,
    /// DCE/RPC.
    Dcerpc,
    /// Kerberos 5.
    Krb5,
    /// LDAP.
    Ldap,
    /// RDP.
    Rdp,
    /// SNMP.
    Snmp,
    /// DHCP.
    Dhcp,
    /// NTP.
    Ntp,
    /// SIP.
    Sip,
    /// MQTT.
    Mqtt,
    /// QUIC.
    Quic,
    /// TFTP.
    Tftp,
    /// NFS.
    Nfs,
    /// IKE.
    Ike,
    /// RFB (VNC).
    Rfb,
    /// Modbus.
    Modbus,
    /// DNP3.
    Dnp3,
    /// IMAP.
    Imap,
    /// POP3.
    Pop3,
    /// Telnet.
    Telnet,
    /// WebSocket.
    Websocket,
    /// PostgreSQL.
    Pgsql,
}

impl AppProtocol {
    /// Every protocol.
    pub const ALL: [Self; 31] = [
        Self::Http,
        Self::Http2,
        Self::Dns,
        Self::Tls,
        Self::Tlcp,
        Self::Smtp,
        Self::Ftp,
        Self::FtpData,
        Self::Ssh,
        Self::Smb,
        Self::Dcerpc,
        Self::Krb5,
        Self::Ldap,
        Self::Rdp,
        Self::Snmp,
        Self::Dhcp,
        Self::Ntp,
        Self::Sip,
        Self::Mqtt,
        Self::Quic,
        Self::Tftp,
        Self::Nfs,
        Self::Ike,
        Self::Rfb,
        Self::Modbus,
        Self::Dnp3,
        Self::Imap,
        Self::Pop3,
        Self::Telnet,
        Self::Websocket,
        Self::Pgsql,
    ];

    /// The name EVE and rules use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Http2 => "http2",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Tlcp => "tlcp",
            Self::Smtp => "smtp",
            Self::Ftp => "ftp",
            Self::FtpData => "ftp-data",
            Self::Ssh => "ssh",
            Self::Smb => "smb",
            Self::Dcerpc => "dcerpc",
            Self::Krb5 => "krb5",
            Self::Ldap => "ldap",
            Self::Rdp => "rdp",
            Self::Snmp => "snmp",
            Self::Dhcp => "dhcp",
            Self::Ntp => "ntp",
            Self::Sip => "sip",
            Self::Mqtt => "mqtt",
            Self::Quic => "quic",
            Self::Tftp => "tftp",
            Self::Nfs => "nfs",
            Self::Ike => "ike",
            Self::Rfb => "rfb",
            Self::Modbus => "modbus",
            Self::Dnp3 => "dnp3",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Telnet => "telnet",
            Self::Websocket => "websocket",
            Self::Pgsql => "pgsql",
        }
    }

    /// The protocol of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == name)
    }
}

impl fmt::Display for AppProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
