//! Parcels of sensors: `POST /uplink` with the signed header in the head and the records in the body (see
//! `fengsui_relay::uplink`). The signature is checked before a byte of the body is read.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fengsui_crypto::CryptoError;
use fengsui_relay::tier::{NodeId, Refusal};
use fengsui_relay::uplink::{Header, Intake, NotTaken, Receipt, SignedHeader, Taken, Verdict};
use fengsui_relay::{FileDisk, Spool};
use fengsui_schema::Clock;
use tokio::task::JoinHandle;

use super::request::Head;
use super::server::{self, Answer, Service};
use super::tls;
use crate::counters::Counters;
use crate::{PipelineError, PipelineSettings, UplinkListenerSettings};

/// Name of the parser of what sensors send; they can't choose another one.
const SOURCE: &str = "fengsui_eve";
/// Time between snapshots of where sensors are.
const SNAPSHOT: Duration = Duration::from_secs(2);
/// What a sensor is asked to wait when the spool has no room, in milliseconds.
const FULL_MILLIS: u64 = 1_000;
/// What a sensor is asked to wait when the disk failed, in milliseconds.
const FAILED_MILLIS: u64 = 5_000;

/// Who may send over the uplink, and in whose name it is answered. The console knows both.
pub trait UplinkGate: Send + Sync {
    /// Checks form, standing and signature of a header.
    ///
    /// # Errors
    /// Why it is refused.
    fn check(&self, signed: &SignedHeader) -> Result<(), Refusal>;

    /// Signs the answer to a parcel.
    ///
    /// # Errors
    /// When the library fails.
    fn receipt(&self, header: &Header, next: u64, verdict: Verdict, wait_ms: u64) -> Result<Receipt, CryptoError>;

    /// Writes a refusal to the audit log. Returns at once.
    fn refused(&self, sensor: &str, reason: Refusal, detail: &str);

    /// Writes to the audit log that a sensor could not send some of its records any more. Returns at once.
    fn lost(&self, sensor: &NodeId, records: u64);
}

/// What every listener of parcels shares.
#[derive(Clone)]
struct Uplink {
    intake: Arc<Intake>,
    gate: Arc<dyn UplinkGate>,
    counters: Arc<Counters>,
    clock: Arc<dyn Clock>,
}

/// Opens what takes parcels; `None` when no listener is set. A listener that was there before and is no longer holds
/// nothing back in the spool.
pub(super) async fn intake(
    settings: &PipelineSettings,
    spool: &Spool,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<Intake>>, PipelineError> {
    let failed = |error: &dyn std::fmt::Display| PipelineError::Spool(error.to_string());
    let wanted = !settings.receivers.uplink.is_empty();
    let known = spool.statistics().readers.iter().any(|reader| reader.name == Intake::READER);
    if !wanted && !known {
        return Ok(None);
    }
    let (folder, spool) = (settings.state_directory.join("uplink"), spool.clone());
    let (quota, now) = (settings.receivers.sensor_records_per_s, clock.now().as_millis());
    let opened = tokio::task::spawn_blocking(move || {
        let disk = FileDisk::open(&folder).map_err(PipelineError::file("open", &folder))?;
        let intake = Intake::open(spool.clone(), Arc::new(disk), SOURCE, quota, now);
        let intake = intake.map_err(|error| PipelineError::Spool(error.to_string()))?;
        if wanted {
            return Ok(Some(Arc::new(intake)));
        }
        drop(intake);
        spool.forget_reader(Intake::READER).map_err(|error| PipelineError::Spool(error.to_string()))?;
        Ok(None)
    });
    opened.await.map_err(|error| failed(&error))?
}

/// Opens a listener.
pub(super) async fn open(
    settings: &UplinkListenerSettings,
    intake: &Arc<Intake>,
    gate: Option<&Arc<dyn UplinkGate>>,
    shared: &super::Intake,
) -> Result<(SocketAddr, JoinHandle<()>), PipelineError> {
    let Some(gate) = gate else {
        let reason = "sensors are let in by the console; it is not part of this process".to_owned();
        return Err(PipelineError::Setting { key: "receivers.uplink".to_owned(), reason });
    };
    let pair = (settings.certificate.as_deref(), settings.key.as_deref());
    let acceptor = tls::acceptor_of("receivers.uplink", pair, None)?;
    let uplink = Uplink {
        intake: Arc::clone(intake),
        gate: Arc::clone(gate),
        counters: Arc::clone(&shared.counters),
        clock: Arc::clone(&shared.clock),
    };
    let (counters, stop) = (Arc::clone(&shared.counters), shared.stop.clone());
    server::open(&settings.address, acceptor, uplink, counters, stop).await
}

/// Makes snapshots until asked to stop, and one at the end.
pub(super) async fn keep_places(intake: Arc<Intake>, shared: super::Intake) {
    let mut ended = false;
    while !ended {
        ended = tokio::time::timeout(SNAPSHOT, shared.stop.cancelled()).await.is_ok();
        let intake = Arc::clone(&intake);
        match tokio::task::spawn_blocking(move || intake.checkpoint()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the places of sensors could not be written; trying again"),
            Err(error) => tracing::error!(%error, "a snapshot of the places of sensors ended early"),
        }
    }
}

impl Service for Uplink {
    type Admitted = Header;

    async fn admit(&self, head: &Head, peer: &str) -> Result<Header, Answer> {
        if head.method != "POST" || head.path != "/uplink" {
            return Err(Answer::new("404 Not Found", "sensors post parcels to /uplink"));
        }
        let text = head.parcel.clone().unwrap_or_default();
        let signed = SignedHeader::parse(&text).map_err(|refusal| self.refused(peer, "", refusal))?;
        let (gate, header) = (Arc::clone(&self.gate), signed.header.clone());
        let checked = tokio::task::spawn_blocking(move || gate.check(&signed)).await;
        let checked = checked.unwrap_or(Err(Refusal::Malformed));
        checked.map_err(|refusal| self.refused(peer, header.sensor.as_str(), refusal))?;
        match self.intake.wait(&header.sensor, self.clock.now().as_millis()) {
            0 => Ok(header),
            wait => Err(self.answer("429 Too Many Requests", &header, 0, Verdict::Wait, wait).await),
        }
    }

    async fn take(&self, header: Header, body: Vec<u8>) -> Answer {
        let (intake, received, own) = (Arc::clone(&self.intake), self.clock.now(), header.clone());
        let taken = tokio::task::spawn_blocking(move || intake.take(&own, &body, received)).await;
        match taken {
            Ok(Ok(taken)) => {
                self.count(&header, taken);
                self.answer("200 OK", &header, taken.next, Verdict::Taken, 0).await
            }
            Ok(Err(NotTaken::Full)) => {
                self.answer("429 Too Many Requests", &header, 0, Verdict::Wait, FULL_MILLIS).await
            }
            Ok(Err(NotTaken::Refused(refusal, next))) => {
                if refusal != Refusal::Reordered {
                    self.counters.parcels_refused.add(1);
                    self.gate.refused(header.sensor.as_str(), refusal, "parcel");
                }
                self.answer("409 Conflict", &header, next, Verdict::Refused(refusal), 0).await
            }
            Ok(Err(NotTaken::Failed(error))) => {
                tracing::error!(%error, "the spool did not take a sensor's records");
                self.answer("503 Service Unavailable", &header, 0, Verdict::Wait, FAILED_MILLIS).await
            }
            Err(error) => Answer::new("500 Internal Server Error", error.to_string()),
        }
    }
}

impl Uplink {
    fn count(&self, header: &Header, taken: Taken) {
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        self.counters.received_messages.add(size(taken.fresh));
        self.counters.sensor_records_repeated.add(size(header.count.saturating_sub(taken.fresh)));
        if taken.missing > 0 {
            self.counters.sensor_records_missing.add(size(taken.missing));
            self.gate.lost(&header.sensor, taken.missing);
        }
    }

    /// A refusal that is not signed: whoever gets it is nobody this node owes an answer.
    fn refused(&self, peer: &str, sensor: &str, refusal: Refusal) -> Answer {
        self.counters.parcels_refused.add(1);
        self.gate.refused(sensor, refusal, &format!("parcel from {peer}"));
        Answer::new("403 Forbidden", refusal.as_str())
    }

    async fn answer(&self, status: &'static str, header: &Header, next: u64, verdict: Verdict, wait_ms: u64) -> Answer {
        if verdict == Verdict::Wait {
            self.counters.requests_deferred.add(1);
        }
        let (gate, header) = (Arc::clone(&self.gate), header.clone());
        let signed = tokio::task::spawn_blocking(move || gate.receipt(&header, next, verdict, wait_ms)).await;
        match signed {
            Ok(Ok(receipt)) => {
                Answer { status, body: serde_json::to_string(&receipt).unwrap_or_default(), retry: false }
            }
            Ok(Err(error)) => Answer::new("500 Internal Server Error", error.to_string()),
            Err(error) => Answer::new("500 Internal Server Error", error.to_string()),
        }
    }
}
