//! Archives: zip, gzip, xz, bzip2, zstd, tar and 7z, with limits on bytes, ratio, members and depth.

use std::io::{Cursor, Read};

use fengsui_dlp_engine::{ContentHint, decode};
use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use super::{Job, Refusal, read, within};
use crate::limits;

/// An opened zip container.
pub(super) struct Container<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Entries of its directory that another of the same name hides.
    hidden: usize,
}

/// A member of a container that is a file.
pub(super) struct Member {
    /// Its name, in whatever encoding it was written.
    pub(super) name: String,
    index: usize,
}

/// Opens a container.
pub(super) fn open_container(bytes: &[u8]) -> Result<Container<'_>, String> {
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| "压缩包目录损坏".to_owned())?;
    let start = usize::try_from(archive.central_directory_start()).unwrap_or(usize::MAX);
    let hidden = directory_entries(bytes, start).saturating_sub(archive.len());
    Ok(Container { archive, hidden })
}

/// How many entries a directory has; the library keeps only the last one of each name.
fn directory_entries(bytes: &[u8], start: usize) -> usize {
    const HEAD: usize = 46;
    let mut rest = bytes.get(start..).unwrap_or_default();
    let mut count = 0;
    while rest.starts_with(b"PK\x01\x02") {
        let length =
            |at: usize| rest.get(at..at + 2).map_or(0, |two| usize::from(u16::from_le_bytes([two[0], two[1]])));
        rest = rest.get(HEAD + length(28) + length(30) + length(32)..).unwrap_or_default();
        count += 1;
    }
    count
}

impl Container<'_> {
    /// The members that are files; what of them is not looked at is told.
    pub(super) fn members(&mut self, job: &mut Job, inside: &str) -> Vec<Member> {
        if self.hidden > 0 {
            job.unreadable(inside, format!("压缩包有{}个成员与其他成员同名，未检查", self.hidden));
        }
        if self.archive.len() > limits::MEMBERS {
            let reason = format!("压缩包成员超过{}个，其余未检查", limits::MEMBERS);
            job.unreadable(inside, Refusal::limit(reason));
        }
        let mut members = Vec::new();
        for index in 0..self.archive.len().min(limits::MEMBERS) {
            match self.archive.by_index_raw(index) {
                Ok(member) if member.is_dir() && member.size() == 0 => {}
                Ok(member) => members.push(Member { name: member_name(member.name_raw()), index }),
                Err(_) => job.unreadable(inside, format!("压缩包第{}个成员的头部损坏", index + 1)),
            }
        }
        members
    }

    /// The bytes of a member, within the limits of the job.
    pub(super) fn bytes(&mut self, job: &mut Job, member: &Member) -> Result<Vec<u8>, Refusal> {
        if self.archive.by_index_raw(member.index).is_ok_and(|member| member.encrypted()) {
            return Err("成员已加密，无法检查".into());
        }
        let opened = self.archive.by_index(member.index);
        let mut member = opened.map_err(|error| format!("压缩成员无法读取（{error}）"))?;
        let packed = member.compressed_size();
        unpack(job, &mut member, packed)
    }
}

/// The name of a member: UTF-8, or the encoding of the system that packed it, in China mostly GBK.
fn member_name(raw: &[u8]) -> String {
    let text = decode(raw, &ContentHint::default());
    text.map_or_else(|| String::from_utf8_lossy(raw).into_owned(), std::borrow::Cow::into_owned)
}

/// What so many packed bytes may unpack to.
fn allowance(job: &Job, packed: u64) -> u64 {
    let by_ratio = packed.saturating_mul(limits::UNPACK_RATIO).max(limits::RATIO_FLOOR_BYTES);
    by_ratio.min(job.unpacked_most.saturating_sub(job.unpacked)).min(limits::FILE_BYTES)
}

/// Reads to the end, but no further than the limits allow.
fn unpack(job: &mut Job, reader: &mut impl Read, packed: u64) -> Result<Vec<u8>, Refusal> {
    let allowed = allowance(job, packed);
    let mut bytes = Vec::new();
    reader.take(allowed + 1).read_to_end(&mut bytes).map_err(|_| "压缩数据损坏")?;
    let length = bytes.len() as u64;
    job.unpacked = job.unpacked.saturating_add(length);
    if length > allowed {
        Err(Refusal::limit("解压后体积或压缩比超过限制，疑似压缩炸弹"))
    } else {
        Ok(bytes)
    }
}

pub(super) fn is_zip(bytes: &[u8], _name: &str) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

pub(super) fn read_zip(job: &mut Job, bytes: &[u8], _name: &str, inside: &str) {
    let mut container = match open_container(bytes) {
        Ok(container) => container,
        Err(reason) => return job.unreadable(inside, reason),
    };
    for member in container.members(job, inside) {
        let place = within(inside, &member.name);
        match container.bytes(job, &member) {
            Ok(bytes) => read(job, &bytes, &member.name, &place),
            Err(reason) => job.unreadable(&place, reason),
        }
    }
}

pub(super) fn is_gzip(bytes: &[u8], _name: &str) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

pub(super) fn read_gzip(job: &mut Job, bytes: &[u8], name: &str, inside: &str) {
    let inner = name.strip_suffix(".gz").unwrap_or(name);
    let inner = if name.ends_with(".tgz") { "inner.tar" } else { inner };
    match unpack(job, &mut MultiGzDecoder::new(bytes), bytes.len() as u64) {
        Ok(unpacked) => read(job, &unpacked, inner, inside),
        Err(reason) => job.unreadable(inside, reason),
    }
}

pub(super) fn is_tar(bytes: &[u8], name: &str) -> bool {
    bytes.get(257..262) == Some(b"ustar") || name.ends_with(".tar") && bytes.len() >= 512
}

/// Members of a tar archive, with the long names of its extensions.
pub(super) fn read_tar(job: &mut Job, bytes: &[u8], _name: &str, inside: &str) {
    let mut archive = tar::Archive::new(bytes);
    // Archives may stand one behind the other: blocks of zeros end none of them.
    archive.set_ignore_zeros(true);
    let Ok(members) = archive.entries() else { return job.unreadable(inside, "tar头部损坏") };
    for (index, member) in members.enumerate() {
        let Ok(mut member) = member else { return job.unreadable(inside, "tar成员不完整") };
        if index >= limits::MEMBERS || job.late() {
            let reason = format!("压缩包成员超过{}个或超时，其余未检查", limits::MEMBERS);
            return job.unreadable(inside, Refusal::limit(reason));
        }
        let name = String::from_utf8_lossy(&member.path_bytes()).into_owned();
        let place = within(inside, &name);
        // Whatever its kind says: what has bytes is looked at, but for the remarks of tar itself.
        if member.size() == 0 || member.header().entry_type().is_pax_global_extensions() {
            continue;
        }
        let packed = member.size();
        match unpack(job, &mut member, packed) {
            Ok(bytes) => {
                read(job, &bytes, &name, &place);
                if (bytes.len() as u64) < packed {
                    job.unreadable(&place, "tar成员不完整");
                }
            }
            Err(reason) => job.unreadable(&place, reason),
        }
    }
}

pub(super) fn is_seven_zip(bytes: &[u8], _name: &str) -> bool {
    bytes.starts_with(b"7z\xbc\xaf\x27\x1c")
}

/// Members of a 7z archive. Its blocks are unpacked in order, so that a limit met ends the whole.
pub(super) fn read_seven_zip(job: &mut Job, bytes: &[u8], _name: &str, inside: &str) {
    let packed = bytes.len() as u64;
    let opened = sevenz_rust2::ArchiveReader::new_with_memory_limit(
        Cursor::new(bytes),
        sevenz_rust2::Password::empty(),
        limits::UNPACK_MEMORY_KIB,
    );
    let Ok(mut archive) = opened else { return job.unreadable(inside, "7z压缩包损坏、加密或算法不支持") };
    let mut count = 0;
    let outcome = archive.for_each_entries(|member, reader| {
        count += 1;
        if count > limits::MEMBERS || job.late() {
            job.unreadable(inside, Refusal::limit("压缩包成员过多或超时，其余未检查"));
            return Ok(false);
        }
        if member.is_directory() || !member.has_stream() {
            return Ok(true);
        }
        let place = within(inside, member.name());
        match unpack(job, &mut &mut *reader, packed) {
            Ok(bytes) => read(job, &bytes, member.name(), &place),
            Err(reason) => {
                job.unreadable(&place, reason);
                return Ok(false);
            }
        }
        Ok(true)
    });
    if outcome.is_err() {
        job.unreadable(inside, "7z压缩包损坏、加密或算法不支持");
    }
}

pub(super) fn is_xz(bytes: &[u8], _name: &str) -> bool {
    bytes.starts_with(XZ_BEGIN)
}

/// The first bytes of an xz stream, and the last (The .xz File Format 2.1.1.1 and 2.1.2.4).
const XZ_BEGIN: &[u8] = b"\xfd7zXZ\0";
const XZ_END: &[u8] = b"YZ";

/// The streams of an xz file: they may follow one another, with zeros between them, and each begins at a multiple of four.
fn xz_streams(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let begins = (0..bytes.len()).step_by(4).filter(|at| {
        let follows = |before: &[u8]| before[..before.len() - zeros_at_the_end(before)].ends_with(XZ_END);
        bytes[*at..].starts_with(XZ_BEGIN) && (*at == 0 || follows(&bytes[..*at]))
    });
    let begins: Vec<usize> = begins.collect();
    (0..begins.len()).map(move |place| {
        let end = begins.get(place + 1).copied().unwrap_or(bytes.len());
        let stream = &bytes[begins[place]..end];
        &stream[..stream.len() - zeros_at_the_end(stream)]
    })
}

/// Zeros at the end of a stream, as padding has them.
fn zeros_at_the_end(bytes: &[u8]) -> usize {
    bytes.iter().rev().take_while(|byte| **byte == 0).count()
}

pub(super) fn read_xz(job: &mut Job, bytes: &[u8], name: &str, inside: &str) {
    let allowed = allowance(job, bytes.len() as u64);
    let mut out = Bounded { bytes: Vec::new(), allowed };
    let outcome = xz_streams(bytes).try_for_each(|stream| lzma_rs::xz_decompress(&mut Cursor::new(stream), &mut out));
    job.unpacked = job.unpacked.saturating_add(out.bytes.len() as u64);
    match outcome {
        Ok(()) => read(job, &out.bytes, name.strip_suffix(".xz").unwrap_or(name), inside),
        Err(_) => job.unreadable(inside, Refusal::limit("xz压缩数据损坏，或解压后体积超过限制")),
    }
}

pub(super) fn is_bzip2(bytes: &[u8], _name: &str) -> bool {
    matches!(
        bytes,
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, ..] | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, ..]
    )
}

pub(super) fn read_bzip2(job: &mut Job, bytes: &[u8], name: &str, inside: &str) {
    let inner = ["tbz2", "tbz"].iter().find(|kind| name.ends_with(**kind)).map(|_| "inner.tar");
    let inner = inner.unwrap_or_else(|| name.strip_suffix(".bz2").unwrap_or(name));
    let mut whole = Vec::new();
    for stream in streams(bytes) {
        match unpack(job, &mut bzip2_rs::DecoderReader::new(stream), bytes.len() as u64) {
            Ok(mut unpacked) => whole.append(&mut unpacked),
            Err(reason) => return job.unreadable(inside, reason),
        }
    }
    read(job, &whole, inner, inside);
}

/// The streams of a bzip2 file, which stand one behind the other; the library reads only the first.
fn streams(bytes: &[u8]) -> Vec<&[u8]> {
    const HEAD: usize = 10;
    let begins = |window: &[u8]| window.starts_with(b"BZh") && window[4..] == [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
    let mut starts: Vec<usize> =
        bytes.windows(HEAD).enumerate().skip(1).filter(|(_, window)| begins(window)).map(|(at, _)| at).collect();
    starts.insert(0, 0);
    starts.push(bytes.len());
    starts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

pub(super) fn is_zstd(bytes: &[u8], _name: &str) -> bool {
    bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
}

/// The frames of a zstd file one after the other; those that hold no data are passed over.
pub(super) fn read_zstd(job: &mut Job, bytes: &[u8], name: &str, inside: &str) {
    let (mut rest, mut whole) = (bytes, Vec::new());
    while !rest.is_empty() {
        match frame(job, &mut rest, bytes.len() as u64) {
            Ok(mut unpacked) => whole.append(&mut unpacked),
            Err(reason) => return job.unreadable(inside, reason),
        }
    }
    let inner = if name.ends_with(".tzst") { "inner.tar" } else { name.strip_suffix(".zst").unwrap_or(name) };
    read(job, &whole, inner, inside);
}

fn frame(job: &mut Job, rest: &mut &[u8], packed: u64) -> Result<Vec<u8>, Refusal> {
    use ruzstd::decoding::StreamingDecoder;
    use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
    let memory = limits::UNPACK_MEMORY_KIB as u64 * 1024;
    let skipped = match StreamingDecoder::new_with_max_window_size(&mut *rest, memory) {
        Ok(mut decoder) => return unpack(job, &mut decoder, packed),
        Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => length as usize,
        Err(_) => return Err(Refusal::limit("zstd压缩数据损坏，或所需内存超过限制")),
    };
    *rest = rest.get(skipped..).unwrap_or_default();
    Ok(Vec::new())
}

/// A buffer that refuses to grow beyond what is allowed.
struct Bounded {
    bytes: Vec<u8>,
    allowed: u64,
}

impl std::io::Write for Bounded {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        if (self.bytes.len() + data.len()) as u64 > self.allowed {
            return Err(std::io::Error::other("unpacked size exceeds the limit"));
        }
        self.bytes.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use std::io::Write;

    const TABLE: &str = "姓名,电话\n马文忠,13800138000\n";

    pub(in super::super) fn zip() -> Vec<u8> {
        pack(&[("people.csv", TABLE)])
    }

    /// A zip container of texts.
    pub(in super::super) fn pack(members: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in members {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).expect("begins a member");
            writer.write_all(text.as_bytes()).expect("writes");
        }
        writer.finish().expect("ends").into_inner()
    }

    pub(in super::super) fn gzip() -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(TABLE.as_bytes()).expect("writes");
        writer.finish().expect("ends")
    }

    pub(in super::super) fn tar() -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(TABLE.len() as u64);
        let name = format!("{}/people.csv", "很长的目录名".repeat(12));
        builder.append_data(&mut header, name, TABLE.as_bytes()).expect("appends");
        builder.into_inner().expect("ends")
    }

    pub(in super::super) fn seven_zip() -> Vec<u8> {
        include_bytes!("../../tests/fixtures/people.7z").to_vec()
    }

    pub(in super::super) fn bzip2() -> Vec<u8> {
        include_bytes!("../../tests/fixtures/people.csv.bz2").to_vec()
    }

    pub(in super::super) fn zstd() -> Vec<u8> {
        include_bytes!("../../tests/fixtures/people.csv.zst").to_vec()
    }

    pub(in super::super) fn xz() -> Vec<u8> {
        let mut out = Vec::new();
        lzma_rs::xz_compress(&mut Cursor::new(TABLE.as_bytes()), &mut out).expect("compresses");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::extract;
    use super::*;

    /// A zip container whose second member was given the name of the first.
    fn hidden() -> Vec<u8> {
        let mut bytes = samples::pack(&[("a1.txt", "13800138000"), ("a2.txt", "nothing")]);
        for at in 0..bytes.len() - 6 {
            if &bytes[at..at + 6] == b"a2.txt" {
                bytes[at + 1] = b'1';
            }
        }
        bytes
    }

    #[test]
    fn a_member_that_another_hides_is_told() {
        let extracted = extract(&hidden(), "a.zip");
        let read = format!("{:?}", extracted.pieces).contains("13800138000");
        assert!(read || extracted.unreadable.len() == 1, "{extracted:?}");
        assert!(extract(&samples::zip(), "a.zip").unreadable.is_empty());
    }

    #[test]
    fn names_of_members_are_read_in_the_encoding_of_china() {
        let mut bytes = samples::pack(&[("ABCD.txt", "13800138000")]);
        let name = encoding_rs::GB18030.encode("名单").0.into_owned();
        for at in 0..bytes.len() - 4 {
            if &bytes[at..at + 4] == b"ABCD" {
                bytes[at..at + 4].copy_from_slice(&name);
            }
        }
        assert!(format!("{:?}", extract(&bytes, "a.zip").pieces).contains("名单.txt"));
    }

    #[test]
    fn all_of_a_tar_archive_is_read() {
        let one = samples::tar();
        let two = [one.clone(), one.clone()].concat();
        let cells = extract(&one, "a.tar").pieces.len();
        assert_eq!(extract(&two, "a.tar").pieces.len(), 2 * cells);
        let mut odd = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Continuous);
        header.set_size(11);
        odd.append_data(&mut header, "a.txt", b"13800138000".as_slice()).expect("appends");
        let odd = odd.into_inner().expect("ends");
        assert!(format!("{:?}", extract(&odd, "a.tar").pieces).contains("13800138000"));
        let cut = extract(&odd[..512 + 5], "a.tar");
        assert!(!cut.unreadable.is_empty(), "{cut:?}");
    }

    #[test]
    fn every_stream_of_a_compressed_file_is_read() {
        for (name, stream) in [
            ("a.txt.gz", samples::gzip()),
            ("a.txt.bz2", samples::bzip2()),
            ("a.txt.zst", samples::zstd()),
            ("a.txt.xz", samples::xz()),
        ] {
            let two = [stream.clone(), stream].concat();
            let extracted = extract(&two, name);
            let found = format!("{:?}", extracted.pieces).matches("13800138000").count();
            assert!(found == 2 || !extracted.unreadable.is_empty(), "{name}: {extracted:?}");
        }
    }
}
