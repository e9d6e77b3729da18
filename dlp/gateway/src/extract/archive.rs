//! Archives: zip, gzip and tar, with limits on bytes, ratio, members and depth.

use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use super::{Job, read, within};
use crate::limits;

/// An opened zip container.
pub(super) struct Container<'a>(ZipArchive<Cursor<&'a [u8]>>);

/// Opens a container.
pub(super) fn open_container(bytes: &[u8]) -> Result<Container<'_>, String> {
    ZipArchive::new(Cursor::new(bytes)).map(Container).map_err(|_| "压缩包目录损坏".to_owned())
}

impl Container<'_> {
    /// Names of the members that are files.
    pub(super) fn names(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        for index in 0..self.0.len().min(limits::MEMBERS) {
            if let Ok(member) = self.0.by_index_raw(index)
                && !member.is_dir()
                && let Ok(name) = member.name()
            {
                names.push(name.into_owned());
            }
        }
        names
    }

    /// The bytes of a member, within the limits of the job.
    pub(super) fn member(&mut self, job: &mut Job, name: &str) -> Result<Vec<u8>, String> {
        let encrypted = self
            .0
            .index_for_name(name)
            .and_then(|index| self.0.by_index_raw(index).ok().map(|member| member.encrypted()));
        if encrypted == Some(true) {
            return Err("成员已加密，无法检查".to_owned());
        }
        let mut member = self.0.by_name(name).map_err(|error| format!("压缩成员无法读取（{error}）"))?;
        let packed = member.compressed_size();
        unpack(job, &mut member, packed)
    }
}

/// Reads to the end, but no further than the limits allow.
fn unpack(job: &mut Job, reader: &mut impl Read, packed: u64) -> Result<Vec<u8>, String> {
    let by_ratio = packed.saturating_mul(limits::UNPACK_RATIO).max(limits::RATIO_FLOOR_BYTES);
    let allowed = by_ratio.min(limits::UNPACKED_BYTES.saturating_sub(job.unpacked)).min(limits::FILE_BYTES);
    let mut bytes = Vec::new();
    reader.take(allowed + 1).read_to_end(&mut bytes).map_err(|_| "压缩数据损坏".to_owned())?;
    let length = bytes.len() as u64;
    job.unpacked = job.unpacked.saturating_add(length);
    if length > allowed {
        Err("解压后体积或压缩比超过限制，疑似压缩炸弹".to_owned())
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
    if container.0.len() > limits::MEMBERS {
        job.unreadable(inside, format!("压缩包成员超过{}个，其余未检查", limits::MEMBERS));
    }
    for name in container.names() {
        let place = within(inside, &name);
        match container.member(job, &name) {
            Ok(bytes) => read(job, &bytes, &name, &place),
            Err(reason) => job.unreadable(&place, reason),
        }
    }
}

pub(super) fn is_gzip(bytes: &[u8], _name: &str) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

pub(super) fn read_gzip(job: &mut Job, bytes: &[u8], name: &str, inside: &str) {
    let inner = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".tgz")).unwrap_or(name);
    match unpack(job, &mut MultiGzDecoder::new(bytes), bytes.len() as u64) {
        Ok(unpacked) => read(job, &unpacked, inner, inside),
        Err(reason) => job.unreadable(inside, reason),
    }
}

pub(super) fn is_tar(bytes: &[u8], _name: &str) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

/// POSIX.1-1988 ustar: blocks of 512 bytes, the name at 0, the size in octal at 124, the type at 156.
pub(super) fn read_tar(job: &mut Job, bytes: &[u8], _name: &str, inside: &str) {
    let mut rest = bytes;
    for _ in 0..limits::MEMBERS {
        let Some(header) = rest.get(..512).filter(|header| header[0] != 0) else { return };
        let name = text(&header[..100]);
        let Some(size) = octal(&header[124..136]) else { return job.unreadable(inside, "tar头部损坏") };
        let Some(data) = rest.get(512..).and_then(|data| data.get(..size)) else {
            return job.unreadable(&within(inside, &name), "tar成员不完整");
        };
        if matches!(header[156], b'0' | 0) {
            read(job, data, &name, &within(inside, &name));
        }
        rest = rest.get(512 + size.div_ceil(512) * 512..).unwrap_or_default();
    }
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

fn octal(field: &[u8]) -> Option<usize> {
    usize::from_str_radix(text(field).trim(), 8).ok()
}
