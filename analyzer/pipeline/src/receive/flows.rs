//! Flow records of routers over UDP: NetFlow version 5 and 9, IPFIX.

use std::net::SocketAddr;

use fengsui_normalize::FlowDecoder;
use fengsui_relay::Class;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinHandle;

use super::{Intake, syslog_udp};
use crate::{PipelineError, limits};

/// Opens a listener: one task decodes datagrams, one appends the flows to the spool in groups.
pub(super) async fn open(address: &str, intake: Intake) -> Result<(SocketAddr, [JoinHandle<()>; 2]), PipelineError> {
    let failed = |source| PipelineError::Listen { address: address.to_owned(), source };
    let socket = UdpSocket::bind(address).await.map_err(failed)?;
    let bound = socket.local_addr().map_err(failed)?;
    let (sender, receiver) = channel(limits::UDP_WAITING);
    let store = syslog_udp::store(receiver, Class::Flow, intake.clone());
    Ok((bound, [tokio::spawn(take(socket, sender, intake)), tokio::spawn(store)]))
}

async fn take(socket: UdpSocket, waiting: Sender<Vec<u8>>, intake: Intake) {
    let mut decoder = FlowDecoder::default();
    let mut buffer = vec![0; limits::DATAGRAM_BYTES];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            () = intake.stop.cancelled() => return,
        };
        let (size, peer) = match received {
            Ok(received) => received,
            Err(error) => {
                tracing::warn!(%error, "a datagram could not be received");
                continue;
            }
        };
        let (exporter, before) = (peer.ip().to_canonical(), decoder.counts());
        match decoder.datagram(exporter, &buffer[..size]) {
            Ok(flows) => {
                for flow in flows {
                    let record = intake.record("netflow", &exporter.to_string(), flow);
                    if waiting.try_send(record).is_err() {
                        intake.counters.datagrams_dropped.add(1);
                    }
                }
            }
            // A datagram that is no flow export goes the way of every record that can't be parsed: to quarantine.
            Err(_) => {
                let record = intake.record("netflow", &exporter.to_string(), buffer[..size].to_vec());
                if waiting.try_send(record).is_err() {
                    intake.counters.datagrams_dropped.add(1);
                }
            }
        }
        let dropped = decoder.counts().sets_dropped - before.sets_dropped;
        intake.counters.flow_sets_dropped.add(usize::try_from(dropped).unwrap_or(usize::MAX));
    }
}
