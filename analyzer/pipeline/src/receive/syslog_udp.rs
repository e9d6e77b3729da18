//! Syslog over UDP (RFC 5426): one message a datagram.

use std::net::SocketAddr;

use fengsui_relay::Class;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

use super::Intake;
use crate::{PipelineError, limits};

/// Opens a listener: one task takes datagrams, one appends them to the spool in groups.
pub(super) async fn open(address: &str, intake: Intake) -> Result<(SocketAddr, [JoinHandle<()>; 2]), PipelineError> {
    let failed = |source| PipelineError::Listen { address: address.to_owned(), source };
    let socket = UdpSocket::bind(address).await.map_err(failed)?;
    let bound = socket.local_addr().map_err(failed)?;
    let (sender, receiver) = channel(limits::UDP_WAITING);
    Ok((
        bound,
        [tokio::spawn(take(socket, sender, intake.clone())), tokio::spawn(store(receiver, Class::Protocol, intake))],
    ))
}

async fn take(socket: UdpSocket, waiting: Sender<Vec<u8>>, intake: Intake) {
    let mut buffer = vec![0; limits::DATAGRAM_BYTES];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            () = intake.stop.cancelled() => return,
        };
        match received {
            Ok((0, _)) => {}
            Ok((size, peer)) => {
                let record = intake.record("syslog", &peer.ip().to_canonical().to_string(), buffer[..size].to_vec());
                if waiting.try_send(record).is_err() {
                    intake.counters.datagrams_dropped.add(1);
                }
            }
            Err(error) => tracing::warn!(%error, "a datagram could not be received"),
        }
    }
}

/// Appends what waits, until the taking task has ended.
pub(super) async fn store(mut waiting: Receiver<Vec<u8>>, class: Class, intake: Intake) {
    let mut group = Vec::new();
    while waiting.recv_many(&mut group, limits::UDP_GROUP).await > 0 {
        let count = group.len();
        if !intake.append(class, std::mem::take(&mut group)).await {
            intake.counters.datagrams_dropped.add(count + waiting.len());
            return;
        }
    }
}
