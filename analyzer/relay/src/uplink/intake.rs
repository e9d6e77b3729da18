//! The analyzer's side: takes parcels into its spool, each record once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fengsui_schema::{RawRecord, RecordOrigin, Timestamp};
use parking_lot::Mutex;
use serde::Serialize;

use super::{Account, Admission, Header, Parcel, Place, Quota};
use crate::disk::Disk;
use crate::tier::{NodeId, Refusal};
use crate::{Class, Reader, Record, Spool, SpoolError, limits};

/// File of the snapshot: CRC32C of the rest in eight hexadecimal digits, a line feed, then JSON.
const FILE: &str = "places.json";
/// Records looked at in one step of the recovery.
const READ_RECORDS: usize = 4_096;

/// Takes parcels of sensors into a spool. Every call blocks.
#[derive(Debug)]
pub struct Intake {
    spool: Spool,
    disk: Arc<dyn Disk>,
    source: String,
    /// Records a second that one sensor may send; 0 for no limit.
    quota: u32,
    reader: Mutex<Reader>,
    sensors: Mutex<BTreeMap<NodeId, Arc<Mutex<Sensor>>>>,
}

/// What is known of one sensor. Its lock is held while a parcel of it is taken, so that they are taken one by one.
#[derive(Debug)]
struct Sensor {
    place: Place,
    quota: Quota,
    account: Account,
    /// The newest epoch that was heard of, and when it signed last by its own clock.
    epoch: u64,
    issued: i64,
    /// When a parcel was last taken, in milliseconds since the epoch.
    heard: i64,
    taken: u64,
    repeated: u64,
}

/// Where a sensor is, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SensorPlace {
    /// Its name.
    pub sensor: String,
    /// The newest epoch of its spool.
    pub epoch: u64,
    /// First sequence of that epoch that was not taken.
    pub next: u64,
    /// Sequences that never came and that the sensor no longer has.
    pub missing: u64,
    /// Records taken since the start.
    pub taken: u64,
    /// Records that came again since the start, and were dropped.
    pub repeated: u64,
    /// What the sensor last said of its own books; zeros before its first parcel since the start.
    pub account: Account,
    /// When its last parcel was taken, in milliseconds since the epoch; 0 for never since the start.
    pub heard: i64,
    /// How far its clock was ahead then, in milliseconds.
    pub skew: i64,
}

/// A parcel is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// First sequence of its epoch that was not taken.
    pub next: u64,
    /// Records that were new.
    pub fresh: u64,
    /// Sequences that never came and never will.
    pub missing: u64,
}

/// Why a parcel was not taken. Nothing of it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTaken {
    /// It may not be, or does not fit; with the place for the receipt.
    Refused(Refusal, u64),
    /// There is no room.
    Full,
    /// The disk failed.
    Failed(SpoolError),
}

impl Intake {
    /// Name under which the intake reads the spool: what it has not made a snapshot of is not deleted.
    pub const READER: &str = "uplink";

    /// Reads the snapshot and what the spool holds beyond it, and makes a new one. Records get `source` as the name of
    /// their parser.
    ///
    /// # Errors
    /// When the spool or the disk fails. A damaged snapshot is put aside: what the spool holds is known again, and a
    /// sensor that is further than that goes on from where it is.
    pub fn open(spool: Spool, disk: Arc<dyn Disk>, source: &str, quota: u32, now: i64) -> Result<Self, SpoolError> {
        let mut places = read_snapshot(&*disk)?;
        let mut reader = spool.reader(Self::READER)?;
        loop {
            let records = reader.read(READ_RECORDS, Duration::ZERO)?;
            if records.is_empty() {
                break;
            }
            for origin in records.iter().filter_map(|record| RawRecord::origin(&record.payload)) {
                let Ok(node) = origin.node.parse::<NodeId>() else { continue };
                places.entry(node).or_default().found(origin.epoch, origin.sequence);
            }
        }
        let sensors = places.into_iter().map(|(node, place)| {
            let newest = place.epochs.iter().max_by_key(|(_, at)| at.issued).map(|(epoch, at)| (*epoch, at.issued));
            let (epoch, issued) = newest.unwrap_or_default();
            (node, Arc::new(Mutex::new(Sensor { epoch, issued, ..Sensor::new(place, quota, now) })))
        });
        let sensors = Mutex::new(sensors.collect());
        let intake = Self { spool, disk, source: source.to_owned(), quota, reader: Mutex::new(reader), sensors };
        intake.checkpoint()?;
        Ok(intake)
    }

    /// Whether a sensor may send now; otherwise how many milliseconds it has to wait.
    #[must_use]
    pub fn wait(&self, sensor: &NodeId, now: i64) -> u64 {
        let known = self.sensors.lock().get(sensor).map(Arc::clone);
        known.map_or(0, |known| known.lock().quota.wait(self.quota, now))
    }

    /// Takes a parcel whose header was verified: when this returns, what is new of it is on the disk, synced.
    ///
    /// # Errors
    /// Why nothing was taken.
    pub fn take(&self, header: &Header, body: &[u8], received: Timestamp) -> Result<Taken, NotTaken> {
        let records = Parcel::unpack(header, body).map_err(|refusal| NotTaken::Refused(refusal, 0))?;
        let now = received.as_millis();
        let sensor = self.sensor(&header.sensor, now).ok_or(NotTaken::Refused(Refusal::OverQuota, 0))?;
        let mut sensor = sensor.lock();
        sensor.place.spoken_for(header);
        let admitted = sensor.place.admit(header);
        let admission = admitted.map_err(|refusal| NotTaken::Refused(refusal, sensor.place.next(header.epoch)))?;
        let all = records.len() as u64;
        let fresh = self.wrapped(header, records, &admission, received);
        let count = fresh.len() as u64;
        match self.spool.append_all(fresh) {
            Ok(_) => {}
            Err(SpoolError::Full { .. }) => return Err(NotTaken::Full),
            Err(error) => return Err(NotTaken::Failed(error)),
        }
        let missing = header.to.saturating_sub(admission.fresh_from).saturating_sub(count).max(admission.missing);
        sensor.note(header, (count, all - count, missing), now);
        Ok(Taken { next: sensor.place.next(header.epoch), fresh: count, missing })
    }

    fn wrapped(
        &self,
        header: &Header,
        records: Vec<Record>,
        admission: &Admission,
        received: Timestamp,
    ) -> Vec<(Class, Vec<u8>)> {
        let node = header.sensor.to_string();
        let wrap = |record: Record| {
            let origin = RecordOrigin { node: node.clone(), epoch: header.epoch, sequence: record.sequence };
            let raw =
                RawRecord { source: self.source.clone(), instance: node.clone(), received, payload: record.payload };
            (record.class, raw.encode_from(&origin))
        };
        records.into_iter().filter(|record| record.sequence >= admission.fresh_from).map(wrap).collect()
    }

    /// The sensor of a name; `None` for a new one past the limit.
    fn sensor(&self, name: &NodeId, now: i64) -> Option<Arc<Mutex<Sensor>>> {
        let mut sensors = self.sensors.lock();
        if let Some(known) = sensors.get(name) {
            return Some(Arc::clone(known));
        }
        if sensors.len() >= limits::SENSORS {
            return None;
        }
        let new = Arc::new(Mutex::new(Sensor::new(Place::default(), self.quota, now)));
        sensors.insert(name.clone(), Arc::clone(&new));
        Some(new)
    }

    /// Writes where every sensor is, and lets go of the spool's records that this covers.
    ///
    /// # Errors
    /// When the disk fails; the old snapshot stays.
    pub fn checkpoint(&self) -> Result<(), SpoolError> {
        let reader = self.reader.lock();
        // In this order: whoever had appended before the sequence is read holds its sensor's lock until its place says so.
        let end = self.spool.statistics().next_sequence;
        let sensors: Vec<_> =
            self.sensors.lock().iter().map(|(node, sensor)| (node.clone(), Arc::clone(sensor))).collect();
        let places: BTreeMap<NodeId, Place> =
            sensors.into_iter().map(|(node, sensor)| (node, sensor.lock().place.clone())).collect();
        write_snapshot(&*self.disk, &places)?;
        match end.checked_sub(1) {
            Some(last) => reader.acknowledge(last),
            None => Ok(()),
        }
    }

    /// Where every sensor is.
    #[must_use]
    pub fn sensors(&self) -> Vec<SensorPlace> {
        let sensors = self.sensors.lock().clone();
        sensors.iter().map(|(node, sensor)| sensor.lock().view(node)).collect()
    }
}

impl Sensor {
    fn new(place: Place, quota: u32, now: i64) -> Self {
        Self {
            place,
            quota: Quota::full(quota, now),
            account: Account::default(),
            epoch: 0,
            issued: 0,
            heard: 0,
            taken: 0,
            repeated: 0,
        }
    }

    /// Notes a parcel that is on the disk.
    fn note(&mut self, header: &Header, (fresh, repeated, missing): (u64, u64, u64), now: i64) {
        self.place.taken(header, missing);
        self.quota.take(fresh);
        (self.taken, self.repeated) = (self.taken + fresh, self.repeated + repeated);
        // A frame that is sent again by somebody on the way says nothing new. One that brings records is no such frame,
        // even though its sender's clock went back.
        if fresh > 0 || header.issued > self.issued {
            (self.account, self.epoch, self.issued, self.heard) = (header.account, header.epoch, header.issued, now);
        }
    }

    fn view(&self, node: &NodeId) -> SensorPlace {
        let place = self.place.epochs.get(&self.epoch).copied().unwrap_or_default();
        SensorPlace {
            sensor: node.to_string(),
            epoch: self.epoch,
            next: place.next,
            missing: place.missing,
            taken: self.taken,
            repeated: self.repeated,
            account: self.account,
            heard: self.heard,
            skew: if self.heard == 0 { 0 } else { self.issued.saturating_sub(self.heard) },
        }
    }
}

fn read_snapshot(disk: &dyn Disk) -> Result<BTreeMap<NodeId, Place>, SpoolError> {
    let names = disk.list().map_err(SpoolError::disk("list", "the folder of places"))?;
    if !names.iter().any(|name| name == FILE) {
        return Ok(BTreeMap::new());
    }
    let size = disk.size(FILE).map_err(SpoolError::disk("look at", FILE))?;
    let length = usize::try_from(size).unwrap_or(usize::MAX);
    let bytes = disk.read_at(FILE, 0, length).map_err(SpoolError::disk("read", FILE))?;
    if let Some(places) = decode(&bytes) {
        return Ok(places);
    }
    tracing::error!(file = FILE, "the places of sensors are damaged; put aside, and taken from the spool");
    disk.rename(FILE, "places.json.damaged").map_err(SpoolError::disk("rename", FILE))?;
    Ok(BTreeMap::new())
}

fn decode(bytes: &[u8]) -> Option<BTreeMap<NodeId, Place>> {
    let (checksum, rest) = bytes.split_at_checked(8)?;
    let body = rest.strip_prefix(b"\n")?;
    let fits = format!("{:08x}", crc32c::crc32c(body)).as_bytes() == checksum;
    fits.then(|| serde_json::from_slice(body).ok()).flatten()
}

fn write_snapshot(disk: &dyn Disk, places: &BTreeMap<NodeId, Place>) -> Result<(), SpoolError> {
    let body = serde_json::to_vec(places).unwrap_or_default();
    let mut bytes = format!("{:08x}\n", crc32c::crc32c(&body)).into_bytes();
    bytes.extend_from_slice(&body);
    let new = format!("{FILE}.new");
    let mut file = disk.create(&new).map_err(SpoolError::disk("create", &new))?;
    file.append(&bytes).map_err(SpoolError::disk("write", &new))?;
    file.sync_data().map_err(SpoolError::disk("sync", &new))?;
    disk.rename(&new, FILE).map_err(SpoolError::disk("rename", &new))?;
    disk.sync_directory().map_err(SpoolError::disk("sync the folder of", FILE))
}
