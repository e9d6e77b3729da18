//! How far each direction of a transaction has come, by the names that rules give to the steps (`app-layer-state`, hooks).

use crate::{AppProtocol, Buffer, Direction, Transaction};

/// Names of the steps of a direction, in the order in which it goes through them.
type Steps = &'static [&'static str];

/// Protocols with steps of their own: to the server, to the client.
const STEPS: &[(AppProtocol, Steps, Steps)] = &[
    (
        AppProtocol::Http,
        &["request_started", "request_line", "request_headers", "request_body", "request_trailer", "request_complete"],
        &[
            "response_started",
            "response_line",
            "response_headers",
            "response_body",
            "response_trailer",
            "response_complete",
        ],
    ),
    (AppProtocol::Tls, CLIENT_OF_TLS, SERVER_OF_TLS),
    (AppProtocol::Tlcp, CLIENT_OF_TLS, SERVER_OF_TLS),
    (
        AppProtocol::Ssh,
        &["request_banner", "request_kex", "request_session"],
        &["response_banner", "response_kex", "response_session"],
    ),
];
const CLIENT_OF_TLS: Steps =
    &["client_in_progress", "client_hello_done", "client_cert_done", "client_handshake_done", "client_finished"];
const SERVER_OF_TLS: Steps = &[
    "server_in_progress",
    "server_hello",
    "server_cert_done",
    "server_hello_done",
    "server_handshake_done",
    "server_finished",
];
/// What every other protocol goes through.
const PLAIN: (Steps, Steps) = (&["request_started", "request_complete"], &["response_started", "response_complete"]);

/// The fact by which SSH tells that a direction has changed to its new keys.
pub(super) const NEW_KEYS: &str = "ssh.new_keys";

/// Names of the steps of one direction of a protocol's transactions, in order.
fn steps(protocol: AppProtocol, way: Direction) -> Steps {
    let (_, requests, responses) =
        STEPS.iter().find(|entry| entry.0 == protocol).copied().unwrap_or((protocol, PLAIN.0, PLAIN.1));
    if way == Direction::ToServer { requests } else { responses }
}

/// The number of a step of a protocol by its name, and the direction it belongs to. The names of the first and the last
/// step of other protocols are understood for every one.
#[must_use]
pub fn step(protocol: AppProtocol, name: &str) -> Option<(Direction, usize)> {
    [Direction::ToServer, Direction::ToClient].into_iter().find_map(|way| {
        let own = steps(protocol, way);
        let plain = if way == Direction::ToServer { PLAIN.0 } else { PLAIN.1 };
        let number = own.iter().position(|step| *step == name);
        let number = number.or_else(|| match plain.iter().position(|step| *step == name)? {
            0 => Some(0),
            _ => Some(own.len() - 1),
        });
        number.map(|number| (way, number))
    })
}

/// The number of the step at which a direction of a transaction is.
#[must_use]
pub fn progress(transaction: &Transaction, way: Direction) -> usize {
    let has = |buffer| transaction.buffers.get(way, buffer).next().is_some();
    let to_server = way == Direction::ToServer;
    let is_complete = if to_server { transaction.request_complete } else { transaction.response_complete };
    let hello = if to_server { 1 } else { 2 };
    match transaction.protocol {
        AppProtocol::Ssh if transaction.facts.numbers(NEW_KEYS, Some(way)).next().is_some() => 2,
        AppProtocol::Ssh => usize::from(has(Buffer::SshProto)),
        protocol if is_complete => steps(protocol, way).len() - 1,
        AppProtocol::Http if has(Buffer::HttpStart) => 3,
        AppProtocol::Http if has(Buffer::HttpRequestLine) => 2,
        AppProtocol::Tls | AppProtocol::Tlcp if has(Buffer::TlsCerts) => 2,
        AppProtocol::Tls | AppProtocol::Tlcp => {
            usize::from(transaction.facts.numbers("ssl_state", None).any(|kind| kind == hello))
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use fengsui_schema::Timestamp;

    use super::*;

    #[test]
    fn steps_have_names_and_directions() {
        let at = |protocol, name| step(protocol, name);
        assert_eq!(at(AppProtocol::Http, "request_headers"), Some((Direction::ToServer, 2)));
        assert_eq!(at(AppProtocol::Http, "response_complete"), Some((Direction::ToClient, 5)));
        assert_eq!(at(AppProtocol::Tls, "server_hello"), Some((Direction::ToClient, 1)));
        assert_eq!(at(AppProtocol::Tls, "request_complete"), Some((Direction::ToServer, 4)));
        assert_eq!(at(AppProtocol::Dns, "request_complete"), Some((Direction::ToServer, 1)));
        assert_eq!(at(AppProtocol::Dns, "request_headers"), None);
    }

    #[test]
    fn what_a_transaction_holds_tells_how_far_it_is() {
        let mut tx = Transaction::new(0, AppProtocol::Http, Timestamp::EPOCH);
        assert_eq!(progress(&tx, Direction::ToServer), 0);
        tx.buffers.set(Direction::ToServer, Buffer::HttpRequestLine, "GET / HTTP/1.1");
        assert_eq!(progress(&tx, Direction::ToServer), 2);
        tx.buffers.set(Direction::ToServer, Buffer::HttpStart, "GET / HTTP/1.1\r\n\r\n");
        assert_eq!((progress(&tx, Direction::ToServer), progress(&tx, Direction::ToClient)), (3, 0));
        tx.request_complete = true;
        assert_eq!(progress(&tx, Direction::ToServer), 5);
        let mut tx = Transaction::new(0, AppProtocol::Tls, Timestamp::EPOCH);
        tx.facts.number("ssl_state", 1_u64);
        assert_eq!((progress(&tx, Direction::ToServer), progress(&tx, Direction::ToClient)), (1, 0));
    }
}
