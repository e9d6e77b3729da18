//! The spool: appends with group commit, admission by class, readers.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::disk::Disk;
use crate::format::{RECORD_HEADER_BYTES, encode_offset, offset_name, segment_name};
use crate::ledger::{Admission, Ledger};
use crate::recovery::{Recovered, RecoveryReport, recover};
use crate::statistics::{Amount, ClassStatistics, ReaderStatistics, ShedCause, SpoolStatistics};
use crate::writer::{Writer, Written};
use crate::{Class, Reader, SpoolError, SpoolSettings, limits};

/// Sequences that a call of [`Spool::append`] was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequenceRange {
    /// Sequence of the first payload.
    pub first: u64,
    /// How many payloads were accepted: all of them, or none when they were shed.
    pub count: u64,
    /// How many payloads were shed, and counted by cause.
    pub shed: u64,
}

/// A durable queue on disk. Clones share it; every call blocks.
#[derive(Debug, Clone)]
pub struct Spool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) disk: Arc<dyn Disk>,
    settings: SpoolSettings,
    epoch: u64,
    state: Mutex<State>,
    /// Something was committed, failed, or made room.
    pub(crate) changed: Condvar,
    writer: Mutex<Writer>,
    /// Held while an offset file is replaced.
    offsets: Mutex<()>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) ledger: Ledger,
    pub(crate) unreadable_records: u64,
    pending: Batch,
    /// Bytes on their way to the disk: the batch being written and the one after it.
    waiting_bytes: u64,
    leading: bool,
    open_readers: BTreeSet<String>,
    classes: [ClassStatistics; Class::ALL.len()],
    commits: u64,
    failed_segments: u64,
}

/// Records that are written and synced together.
#[derive(Debug, Default)]
struct Batch {
    records: Vec<(Class, Vec<u8>)>,
    bytes: u64,
    /// First sequence of the batch, or why it failed.
    outcome: Arc<OnceLock<Result<u64, SpoolError>>>,
}

impl Spool {
    /// Opens or creates a spool, recovers what is on the disk and begins a new segment.
    ///
    /// # Errors
    /// When a setting makes no sense or the disk fails.
    pub fn open(disk: Arc<dyn Disk>, settings: SpoolSettings) -> Result<(Self, RecoveryReport), SpoolError> {
        check(&settings)?;
        let recovered = recover(&*disk)?;
        let report = recovered.report.clone();
        let epoch = recovered.epoch.map_or_else(new_epoch, Ok)?;
        let mut writer = Writer::new(epoch, settings.segment_bytes, recovered.next_number);
        let mut ledger = ledger_of(recovered, &settings);
        if let Some((number, bytes)) = writer.begin_if_due(&*disk, ledger.next_sequence())? {
            ledger.rotated(number, bytes);
        }
        remove_segments(&*disk, &ledger.take_deletable());
        let state = Mutex::new(State::new(ledger));
        let (changed, writer, offsets) = (Condvar::new(), Mutex::new(writer), Mutex::new(()));
        Ok((Self { shared: Arc::new(Shared { disk, settings, epoch, state, changed, writer, offsets }) }, report))
    }

    /// Accepts records of one class: when this returns, they are on the disk and synced. All of them or none.
    ///
    /// When the class's share of the spool is used up, records that may be shed are counted and dropped
    /// ([`SequenceRange::shed`]).
    ///
    /// # Errors
    /// [`SpoolError::Full`] when there is no room for records that may not be shed: slow down and try again;
    /// [`SpoolError::RecordTooLong`]; [`SpoolError::Disk`] when the disk failed, then nothing was accepted.
    pub fn append(&self, class: Class, payloads: Vec<Vec<u8>>) -> Result<SequenceRange, SpoolError> {
        let amount = amount_of(payloads.iter());
        let disk_bytes = amount.disk_bytes();
        let mut state = self.shared.state.lock();
        if let Some(bytes) = payloads.iter().map(Vec::len).find(|&bytes| bytes > limits::RECORD_BYTES) {
            state.class(class).refused_too_long.add(amount);
            return Err(SpoolError::RecordTooLong { bytes });
        }
        self.shared.wait_for_room(&mut state, disk_bytes);
        let waiting = state.waiting_bytes;
        match state.ledger.admit(class, disk_bytes, waiting) {
            Admission::Accept => {}
            Admission::Shed => return Ok(state.shed(class, amount, ShedCause::Share)),
            Admission::Refuse => {
                state.class(class).refused_full.add(amount);
                return Err(self.shared.full(&state));
            }
        }
        let (index, outcome) = state.join(payloads.into_iter().map(|payload| (class, payload)), disk_bytes);
        let result = self.shared.settle(&mut state, &outcome);
        state.conclude(class, amount, index, result)
    }

    /// Accepts records of several classes in their order: when this returns, they are on the disk and synced. All of them
    /// or none, and nothing is shed: where one of their classes has no room, nothing has. Returns the first sequence.
    ///
    /// # Errors
    /// As [`Spool::append`]; [`SpoolError::Full`] for every class.
    pub fn append_all(&self, records: Vec<(Class, Vec<u8>)>) -> Result<u64, SpoolError> {
        let payloads = || records.iter().map(|(_, payload)| payload);
        let disk_bytes = amount_of(payloads()).disk_bytes();
        let mut state = self.shared.state.lock();
        if let Some(bytes) = payloads().map(Vec::len).find(|&bytes| bytes > limits::RECORD_BYTES) {
            return Err(SpoolError::RecordTooLong { bytes });
        }
        if records.is_empty() {
            return Ok(state.ledger.next_sequence());
        }
        let amounts: Vec<(Class, Amount)> = Class::ALL
            .into_iter()
            .map(|class| (class, amount_of(records.iter().filter(|(of, _)| *of == class).map(|(_, bytes)| bytes))))
            .filter(|(_, amount)| amount.records > 0)
            .collect();
        self.shared.wait_for_room(&mut state, disk_bytes);
        let waiting = state.waiting_bytes;
        let fits = |class| state.ledger.admit(class, disk_bytes, waiting) == Admission::Accept;
        if !amounts.iter().all(|(class, _)| fits(*class)) {
            amounts.iter().for_each(|(class, amount)| state.class(*class).refused_full.add(*amount));
            return Err(self.shared.full(&state));
        }
        let (index, outcome) = state.join(records, disk_bytes);
        let result = self.shared.settle(&mut state, &outcome);
        for (class, amount) in amounts {
            let counts = state.class(class);
            if result.is_ok() { counts.accepted.add(amount) } else { counts.refused_disk.add(amount) }
        }
        result.map(|first| first + index)
    }

    /// Opens the reader of a name, which continues after its last acknowledgement. A new one starts at the first
    /// record still on disk, and from now on holds back the deletion of what it has not acknowledged.
    ///
    /// # Errors
    /// When the name can't be a file name, is open already, or its offset can't be written.
    pub fn reader(&self, name: &str) -> Result<Reader, SpoolError> {
        check_name(name)?;
        let next = {
            let mut state = self.shared.state.lock();
            if state.ledger.reader(name).is_none() && state.ledger.readers().len() >= limits::READERS {
                return Err(SpoolError::TooManyReaders);
            }
            if !state.open_readers.insert(name.to_owned()) {
                return Err(SpoolError::ReaderBusy(name.to_owned()));
            }
            let next = state.ledger.reader(name);
            let first = state.ledger.first_sequence();
            // Known before its offset is durable, so that nothing it needs is deleted meanwhile.
            state.ledger.register(name, next.unwrap_or(first));
            next
        };
        let reader = Reader::new(Arc::clone(&self.shared), name.to_owned());
        if next.is_none() {
            self.shared.write_offset(name, reader.next_sequence())?;
        }
        Ok(reader)
    }

    /// Removes a reader for good, so that it no longer holds back deletion.
    ///
    /// # Errors
    /// When it is open, or its offset file can't be removed.
    pub fn forget_reader(&self, name: &str) -> Result<(), SpoolError> {
        check_name(name)?;
        let mut state = self.shared.state.lock();
        if state.open_readers.contains(name) {
            return Err(SpoolError::ReaderBusy(name.to_owned()));
        }
        if state.ledger.reader(name).is_none() {
            return Ok(());
        }
        let file = offset_name(name);
        self.shared.disk.remove(&file).map_err(SpoolError::disk("remove", &file))?;
        self.shared.disk.sync_directory().map_err(SpoolError::disk("sync the folder of", &file))?;
        state.ledger.forget(name);
        Ok(())
    }

    /// What was counted since the spool was opened, and where it stands.
    #[must_use]
    pub fn statistics(&self) -> SpoolStatistics {
        self.shared.state.lock().statistics(self.shared.settings.limit_bytes)
    }

    /// A random number drawn when the spool was created: sequences of another epoch are of another spool.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.shared.epoch
    }
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Waits until so many more bytes may wait for the next group commit.
    fn wait_for_room(&self, state: &mut MutexGuard<'_, State>, disk_bytes: u64) {
        while state.pending.bytes > 0 && state.pending.bytes + disk_bytes > limits::PENDING_BYTES as u64 {
            self.changed.wait(state);
        }
    }

    fn full(&self, state: &State) -> SpoolError {
        SpoolError::Full { used: state.ledger.used_bytes(), limit: self.settings.limit_bytes }
    }

    /// Waits for the outcome of a batch, and leads its group commit when nobody else is leading one.
    fn settle(
        &self,
        state: &mut MutexGuard<'_, State>,
        outcome: &OnceLock<Result<u64, SpoolError>>,
    ) -> Result<u64, SpoolError> {
        loop {
            if let Some(result) = outcome.get() {
                return result.clone();
            }
            if state.leading {
                self.changed.wait(state);
            } else {
                self.lead(state);
            }
        }
    }

    /// Writes and syncs everything pending.
    fn lead(&self, state: &mut MutexGuard<'_, State>) {
        state.leading = true;
        let batch = std::mem::take(&mut state.pending);
        let first = state.ledger.next_sequence();
        let written = MutexGuard::unlocked(state, || self.writer.lock().write(&*self.disk, first, &batch.records));
        state.leading = false;
        state.written(first, batch, written);
        self.changed.notify_all();
    }

    /// Makes an acknowledgement durable and deletes segments that no reader needs any more.
    pub(crate) fn acknowledge(&self, reader: &str, sequence: u64) -> Result<(), SpoolError> {
        let _writing = self.offsets.lock();
        let (current, next) = {
            let state = self.state.lock();
            (state.ledger.reader(reader).unwrap_or(0), state.ledger.next_sequence())
        };
        if sequence >= next {
            return Err(SpoolError::NotAccepted { sequence, next });
        }
        if sequence < current {
            return Ok(());
        }
        self.replace_offset(reader, sequence + 1)?;
        let deletable = {
            let mut state = self.state.lock();
            state.ledger.register(reader, sequence + 1);
            state.ledger.take_deletable()
        };
        remove_segments(&*self.disk, &deletable);
        self.changed.notify_all();
        Ok(())
    }

    fn write_offset(&self, reader: &str, next: u64) -> Result<(), SpoolError> {
        let _writing = self.offsets.lock();
        self.replace_offset(reader, next)
    }

    /// Replaces an offset file as a whole: at every moment the disk holds the old or the new one.
    fn replace_offset(&self, reader: &str, next: u64) -> Result<(), SpoolError> {
        let name = offset_name(reader);
        let new = format!("{name}.new");
        let mut file = self.disk.create(&new).map_err(SpoolError::disk("create", &new))?;
        file.append(&encode_offset(self.epoch, next)).map_err(SpoolError::disk("write", &new))?;
        file.sync_data().map_err(SpoolError::disk("sync", &new))?;
        self.disk.rename(&new, &name).map_err(SpoolError::disk("rename", &new))?;
        self.disk.sync_directory().map_err(SpoolError::disk("sync the folder of", &name))
    }

    pub(crate) fn close_reader(&self, name: &str) {
        self.state.lock().open_readers.remove(name);
    }
}

impl State {
    fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            unreadable_records: 0,
            pending: Batch::default(),
            waiting_bytes: 0,
            leading: false,
            open_readers: BTreeSet::new(),
            classes: Class::ALL.map(ClassStatistics::of),
            commits: 0,
            failed_segments: 0,
        }
    }

    fn class(&mut self, class: Class) -> &mut ClassStatistics {
        &mut self.classes[class.index()]
    }

    fn shed(&mut self, class: Class, amount: Amount, cause: ShedCause) -> SequenceRange {
        let counts = self.class(class);
        match cause {
            ShedCause::Share => counts.shed_share.add(amount),
            ShedCause::DiskFull => counts.shed_disk_full.add(amount),
        }
        SequenceRange { first: self.ledger.next_sequence(), count: 0, shed: amount.records }
    }

    /// Adds records to the pending batch; tells their place in it and where its outcome will be.
    fn join(
        &mut self,
        records: impl IntoIterator<Item = (Class, Vec<u8>)>,
        disk_bytes: u64,
    ) -> (u64, Arc<OnceLock<Result<u64, SpoolError>>>) {
        let index = self.pending.records.len() as u64;
        self.pending.records.extend(records);
        self.pending.bytes += disk_bytes;
        self.waiting_bytes += disk_bytes;
        (index, Arc::clone(&self.pending.outcome))
    }

    /// A batch came back from the disk.
    fn written(&mut self, first: u64, batch: Batch, written: Written) {
        self.waiting_bytes -= batch.bytes;
        if let Some((number, bytes)) = written.began {
            self.ledger.rotated(number, bytes);
        }
        let result = written.result.map(|bytes| {
            self.commits += 1;
            self.ledger.appended(batch.records.len() as u64, bytes);
            first
        });
        self.failed_segments += u64::from(result.is_err());
        // Set once: every batch is led once.
        let _ = batch.outcome.set(result);
    }

    /// Counts what became of one call's records.
    fn conclude(
        &mut self,
        class: Class,
        amount: Amount,
        index: u64,
        result: Result<u64, SpoolError>,
    ) -> Result<SequenceRange, SpoolError> {
        match result {
            Ok(first) => {
                self.class(class).accepted.add(amount);
                Ok(SequenceRange { first: first + index, count: amount.records, shed: 0 })
            }
            Err(SpoolError::Disk { no_space: true, .. }) if class.may_be_shed() => {
                Ok(self.shed(class, amount, ShedCause::DiskFull))
            }
            Err(error) => {
                self.class(class).refused_disk.add(amount);
                Err(error)
            }
        }
    }

    fn statistics(&self, limit_bytes: u64) -> SpoolStatistics {
        let next_sequence = self.ledger.next_sequence();
        let readers = self.ledger.readers().map(|(name, next)| ReaderStatistics {
            name: name.to_owned(),
            next_sequence: next,
            in_flight_records: next_sequence.saturating_sub(next),
        });
        SpoolStatistics {
            classes: self.classes.to_vec(),
            readers: readers.collect(),
            next_sequence,
            first_sequence: self.ledger.first_sequence(),
            used_bytes: self.ledger.used_bytes(),
            limit_bytes,
            segments: self.ledger.segment_count(),
            commits: self.commits,
            failed_segments: self.failed_segments,
            unreadable_records: self.unreadable_records,
        }
    }
}

fn ledger_of(recovered: Recovered, settings: &SpoolSettings) -> Ledger {
    let mut ledger = Ledger::new(recovered.segments, recovered.next_sequence, settings.clone());
    for (reader, next) in &recovered.readers {
        ledger.register(reader, *next);
    }
    ledger
}

fn new_epoch() -> Result<u64, SpoolError> {
    let bytes = fengsui_crypto::random_bytes::<8>()
        .map_err(|error| SpoolError::Setting { key: "epoch", reason: error.to_string() })?;
    Ok(u64::from_le_bytes(bytes))
}

fn amount_of<'a>(payloads: impl Iterator<Item = &'a Vec<u8>>) -> Amount {
    payloads.fold(Amount::default(), |sum, payload| Amount {
        records: sum.records + 1,
        bytes: sum.bytes + payload.len() as u64,
    })
}

impl Amount {
    /// Bytes that records of this amount take on the disk.
    fn disk_bytes(self) -> u64 {
        self.bytes + self.records * RECORD_HEADER_BYTES as u64
    }
}

/// A segment that stays because its removal failed is found and removed when the spool is opened again.
fn remove_segments(disk: &dyn Disk, numbers: &[u64]) {
    for &number in numbers {
        let name = segment_name(number);
        if let Err(error) = disk.remove(&name) {
            tracing::warn!(segment = name, %error, "a segment that is done with could not be removed");
        }
    }
}

fn check(settings: &SpoolSettings) -> Result<(), SpoolError> {
    let wrong = |key, reason: String| Err(SpoolError::Setting { key, reason });
    if settings.segment_bytes < limits::SEGMENT_BYTES_FLOOR {
        return wrong("segment_bytes", format!("must be at least {}", limits::SEGMENT_BYTES_FLOOR));
    }
    if settings.limit_bytes < settings.segment_bytes {
        return wrong("limit_bytes", "must be at least segment_bytes".to_owned());
    }
    if settings.shed_flow_percent > settings.shed_protocol_percent || settings.shed_protocol_percent > 100 {
        return wrong("shed_protocol_percent", "must be from shed_flow_percent to 100".to_owned());
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), SpoolError> {
    let fits = (1..=limits::READER_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte));
    if fits { Ok(()) } else { Err(SpoolError::ReaderName(fengsui_schema::shown(name).to_string())) }
}
