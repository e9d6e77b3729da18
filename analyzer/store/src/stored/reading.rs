//! An event out of its bytes.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fengsui_schema::{Event, EventId, EventKind, Fields, SourceReference, Timestamp};
use serde_json::{Map, Number, Value};

use super::{COMMUNITY_VERSION, LEAVES, Shapes, tag, unzigzag};
use crate::collect::Place;
use crate::limits;

/// What is wrong with stored bytes.
type Wrong = String;

struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn take(&mut self, length: usize) -> Result<&'b [u8], Wrong> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or("it ends early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Wrong> {
        let (taken, rest) = self.0.split_first_chunk().ok_or("it ends early")?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, Wrong> {
        Ok(self.array::<1>()?[0])
    }

    fn number(&mut self) -> Result<u64, Wrong> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err("a number is too long".to_owned())
    }

    fn signed(&mut self) -> Result<i64, Wrong> {
        self.number().map(unzigzag)
    }

    fn block(&mut self) -> Result<&'b [u8], Wrong> {
        let length = self.number()?;
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    fn text(&mut self) -> Result<String, Wrong> {
        String::from_utf8(self.block()?.to_vec()).map_err(|error| error.to_string())
    }
}

struct Reader<'b> {
    time: i64,
    shape: Bytes<'b>,
    values: Bytes<'b>,
    leaves: Vec<Value>,
}

/// The event of stored bytes and its place in the columns.
pub(crate) fn read(bytes: &[u8], place: Place, shapes: &Shapes) -> Result<Event, Wrong> {
    let mut values = Bytes(bytes);
    let shape: Arc<[u8]> = match values.number()? {
        0 => values.block()?.into(),
        number => shapes.shape(number - 1).ok_or("its shape is not known")?,
    };
    let mut reader = Reader { time: place.time, shape: Bytes(&shape), values, leaves: Vec::new() };
    let event = reader.event(place)?;
    if reader.shape.0.is_empty() && reader.values.0.is_empty() { Ok(event) } else { Err("it goes on".to_owned()) }
}

impl Reader<'_> {
    fn event(&mut self, place: Place) -> Result<Event, Wrong> {
        let kind = match self.shape.byte()? {
            0 => EventKind::Alert,
            1 => EventKind::Event,
            2 => EventKind::Metric,
            other => return Err(format!("kind {other} is not known")),
        };
        let mut id = [0; 16];
        id[..8].copy_from_slice(&place.tie.to_be_bytes());
        id[8..].copy_from_slice(&self.values.array::<8>()?);
        let received = Timestamp::from_nanos(self.time.wrapping_add(self.values.signed()?));
        let source = self.shape.text()?;
        let source = SourceReference { source, instance: self.values.text()?, sequence: self.values.number()? };
        let original = self.value(limits::STORED_DEPTH)?;
        let mut fields = Fields::new();
        while !self.shape.0.is_empty() {
            let (name, value) = self.entry(limits::STORED_DEPTH)?;
            fields.set(name, value);
        }
        let (id, time) = (EventId::from_bytes(id), Timestamp::from_nanos(self.time));
        Ok(Event { id, time, received, kind, source, fields, original })
    }

    fn entry(&mut self, depth: usize) -> Result<(String, Value), Wrong> {
        if self.shape.byte()? != tag::NAME {
            return Err("a name is missing".to_owned());
        }
        Ok((self.shape.text()?, self.value(depth)?))
    }

    fn value(&mut self, depth: usize) -> Result<Value, Wrong> {
        let depth = depth.checked_sub(1).ok_or("it is nested too deeply")?;
        Ok(match self.shape.byte()? {
            tag::NULL => Value::Null,
            tag::BOOLEAN => Value::Bool(self.values.byte()? != 0),
            tag::LIST => self.list(depth)?,
            tag::OBJECT => self.object(depth)?,
            tag @ (tag::SAME | tag::LOWER | tag::SPELLED) => self.reference(tag)?,
            tag => {
                let leaf = self.leaf(tag)?;
                if self.leaves.len() < LEAVES {
                    self.leaves.push(leaf.clone());
                }
                leaf
            }
        })
    }

    fn list(&mut self, depth: usize) -> Result<Value, Wrong> {
        let mut list = Vec::new();
        while self.shape.0.first() != Some(&tag::LIST_END) {
            list.push(self.value(depth)?);
        }
        self.shape.byte()?;
        Ok(Value::Array(list))
    }

    fn object(&mut self, depth: usize) -> Result<Value, Wrong> {
        let mut object = Map::new();
        while self.shape.0.first() != Some(&tag::OBJECT_END) {
            let (name, value) = self.entry(depth)?;
            object.insert(name, value);
        }
        self.shape.byte()?;
        Ok(Value::Object(object))
    }

    fn reference(&mut self, tag: u8) -> Result<Value, Wrong> {
        let place = usize::try_from(self.shape.number()?).unwrap_or(usize::MAX);
        let leaf = self.leaves.get(place).ok_or("it refers to what is not there")?;
        match (tag, leaf) {
            (tag::SAME, leaf) => Ok(leaf.clone()),
            (tag::LOWER, Value::String(text)) => Ok(text.to_ascii_lowercase().into()),
            (tag::SPELLED, Value::Number(number)) => Ok(number.to_string().into()),
            _ => Err("it refers to another kind of value".to_owned()),
        }
    }

    fn leaf(&mut self, tag: u8) -> Result<Value, Wrong> {
        let values = &mut self.values;
        Ok(match tag {
            tag::WHOLE => values.number()?.into(),
            tag::NEGATIVE => (!values.number()?.cast_signed()).into(),
            tag::FLOAT => {
                Number::from_f64(f64::from_le_bytes(values.array()?)).map(Value::Number).ok_or("no finite number")?
            }
            tag::TEXT => values.text()?.into(),
            tag::DIGITS => values.number()?.to_string().into(),
            tag::HEX => hex::encode(values.block()?).into(),
            tag::ADDRESS => Ipv4Addr::from(values.array::<4>()?).to_string().into(),
            tag::COMMUNITY => format!("{COMMUNITY_VERSION}{}", STANDARD.encode(values.array::<20>()?)).into(),
            tag::EVE_TIME => {
                let nanos = values.signed()?.wrapping_mul(1_000);
                Timestamp::from_nanos(self.time.wrapping_add(nanos)).to_eve().into()
            }
            tag::TIME => Timestamp::from_nanos(self.time.wrapping_add(values.signed()?)).to_string().into(),
            other => return Err(format!("tag {other} is not known")),
        })
    }
}
