//! Content encodings: gzip, deflate, brotli and LZMA, in layers, bounded by bytes and by ratio.

use std::cell::RefCell;

use flate2::{Decompress, FlushDecompress, Status};

use crate::app::text::contains_ignore_case;
use crate::limits::{HTTP_DECOMPRESSION_RATIO, HTTP_ENCODING_LAYERS, LZMA_BYTES, LZMA_MEMORY_BYTES, LZMA_OUTPUT_BYTES};

const OUTPUT_BYTES: usize = 16 << 10;
/// Inflaters of one thread that are kept for the next bodies.
const SPARE_INFLATERS: usize = 16;
/// Input kept to hand out as it is when it turns out not to be compressed.
const KEPT_BYTES: usize = 1 << 10;
/// Brotli is fed in pieces of this length, so that a bomb is noticed in time.
const BROTLI_PIECE: usize = 256;
/// Output below which no ratio is a bomb.
const RATIO_FLOOR: u64 = 1 << 20;

/// What went wrong; the content is handed out as it came from there on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum Trouble {
    /// The data is not what the header says.
    Damaged,
    /// It grows beyond what is sane.
    Bomb,
}

/// The decoders of one body, outermost first.
#[derive(Default)]
pub(in crate::app) struct Layers {
    layers: Vec<Layer>,
    pub(super) too_many: bool,
    pub(super) trouble: Option<Trouble>,
}

struct Layer {
    coder: Coder,
    /// The first bytes, while falling back to them is still possible.
    kept: Vec<u8>,
    bytes_in: u64,
    bytes_out: u64,
    limit: u64,
}

enum Coder {
    /// gzip header not complete yet.
    GzipHeader(Vec<u8>),
    /// Whether zlib's header is there shows in the first two bytes.
    DeflateStart(Vec<u8>),
    Inflate(Inflater),
    /// With what waits for a whole piece, so that what comes out before damage does not depend on how the data came.
    Brotli(Box<BrotliWriter>, Vec<u8>),
    /// Held until the body has ended.
    Lzma(Vec<u8>),
    /// Handed through.
    Plain,
    /// The compressed data has ended; what follows is dropped.
    Ended,
}

/// An inflater that goes back to be used again: making one costs more than inflating a page with it.
struct Inflater(Option<Decompress>);

thread_local! {
    /// Inflaters that are not in use.
    static SPARE: RefCell<Vec<Decompress>> = const { RefCell::new(Vec::new()) };
}

impl Inflater {
    /// For data with or without zlib's header.
    fn new(zlib_header: bool) -> Self {
        let spare = SPARE.with_borrow_mut(Vec::pop).map(|mut spare| {
            spare.reset(zlib_header);
            spare
        });
        Self(Some(spare.unwrap_or_else(|| Decompress::new(zlib_header))))
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        let Some(used) = self.0.take() else { return };
        // At the end of a thread there is nowhere to put it.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < SPARE_INFLATERS {
                spare.push(used);
            }
        });
    }
}

type BrotliWriter = brotli_decompressor::DecompressorWriter<Vec<u8>>;

impl Layers {
    /// From the values of Content-Encoding, in the order they were applied.
    pub(in crate::app) fn from_header(value: &[u8], limit: u64) -> Self {
        let mut layers = Vec::new();
        for token in value.split(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'-')) {
            let coder = match token {
                token if contains_ignore_case(token, b"gzip") => Coder::GzipHeader(Vec::new()),
                token if contains_ignore_case(token, b"deflate") => Coder::DeflateStart(Vec::new()),
                token if token.eq_ignore_ascii_case(b"lzma") || token.eq_ignore_ascii_case(b"x-lzma") => {
                    Coder::Lzma(Vec::new())
                }
                token if token.eq_ignore_ascii_case(b"br") => Coder::Brotli(Box::new(new_brotli()), Vec::new()),
                _ => continue,
            };
            layers.push(Layer { coder, kept: Vec::new(), bytes_in: 0, bytes_out: 0, limit });
        }
        layers.reverse();
        let too_many = layers.len() > HTTP_ENCODING_LAYERS;
        layers.truncate(HTTP_ENCODING_LAYERS);
        Self { layers, too_many, trouble: None }
    }

    /// Decodes the next bytes.
    pub(in crate::app) fn write(&mut self, data: &[u8], output: &mut dyn FnMut(&[u8])) {
        write_from(&mut self.layers, data, &mut self.trouble, output);
    }

    /// Hands out what is still held when the body has ended.
    pub(in crate::app) fn finish(&mut self, output: &mut dyn FnMut(&[u8])) {
        for index in 0..self.layers.len() {
            let mut rest = Vec::new();
            self.layers[index].finish(&mut rest, &mut self.trouble);
            write_from(&mut self.layers[index + 1..], &rest, &mut self.trouble, output);
        }
    }
}

fn new_brotli() -> BrotliWriter {
    brotli_decompressor::DecompressorWriter::new(Vec::new(), OUTPUT_BYTES)
}

fn write_from(layers: &mut [Layer], data: &[u8], trouble: &mut Option<Trouble>, output: &mut dyn FnMut(&[u8])) {
    let Some((layer, inner)) = layers.split_first_mut() else {
        if !data.is_empty() {
            output(data);
        }
        return;
    };
    let mut found = None;
    layer.write(data, &mut found, &mut |piece: &[u8]| write_from(inner, piece, trouble, output));
    *trouble = trouble.or(found);
}

impl Layer {
    fn write(&mut self, data: &[u8], trouble: &mut Option<Trouble>, output: &mut dyn FnMut(&[u8])) {
        self.bytes_in += data.len() as u64;
        if self.kept.len() < KEPT_BYTES {
            let room = KEPT_BYTES - self.kept.len();
            self.kept.extend_from_slice(&data[..data.len().min(room)]);
        }
        match &mut self.coder {
            Coder::GzipHeader(held) => {
                held.extend_from_slice(data);
                self.gzip_header(trouble, output);
            }
            Coder::DeflateStart(held) => {
                held.extend_from_slice(data);
                if held.len() >= 2 {
                    self.deflate_start(trouble, output);
                }
            }
            Coder::Inflate(_) => self.inflate(data, trouble, output),
            Coder::Brotli(..) => self.brotli(data, trouble, output),
            Coder::Lzma(held) => {
                let room = LZMA_BYTES.saturating_sub(held.len()).min(data.len());
                held.extend_from_slice(&data[..room]);
                if room < data.len() {
                    *trouble = Some(Trouble::Damaged);
                }
            }
            Coder::Plain => output(data),
            Coder::Ended => {}
        }
    }

    fn gzip_header(&mut self, trouble: &mut Option<Trouble>, output: &mut dyn FnMut(&[u8])) {
        let Coder::GzipHeader(held) = &mut self.coder else { return };
        match gzip_header_length(&held[..held.len().min(KEPT_BYTES)]) {
            Header::More if held.len() < KEPT_BYTES => {}
            Header::Length(length) => {
                let rest = held.split_off(length);
                self.coder = Coder::Inflate(Inflater::new(false));
                self.inflate(&rest, trouble, output);
            }
            Header::More | Header::None => {
                let held = std::mem::take(held);
                *trouble = Some(Trouble::Damaged);
                self.coder = Coder::Plain;
                output(&held);
            }
        }
    }

    fn deflate_start(&mut self, trouble: &mut Option<Trouble>, output: &mut dyn FnMut(&[u8])) {
        let Coder::DeflateStart(held) = &mut self.coder else { return };
        let held = std::mem::take(held);
        // RFC 1950: method 8 and a check over both bytes; many servers send bare RFC 1951 instead.
        let has_zlib_header = held[0] & 0x0f == 8 && u16::from_be_bytes([held[0], held[1]]).is_multiple_of(31);
        self.coder = Coder::Inflate(Inflater::new(has_zlib_header));
        self.inflate(&held, trouble, output);
    }

    fn inflate(&mut self, data: &[u8], trouble: &mut Option<Trouble>, output: &mut dyn FnMut(&[u8])) {
        let Coder::Inflate(Inflater(Some(inflater))) = &mut self.coder else { return };
        let mut buffer = [0; OUTPUT_BYTES];
        let mut rest = data;
        loop {
            let (before_in, before_out) = (inflater.total_in(), inflater.total_out());
            let status = inflater.decompress(rest, &mut buffer, FlushDecompress::None);
            let used = usize::try_from(inflater.total_in() - before_in).unwrap_or(rest.len());
            let made = usize::try_from(inflater.total_out() - before_out).unwrap_or(0);
            rest = rest.get(used..).unwrap_or(&[]);
            let within = within(self.limit, self.bytes_out, made);
            self.bytes_out += made as u64;
            if within > 0 {
                output(&buffer[..within]);
            }
            match status {
                _ if within < made => {
                    *trouble = Some(Trouble::Bomb);
                    self.coder = Coder::Ended;
                    return;
                }
                Ok(Status::StreamEnd) => {
                    self.coder = Coder::Ended;
                    return;
                }
                Err(_) => return self.fall_back(data, data.len() - rest.len(), trouble, output),
                Ok(_) if is_bomb(self.bytes_in, self.bytes_out, self.limit) => {
                    *trouble = Some(Trouble::Bomb);
                    self.coder = Coder::Ended;
                    return;
                }
                Ok(_) if used == 0 && made == 0 => return,
                Ok(_) => {}
            }
        }
    }

    fn brotli(&mut self, data: &[u8], trouble: &mut Option<Trouble>, output: &mut dyn FnMut(&[u8])) {
        let mut rest = data;
        while let (Coder::Brotli(_, held), false) = (&mut self.coder, rest.is_empty()) {
            let (part, after) = rest.split_at(rest.len().min(BROTLI_PIECE - held.len()));
            held.extend_from_slice(part);
            rest = after;
            if held.len() == BROTLI_PIECE {
                self.brotli_piece(rest, trouble, output);
            }
        }
    }

    /// Decodes the piece that was put together; `rest` came behind it.
    fn brotli_piece(&mut self, rest: &[u8], trouble: &mut Option<Trouble>, output: &mut dyn FnMut(&[u8])) {
        use std::io::Write as _;
        let Coder::Brotli(writer, held) = &mut self.coder else { return };
        let piece = std::mem::take(held);
        let failed = writer.write_all(&piece).is_err();
        let made = std::mem::take(writer.get_mut());
        let within = within(self.limit, self.bytes_out, made.len());
        self.bytes_out += made.len() as u64;
        if within > 0 {
            output(&made[..within]);
        }
        let bytes_in = self.bytes_in - rest.len() as u64;
        if is_bomb(bytes_in, self.bytes_out, self.limit) {
            *trouble = Some(Trouble::Bomb);
            self.coder = Coder::Ended;
        } else if failed {
            self.fall_back(&[&piece[..], rest].concat(), 0, trouble, output);
        }
    }

    /// The data is not what it was said to be: hands it out as it came, from its start when that is still held, else
    /// from where decoding failed. `used` bytes of `data` were decoded.
    fn fall_back(&mut self, data: &[u8], used: usize, trouble: &mut Option<Trouble>, output: &mut dyn FnMut(&[u8])) {
        *trouble = Some(Trouble::Damaged);
        self.coder = Coder::Plain;
        let before = usize::try_from(self.bytes_in).unwrap_or(usize::MAX).saturating_sub(data.len());
        if before + used > KEPT_BYTES {
            return output(data.get(used..).unwrap_or(&[]));
        }
        let kept = std::mem::take(&mut self.kept);
        output(&kept);
        output(data.get(kept.len().saturating_sub(before)..).unwrap_or(&[]));
    }

    fn finish(&mut self, rest: &mut Vec<u8>, trouble: &mut Option<Trouble>) {
        match &mut self.coder {
            Coder::Lzma(held) => {
                let limit = usize::try_from(self.limit.min(LZMA_OUTPUT_BYTES as u64)).unwrap_or(LZMA_OUTPUT_BYTES);
                if !unpack_lzma(held, limit, rest) {
                    *trouble = Some(Trouble::Damaged);
                }
            }
            Coder::GzipHeader(held) | Coder::DeflateStart(held) => rest.append(held),
            Coder::Brotli(..) => {
                self.brotli_piece(&[], trouble, &mut |made: &[u8]| rest.extend_from_slice(made));
                if let Coder::Brotli(writer, _) = &mut self.coder {
                    let _ = writer.close();
                    rest.append(writer.get_mut());
                }
            }
            // A short body that never came to an end was probably not compressed at all.
            Coder::Inflate(_) if self.bytes_in > 0 && self.bytes_in < KEPT_BYTES as u64 => rest.append(&mut self.kept),
            _ => {}
        }
    }
}

/// Takes so many bytes and refuses more.
struct Bounded<'a> {
    output: &'a mut Vec<u8>,
    limit: usize,
}

impl std::io::Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = self.limit.saturating_sub(self.output.len()).min(bytes.len());
        if room == 0 && !bytes.is_empty() {
            return Err(std::io::ErrorKind::WriteZero.into());
        }
        self.output.extend_from_slice(&bytes[..room]);
        Ok(room)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Decodes a whole LZMA text; what came out before an error stays.
fn unpack_lzma(held: &[u8], limit: usize, output: &mut Vec<u8>) -> bool {
    let options = lzma_rs::decompress::Options { memlimit: Some(LZMA_MEMORY_BYTES), ..Default::default() };
    let mut bounded = Bounded { output, limit };
    lzma_rs::lzma_decompress_with_options(&mut &held[..], &mut bounded, &options).is_ok()
}

/// How many of the bytes that were made the limit lets pass.
fn within(limit: u64, before: u64, made: usize) -> usize {
    usize::try_from(limit.saturating_sub(before)).unwrap_or(usize::MAX).min(made)
}

fn is_bomb(bytes_in: u64, bytes_out: u64, limit: u64) -> bool {
    bytes_out > limit || (bytes_out > RATIO_FLOOR && bytes_out / bytes_in.max(1) > HTTP_DECOMPRESSION_RATIO)
}

enum Header {
    Length(usize),
    More,
    None,
}

/// Length of a gzip header (RFC 1952), blank bytes before it included. Reserved flags are let pass.
fn gzip_header_length(data: &[u8]) -> Header {
    let blanks = data.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let gzip = &data[blanks..];
    if !gzip.iter().zip([0x1f, 0x8b, 8]).all(|(byte, expected)| *byte == expected) {
        return Header::None;
    }
    let Some(&flags) = gzip.get(3) else { return Header::More };
    match gzip_fields(gzip, flags) {
        Some(length) if length <= gzip.len() => Header::Length(blanks + length),
        _ => Header::More,
    }
}

fn gzip_fields(gzip: &[u8], flags: u8) -> Option<usize> {
    let mut at = 10;
    if flags & 0x04 != 0 {
        at += 2 + usize::from(u16::from_le_bytes(*gzip.get(at..)?.first_chunk()?));
    }
    for _ in 0..(flags & 0x18).count_ones() {
        at += memchr::memchr(0, gzip.get(at..)?)? + 1;
    }
    if flags & 0x02 != 0 {
        at += 2;
    }
    Some(at)
}
