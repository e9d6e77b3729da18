//! RFB, the protocol of VNC (RFC 6143): the handshake. What is on the screen is passed by.

use serde_json::json;

use super::messages::Messages;
use super::reader::Reader;
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, Reading, TransportKind, Verdict};
use super::text::{Object, eve_text, put};
use crate::{AppProtocol, Buffer, Direction};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Rfb,
    transports: &[TransportKind::Tcp],
    ports: &[5900],
    probe,
    create: |_| Box::new(RfbParser::default()),
};

const VERSION_BYTES: usize = 12;
/// Longest text that is read.
const TEXT_BYTES: usize = 64 << 10;
const NO_AUTHENTICATION: u8 = 1;
const VNC_AUTHENTICATION: u8 = 2;

fn probe(probe: &Probe<'_>) -> Verdict {
    let length = probe.data.len().min(VERSION_BYTES);
    let fits = probe.data[..length].iter().zip(b"RFB ddd.ddd\n").all(|(byte, form)| match form {
        b'd' => byte.is_ascii_digit(),
        form => byte == form,
    });
    match fits {
        false => Verdict::No,
        true if length == VERSION_BYTES => Verdict::Yes,
        true => Verdict::More,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Step {
    #[default]
    ServerVersion,
    ClientVersion,
    /// Types the server offers, or before 3.7 the one it chooses.
    Offer,
    Choice,
    Challenge,
    Response,
    Result,
    Reason,
    ClientInit,
    ServerInit,
    Done,
}

#[derive(Default)]
struct RfbParser {
    sides: [Messages; 2],
    step: Step,
    /// Bytes were missing before the last step.
    behind_gap: bool,
    tx: Option<u64>,
    minor: u32,
    security: u8,
    eve: Object,
    authentication: Object,
}

impl AppParser for RfbParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        match input {
            Input::Data(_) if self.step == Step::Done => {}
            Input::Data(data) => {
                self.sides[side].push(data);
                while self.step != Step::Done && self.advance(context).is_some() {}
                self.write(direction, context);
            }
            Input::Gap(_) => {
                self.behind_gap |= self.step != Step::Done;
                self.finish(direction, context);
            }
            Input::End if self.tx.is_some() => self.finish(direction, context),
            Input::End => {}
        }
    }

    fn reading(&self, _: Direction) -> Reading {
        if self.behind_gap { Reading::BehindGap } else { Reading::On }
    }
}

impl RfbParser {
    /// Takes the next message, when all of it is there.
    fn advance(&mut self, context: &mut Context<'_>) -> Option<()> {
        let way = match self.step {
            Step::ClientVersion | Step::Choice | Step::Response | Step::ClientInit => Direction::ToServer,
            _ => Direction::ToClient,
        };
        let tx = *self.tx.get_or_insert_with(|| context.open(AppProtocol::Rfb));
        let side = usize::from(way == Direction::ToClient);
        let waiting = self.sides[side].waiting().to_vec();
        let mut r = Reader::new(&waiting);
        match self.step {
            Step::ServerVersion | Step::ClientVersion => self.version(&mut r)?,
            Step::Offer => self.offer(&mut r, tx, context)?,
            Step::Choice => {
                let choice = r.u8()?;
                self.choose(choice, tx, context);
            }
            Step::Challenge | Step::Response => self.secret(&mut r)?,
            Step::Result => self.result(&mut r, tx, context)?,
            Step::Reason => {
                let reason = text(&mut r)?;
                put(&mut self.eve, "server_security_failure_reason", eve_text(reason));
                self.step = Step::Done;
            }
            Step::ClientInit => {
                put(&mut self.eve, "screen_shared", r.u8()? != 0);
                self.step = Step::ServerInit;
            }
            Step::ServerInit => self.server_init(&mut r, tx, context)?,
            Step::Done => return None,
        }
        if self.security != 0 {
            let security = self.security;
            context.update(tx, |tx| tx.facts.number("rfb.sectype", security));
        }
        self.sides[side].pass(r.position());
        if self.step == Step::Done {
            self.finish(way, context);
        }
        Some(())
    }

    fn version(&mut self, r: &mut Reader<'_>) -> Option<()> {
        let line = r.take(VERSION_BYTES)?;
        let (major, minor) = (eve_text(&line[4..7]), eve_text(&line[8..11]));
        let is_server = self.step == Step::ServerVersion;
        let key = if is_server { "server_protocol_version" } else { "client_protocol_version" };
        self.minor = minor.parse().unwrap_or(8);
        put(&mut self.eve, key, json!({"major": major, "minor": minor}));
        self.step = if is_server { Step::ClientVersion } else { Step::Offer };
        Some(())
    }

    fn offer(&mut self, r: &mut Reader<'_>, tx: u64, context: &mut Context<'_>) -> Option<()> {
        if self.minor < 7 {
            let chosen = r.u32()?;
            self.choose(u8::try_from(chosen).unwrap_or(u8::MAX), tx, context);
            return Some(());
        }
        let count = r.u8()?;
        r.take(count.into())?;
        self.step = if count == 0 { Step::Reason } else { Step::Choice };
        Some(())
    }

    fn choose(&mut self, security: u8, tx: u64, context: &mut Context<'_>) {
        self.security = security;
        if !matches!(security, 0 | NO_AUTHENTICATION | VNC_AUTHENTICATION) {
            context.anomaly(Some(tx), Direction::ToServer, "rfb.unimplemented_security_type");
        }
        put(&mut self.authentication, "security_type", security);
        self.step = match security {
            0 => Step::Reason,
            VNC_AUTHENTICATION => Step::Challenge,
            NO_AUTHENTICATION if self.minor < 8 => Step::ClientInit,
            NO_AUTHENTICATION => Step::Result,
            _ => Step::Done,
        };
    }

    fn secret(&mut self, r: &mut Reader<'_>) -> Option<()> {
        let secret = hex::encode(r.take(16)?);
        let is_challenge = self.step == Step::Challenge;
        let entry = self.authentication.entry("vnc").or_insert_with(|| Object::new().into());
        if let Some(vnc) = entry.as_object_mut() {
            put(vnc, if is_challenge { "challenge" } else { "response" }, secret);
        }
        self.step = if is_challenge { Step::Response } else { Step::Result };
        Some(())
    }

    fn result(&mut self, r: &mut Reader<'_>, tx: u64, context: &mut Context<'_>) -> Option<()> {
        let result = r.u32()?;
        let name = match result {
            0 => "OK".to_owned(),
            1 => "FAIL".to_owned(),
            2 => "TOOMANY".to_owned(),
            other => format!("UNKNOWN ({other})"),
        };
        if result > 2 {
            context.anomaly(Some(tx), Direction::ToClient, "rfb.unknown_security_result");
        }
        put(&mut self.authentication, "security_result", name);
        context.update(tx, |tx| tx.facts.number("rfb.secresult", result));
        self.step = match result {
            0 => Step::ClientInit,
            _ if self.minor >= 8 => Step::Reason,
            _ => Step::Done,
        };
        Some(())
    }

    fn server_init(&mut self, r: &mut Reader<'_>, tx: u64, context: &mut Context<'_>) -> Option<()> {
        let (width, height) = (r.u16()?, r.u16()?);
        let (bits, depth, big_endian, true_color) = (r.u8()?, r.u8()?, r.u8()?, r.u8()?);
        let maxima = [r.u16()?, r.u16()?, r.u16()?];
        let shifts = [r.u8()?, r.u8()?, r.u8()?];
        r.take(3)?;
        let name = text(r)?;
        let framebuffer = json!({
            "width": width,
            "height": height,
            "name": eve_text(name),
            "pixel_format": {
                "bits_per_pixel": bits,
                "depth": depth,
                "big_endian": big_endian != 0,
                "true_color": true_color != 0,
                "red_max": maxima[0],
                "green_max": maxima[1],
                "blue_max": maxima[2],
                "red_shift": shifts[0],
                "green_shift": shifts[1],
                "blue_shift": shifts[2],
            },
        });
        put(&mut self.eve, "framebuffer", framebuffer);
        context.update(tx, |tx| tx.buffers.set(Direction::ToClient, Buffer::RfbName, name));
        self.step = Step::Done;
        Some(())
    }

    fn write(&self, direction: Direction, context: &mut Context<'_>) {
        let Some(id) = self.tx else { return };
        let mut eve = self.eve.clone();
        if !self.authentication.is_empty() {
            put(&mut eve, "authentication", self.authentication.clone());
        }
        context.update(id, |tx| tx.eve = eve);
        context.progress(id, direction);
    }

    fn finish(&mut self, direction: Direction, context: &mut Context<'_>) {
        self.step = Step::Done;
        self.write(direction, context);
        if let Some(id) = self.tx {
            context.update(id, |tx| (tx.request_complete, tx.response_complete) = (true, true));
            context.progress(id, Direction::ToServer);
            context.progress(id, Direction::ToClient);
        }
    }
}

/// A text behind its length, cut when it is too long.
fn text<'a>(r: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::try_from(r.u32()?).ok()?;
    r.take(length.min(TEXT_BYTES))
}
