//! Names of application protocols.

use std::fmt;

/// Declares the protocols: variant, name, what it is.
macro_rules! protocols {
    ($($variant:ident, $name:literal, $what:literal;)*) => {
        /// An application protocol, named as EVE's `app_proto` names it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AppProtocol {
            $(#[doc = $what] $variant,)*
        }

        impl AppProtocol {
            /// Every protocol.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name EVE and rules use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

protocols! {
    Http, "http", "HTTP/1.";
    Http2, "http2", "HTTP/2.";
    Dns, "dns", "DNS over UDP or TCP.";
    Tls, "tls", "TLS 1.0 to 1.3.";
    Tlcp, "tlcp", "TLCP, GB/T 38636.";
    Smtp, "smtp", "SMTP.";
    Ftp, "ftp", "FTP control channel.";
    FtpData, "ftp-data", "FTP data channel.";
    Ssh, "ssh", "SSH.";
    Smb, "smb", "SMB 1 to 3.";
    Dcerpc, "dcerpc", "DCE/RPC.";
    Krb5, "krb5", "Kerberos 5.";
    Ldap, "ldap", "LDAP.";
    Rdp, "rdp", "RDP.";
    Snmp, "snmp", "SNMP.";
    Dhcp, "dhcp", "DHCP.";
    Ntp, "ntp", "NTP.";
    Sip, "sip", "SIP.";
    Mqtt, "mqtt", "MQTT.";
    Quic, "quic", "QUIC.";
    Tftp, "tftp", "TFTP.";
    Nfs, "nfs", "NFS.";
    Ike, "ike", "IKE.";
    Rfb, "rfb", "RFB (VNC).";
    Modbus, "modbus", "Modbus.";
    Dnp3, "dnp3", "DNP3.";
    Imap, "imap", "IMAP.";
    Pop3, "pop3", "POP3.";
    Telnet, "telnet", "Telnet.";
    Websocket, "websocket", "WebSocket.";
    Pgsql, "pgsql", "PostgreSQL.";
    Mdns, "mdns", "Multicast DNS.";
    Llmnr, "llmnr", "LLMNR.";
    Enip, "enip", "EtherNet/IP and CIP.";
    BittorrentDht, "bittorrent-dht", "BitTorrent DHT.";
    Doh2, "doh2", "DNS over HTTP/2.";
}

impl AppProtocol {
    /// The protocol of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|protocol| protocol.as_str() == name)
    }
}

impl fmt::Display for AppProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
