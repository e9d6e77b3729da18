//! The stored form of an event: the number of its shape and its values.
//!
//! The shape says how the record is built: names, structure, and what kind of value is where. Records of one kind have
//! few shapes, so each is kept once a day ([`Shapes`]) and the event keeps its number. Values are written by kind, numbers
//! and addresses in few bytes; a normalised field that repeats a value of the original is a reference within the shape and
//! costs nothing. Time and the first half of the id are columns of the index and not kept again.

mod reading;
mod shapes;
mod writing;

pub(crate) use reading::read;
pub(crate) use shapes::Shapes;
pub(crate) use writing::{community, digits, write};

/// What stands at a place of a shape. Part of the format on disk: a tag keeps its meaning for ever.
mod tag {
    /// `{`, entries, `}`.
    pub(super) const OBJECT: u8 = b'{';
    /// Of an object: length and bytes of the name, then the value.
    pub(super) const NAME: u8 = b'k';
    pub(super) const OBJECT_END: u8 = b'}';
    /// `[`, values, `]`.
    pub(super) const LIST: u8 = b'[';
    pub(super) const LIST_END: u8 = b']';
    pub(super) const NULL: u8 = b'n';
    /// One byte, 0 or 1.
    pub(super) const BOOLEAN: u8 = b'b';
    /// A whole number from 0.
    pub(super) const WHOLE: u8 = b'u';
    /// A negative whole number: what is missing to -1.
    pub(super) const NEGATIVE: u8 = b'i';
    /// Eight bytes, the least first (IEEE 754).
    pub(super) const FLOAT: u8 = b'f';
    /// Length and bytes.
    pub(super) const TEXT: u8 = b's';
    /// A text of digits, as a whole number.
    pub(super) const DIGITS: u8 = b'd';
    /// A text of lower-case hexadecimal digits: number of bytes, bytes.
    pub(super) const HEX: u8 = b'x';
    /// An IPv4 address as a text, in four bytes.
    pub(super) const ADDRESS: u8 = b'4';
    /// A community id version 1 as a text, in its 20 bytes.
    pub(super) const COMMUNITY: u8 = b'c';
    /// A time as EVE writes it: microseconds after the event's time, signed.
    pub(super) const EVE_TIME: u8 = b'e';
    /// A time as [`fengsui_schema::Timestamp`] writes it: nanoseconds after the event's time, signed.
    pub(super) const TIME: u8 = b'z';
    /// The text or number that was the n-th leaf; n follows in the shape.
    pub(super) const SAME: u8 = b'=';
    /// The same leaf in ASCII lower case.
    pub(super) const LOWER: u8 = b'~';
    /// The number of a leaf as a text.
    pub(super) const SPELLED: u8 = b'#';
}

/// What a community id version 1 begins with.
const COMMUNITY_VERSION: &str = "1:";

/// Leaves that may be referred to.
const LEAVES: usize = 128;

fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use fengsui_schema::{Event, EventId, EventKind, Fields, SourceReference, Timestamp};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::collect::Place;
    use crate::document::tie;

    fn event(original: Value, fields: Vec<(String, Value)>, time: i64, received: i64) -> Event {
        let mut kept = Fields::new();
        fields.into_iter().for_each(|(name, value)| kept.set(name, value));
        Event {
            id: EventId::from_bytes([7; 16]),
            time: Timestamp::from_nanos(time),
            received: Timestamp::from_nanos(received),
            kind: EventKind::Alert,
            source: SourceReference { source: "test".into(), instance: "a b".into(), sequence: 1 << 40 },
            fields: kept,
            original,
        }
    }

    fn round_trip(event: &Event, shapes: &Shapes) -> Vec<u8> {
        let bytes = write(event, shapes).expect("writes");
        let place = Place { time: event.time.as_nanos(), tie: tie(event.id.as_bytes()) };
        assert_eq!(read(&bytes, place, shapes).as_ref(), Ok(event));
        for cut in 0..bytes.len() {
            assert!(read(&bytes[..cut], place, shapes).is_err(), "{cut} of {}", bytes.len());
        }
        bytes
    }

    fn leaf() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-300_i64..600).prop_map(Value::from),
            any::<f64>().prop_map(|number| json!(number)),
            "\\PC{0,12}".prop_map(Value::from),
            "[0-9a-f]{0,12}".prop_map(Value::from),
            "[A-Z]{3,4}|[a-z]{3,4}".prop_map(Value::from),
            "[0-9]{1,21}".prop_map(Value::from),
            any::<[u8; 4]>().prop_map(|bytes| std::net::Ipv4Addr::from(bytes).to_string().into()),
            "0[0-9].1.2.3|1:[A-Za-z0-9+/]{26}[A-P]=|1:[A-Za-z0-9+/]{27}=".prop_map(Value::from),
            any::<i64>().prop_map(|nanos| Timestamp::from_nanos(nanos).to_string().into()),
            any::<i64>().prop_map(|nanos| Timestamp::from_nanos(nanos).to_eve().into()),
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        leaf().prop_recursive(4, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::vec(("[a-e{}\\[k]{0,3}", inner), 0..5)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_event_comes_back(
            original in value(),
            fields in prop::collection::vec(("[a-c.]{1,3}", leaf()), 0..6),
            (time, received) in (any::<i64>(), any::<i64>()),
        ) {
            let folder = tempfile::tempdir().expect("folder");
            let shapes = Shapes::open(folder.path()).expect("opens");
            let event = event(original, fields, time, received);
            // The first time the shape is written out, then it is numbered.
            let lengths: Vec<usize> = (0..3).map(|_| round_trip(&event, &shapes).len()).collect();
            prop_assert!(lengths[2] < lengths[0]);
            shapes.sync().expect("syncs");
            let again = Shapes::open(folder.path()).expect("opens");
            prop_assert_eq!(again.count(), 1);
            prop_assert_eq!(round_trip(&event, &again).len(), lengths[2]);
        }

        #[test]
        fn any_bytes_are_an_answer_not_a_panic(bytes: Vec<u8>) {
            let folder = tempfile::tempdir().expect("folder");
            let shapes = Shapes::open(folder.path()).expect("opens");
            let _ = read(&bytes, Place { time: 0, tie: 0 }, &shapes);
        }
    }

    #[test]
    fn what_a_field_repeats_costs_nothing() {
        let folder = tempfile::tempdir().expect("folder");
        let shapes = Shapes::open(folder.path()).expect("opens");
        let original = json!({"flow_id": 1_234_567_890_123_u64, "proto": "TCP", "src_ip": "192.0.2.7"});
        let length = |fields: Vec<(String, Value)>| {
            let event = event(original.clone(), fields, 5_000, 6_000);
            (0..3).map(|_| round_trip(&event, &shapes).len()).min()
        };
        let fields = [("flow.id", "1234567890123"), ("source.ip", "192.0.2.7"), ("network.transport", "tcp")];
        let fields = fields.map(|(name, value)| (name.to_owned(), Value::from(value)));
        assert_eq!(length(fields.to_vec()), length(Vec::new()));
    }

    #[test]
    fn signed_numbers_are_short_when_they_are_small() {
        for number in [0, -1, 1, 63, -64, i64::MIN, i64::MAX] {
            assert_eq!(unzigzag(zigzag(number)), number);
        }
        let mut bytes = Vec::new();
        put_number(&mut bytes, zigzag(-64));
        assert_eq!(bytes.len(), 1);
    }
}
