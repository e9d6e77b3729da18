//! Named limits of this crate. What each sheds is counted or raised as an event by the part that enforces it.

/// VLAN tags of one frame that are decoded; more raise `decoder.vlan.too_many_layers`.
pub const VLAN_LAYERS: usize = 3;
/// Nested tunnels that are decoded.
pub const TUNNEL_LAYERS: u8 = 16;
/// IPv6 extension headers of one packet that are walked.
pub const IPV6_EXTENSION_HEADERS: usize = 32;
/// MPLS labels of one packet that are walked.
pub const MPLS_LABELS: usize = 16;
/// SCTP chunks of one packet that are walked; more raise `decoder.sctp.too_many_chunks`.
pub const SCTP_CHUNKS: usize = 64;
/// Anomalies of one packet that are reported.
pub const EVENTS_PER_PACKET: usize = 16;

/// Largest IP datagram put together from fragments, in bytes of payload.
pub const DEFRAGMENTED_BYTES: usize = 65_535;
/// Fragments of one datagram that are held.
pub const FRAGMENTS_PER_DATAGRAM: usize = 1_024;

/// Out-of-order segments of one direction that are held.
pub const SEGMENTS_PER_DIRECTION: usize = 4_096;
/// Bytes from which on pieces that wait are handed out, and not put together with those that follow them.
pub const HANDED_OUT_BYTES: usize = 16 << 10;
/// Delivered bytes of one direction that are kept to notice overlaps with different data.
pub const OVERLAP_TAIL_BYTES: usize = 16 << 10;

/// Bytes of one direction that protocol detection may hold before it gives up.
pub const DETECTION_BYTES: usize = 4 << 10;
/// Transactions of one flow that are held at once; the oldest is completed and dropped for a new one.
pub const TRANSACTIONS_PER_FLOW: usize = 512;
/// Bytes of one frame that rules can look at.
pub const FRAME_BYTES: usize = 64 << 10;
/// App-layer events remembered on one transaction.
pub const EVENTS_PER_TRANSACTION: usize = 32;
/// Bytes of one message of a length-prefixed protocol that are kept; longer ones are cut and their rest passed by.
pub const MESSAGE_BYTES: usize = 1 << 20;
/// Facts about one transaction (numbers and short values that rules compare) that are kept.
pub const FACTS_PER_TRANSACTION: usize = 1_024;
/// Bytes of one line a parser waits for; longer lines are cut.
pub const LINE_BYTES: usize = 64 << 10;
/// Bytes of a line of an HTTP head above which it is told as too long; the parser of Suricata draws the line there.
pub const HTTP_FIELD_BYTES: usize = 18_000;

/// Header lines of one HTTP message that are kept.
pub const HTTP_HEADERS: usize = 1_024;
/// Bytes of all header lines of one HTTP message that are kept.
pub const HTTP_HEADER_BYTES: usize = 256 << 10;
/// Content encodings of one HTTP body that are undone.
pub const HTTP_ENCODING_LAYERS: usize = 4;
/// Decompressed bytes of one HTTP body.
pub const HTTP_DECOMPRESSED_BYTES: u64 = 256 << 20;
/// Bytes out per byte in from which on decompression is a bomb.
pub const HTTP_DECOMPRESSION_RATIO: u64 = 2_048;
/// Bytes of one LZMA body that are held; it is decoded when it has ended.
pub const LZMA_BYTES: usize = 1 << 20;
/// Bytes of the dictionary of one LZMA body.
pub const LZMA_MEMORY_BYTES: usize = 8 << 20;
/// Decoded bytes of one LZMA body.
pub const LZMA_OUTPUT_BYTES: usize = 16 << 20;
/// Files of one connection that are followed over several ranges.
pub const HTTP_RANGED_FILES: usize = 16;
/// Parts of one multipart body that become files.
pub const MULTIPART_PARTS: usize = 256;

/// Bytes of one DNS name in text form.
pub const DNS_NAME_BYTES: usize = 1_025;
/// Bytes behind compression pointers that are read in one DNS message, besides eight times its length.
pub const DNS_POINTER_BYTES: usize = 4_096;
/// Records of one DNS section that are kept.
pub const DNS_RECORDS: usize = 512;

/// Bytes of one TLS handshake message that are put together from records.
pub const TLS_HANDSHAKE_BYTES: usize = 256 << 10;
/// Certificates of one TLS handshake that are kept.
pub const TLS_CERTIFICATES: usize = 16;
/// Entries of one TLS list (suites, extensions, names) that are kept.
pub const TLS_LIST_ENTRIES: usize = 1_024;

/// Bytes of one QUIC hello that are put together from frames.
pub const QUIC_CRYPTO_BYTES: usize = 64 << 10;

/// Header fields of one mail that are kept.
pub const MIME_HEADERS: usize = 512;
/// Bytes of the header fields of one part of a mail.
pub const MIME_HEADER_BYTES: usize = 256 << 10;
/// Multiparts and messages within each other in one mail.
pub const MIME_DEPTH: usize = 32;
/// Attachments of one mail that become files.
pub const MIME_PARTS: usize = 256;
/// Addresses of the web that are kept of one mail.
pub const MIME_URLS: usize = 256;
/// Bytes of the name of an attachment; longer ones are cut.
pub const MIME_NAME_BYTES: usize = 255;
/// SMTP commands that wait for their reply.
pub const SMTP_COMMANDS: usize = 512;
/// Recipients of one mail that are kept.
pub const SMTP_RECIPIENTS: usize = 1_024;

/// Calls of one DCE/RPC connection that wait for their answer.
pub const DCERPC_CALLS: usize = 256;
/// Bytes of parameters or results of one DCE/RPC call that rules can look at.
pub const DCERPC_STUB_BYTES: usize = 1 << 20;

/// Requests of one SMB connection that wait for their response.
pub const SMB_REQUESTS: usize = 512;
/// Trees, handles and pipes of one SMB connection that are remembered, each.
pub const SMB_HANDLES: usize = 1_024;
/// Files of one SMB or NFS connection that are followed at once.
pub const OPEN_FILES: usize = 64;
/// Bytes of one file over SMB or NFS that wait for those before them.
pub const OPEN_FILE_WAITING_BYTES: usize = 8 << 20;
/// Calls of one NFS connection that wait for their reply.
pub const NFS_CALLS: usize = 512;
/// Handles of one NFS connection whose names are remembered.
pub const NFS_NAMES: usize = 1_024;
/// Operations of one NFS 4 call that are read.
pub const NFS_OPERATIONS: usize = 64;
/// Modbus requests of one connection that wait for their response.
pub const MODBUS_REQUESTS: usize = 256;
/// Values within each other in one message of the BitTorrent DHT.
pub const BENCODE_DEPTH: usize = 16;
/// Values of one message of the BitTorrent DHT that are read.
pub const BENCODE_VALUES: usize = 1_024;

/// Header fields of one SIP message, and lines of one session description, that are read.
pub const SIP_HEADERS: usize = 512;
/// Variables of one SNMP message that are told.
pub const SNMP_VARIABLES: usize = 128;
/// LDAP requests of one connection that wait for their responses.
pub const LDAP_REQUESTS: usize = 256;
/// Responses to one LDAP request that are told.
pub const LDAP_RESPONSES: usize = 256;
/// Attributes, and values of one attribute, of one LDAP message that are told.
pub const LDAP_ATTRIBUTES: usize = 256;
/// Parameters of one PostgreSQL message that are told.
pub const PGSQL_PARAMETERS: usize = 128;
/// Parts of one Kerberos name that are told.
pub const KRB5_NAME_PARTS: usize = 16;
/// Options of one DHCP message that are read.
pub const DHCP_OPTIONS: usize = 128;
/// Commands of IMAP that wait for their answer; the oldest is given up for a new one.
pub(crate) const IMAP_COMMANDS: usize = 64;
/// Lines of one direction that a transaction of IMAP keeps; later ones are not inspected.
pub(crate) const IMAP_LINES: usize = 256;
/// Bytes of a literal of IMAP that are kept; the rest is passed by.
pub(crate) const IMAP_LITERAL_BYTES: usize = 64 * 1024;
/// Header fields of a mail in IMAP that rules see.
pub(crate) const IMAP_MAIL_HEADERS: usize = 128;
/// Commands of one POP3 connection that wait, and lines of one response that are told.
pub const POP3_LINES: usize = 256;
/// Bytes of one WebSocket message that rules can look at.
pub const WEBSOCKET_PAYLOAD_BYTES: usize = 256 << 10;
/// Streams of one HTTP/2 connection that are open at once.
pub const HTTP2_STREAMS: usize = 256;
/// Bytes of the table of header fields of one direction of an HTTP/2 connection.
pub const HTTP2_TABLE_BYTES: usize = 64 << 10;
/// EtherNet/IP requests of one connection that wait for their response.
pub const ENIP_REQUESTS: usize = 256;
/// CIP messages inside one multiple service packet that are read.
pub const CIP_SERVICES: usize = 256;
/// Bytes of one DNP3 message put together from segments.
pub const DNP3_MESSAGE_BYTES: usize = 64 << 10;
/// Points of one DNP3 object that are told.
pub const DNP3_POINTS: usize = 256;
/// Objects of one DNP3 message that are told.
pub const DNP3_OBJECTS: usize = 256;
/// Payloads, and attributes of proposals, of one IKE message that are told.
pub const IKE_PAYLOADS: usize = 256;
