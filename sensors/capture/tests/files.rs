//! Capture files of every kind, whole and damaged.
#![allow(clippy::type_complexity, clippy::too_many_arguments, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Cursor;

use fengsui_capture::*;
use fengsui_schema::Timestamp;
use proptest::prelude::*;

fn read(bytes: Vec<u8>) -> (Vec<(i64, Vec<u8>, u32, u32)>, Option<CaptureError>) {
    let mut packets = Vec::new();
    let mut source = match FileSource::from_reader("test", Cursor::new(bytes)) {
        Ok(source) => source,
        Err(error) => return (packets, Some(error)),
    };
    loop {
        match source.next() {
            Ok(Some(packet)) => packets.push((
                packet.time.as_nanos(),
                packet.data.to_vec(),
                packet.original_length,
                packet.link.number(),
            )),
            Ok(None) => return (packets, None),
            Err(error) => return (packets, Some(error)),
        }
    }
}

fn pcap(big_endian: bool, nanoseconds: bool, packets: &[&[u8]]) -> Vec<u8> {
    let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let magic = word(if nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 });
    let version = if big_endian { [0, 2, 0, 4] } else { [2, 0, 4, 0] };
    let mut file = [magic, version, word(0), word(0), word(65_535), word(1)].concat();
    for (index, packet) in packets.iter().enumerate() {
        let length = u32::try_from(packet.len()).unwrap();
        let index = u32::try_from(index).unwrap();
        file.extend([word(100 + index), word(7), word(length), word(length + 1)].concat());
        file.extend_from_slice(packet);
    }
    file
}

fn pcapng(packets: &[&[u8]]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let length = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
        [&kind.to_le_bytes()[..], &length, body, &length].concat()
    };
    let section = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    // Link type 101, snap length 0, nanosecond resolution.
    let interface = [&[101, 0, 0, 0, 0, 0, 0, 0][..], &[9, 0, 1, 0, 9, 0, 0, 0], &[0; 4]].concat();
    let mut file = [block(0x0a0d_0d0a, &section), block(1, &interface)].concat();
    for packet in packets {
        let length = u32::try_from(packet.len()).unwrap().to_le_bytes();
        let time = 1_500_000_000_000_000_123_u64;
        let high = u32::try_from(time >> 32).unwrap().to_le_bytes();
        let low = u32::try_from(time & 0xffff_ffff).unwrap().to_le_bytes();
        let mut body = [&[0; 4][..], &high, &low, &length, &length, packet].concat();
        body.resize(body.len().next_multiple_of(4), 0);
        file.extend(block(6, &body));
    }
    file
}

#[test]
fn every_kind_of_pcap_is_read() {
    for (big_endian, nanoseconds) in [(false, false), (true, false), (false, true), (true, true)] {
        let (packets, error) = read(pcap(big_endian, nanoseconds, &[b"first", b"second packet"]));
        assert!(error.is_none(), "{error:?}");
        let fraction = if nanoseconds { 7 } else { 7_000 };
        assert_eq!(packets[0], (100_000_000_000 + fraction, b"first".to_vec(), 6, 1));
        assert_eq!(packets[1].1, b"second packet");
    }
}

#[test]
fn pcapng_is_read_with_its_own_clock() {
    let (packets, error) = read(pcapng(&[b"abc", b"defgh"]));
    assert!(error.is_none(), "{error:?}");
    assert_eq!(packets[0], (1_500_000_000_000_000_123, b"abc".to_vec(), 3, 101));
    assert_eq!(packets[1].1, b"defgh");
}

#[test]
fn a_cut_file_delivers_its_whole_packets_and_then_says_where_it_is_cut() {
    for whole in [pcap(false, false, &[b"first", b"second"]), pcapng(&[b"first", b"second"])] {
        let (packets, error) = read(whole[..whole.len() - 3].to_vec());
        assert_eq!(packets.len(), 1);
        let Some(CaptureError::Truncated { offset, .. }) = error else { panic!("{error:?}") };
        let second = whole.windows(6).position(|window| window == b"second").unwrap();
        assert!(usize::try_from(offset).unwrap() < second && offset > 24, "offset {offset}");
    }
}

#[test]
fn what_is_no_capture_is_refused() {
    for bytes in [&b""[..], b"GIF89a", b"\xd4\xc3\xb2\xa1"] {
        let (_, error) = read(bytes.to_vec());
        assert!(matches!(error, Some(CaptureError::NotCapture { .. })), "{error:?}");
    }
    assert!(matches!(FileSource::open("/does/not/exist".as_ref()), Err(CaptureError::Open { .. })));
}

#[test]
fn written_packets_are_read_back_with_their_tag() {
    let frame = [&[1; 12][..], &[8, 0], b"payload"].concat();
    let packet = Packet {
        time: Timestamp::from_parts(1_700_000_000, 123_456_789),
        data: &frame,
        original_length: 21,
        link: LinkType::ETHERNET,
        vlan: Some(42),
    };
    let mut writer = PcapWriter::new("test", Vec::new(), LinkType::ETHERNET).unwrap();
    writer.write(&packet).unwrap();
    let (packets, error) = read(writer.finish().unwrap());
    assert!(error.is_none());
    assert_eq!(packets[0].0, packet.time.as_nanos());
    assert_eq!(packets[0].1, [&[1; 12][..], &[0x81, 0, 0, 42, 8, 0], b"payload"].concat());
    assert_eq!(packets[0].2, 25);
}

#[test]
fn playback_moves_times_and_keeps_the_spacing() {
    let source = FileSource::from_reader("test", Cursor::new(pcap(false, false, &[b"a", b"b", b"c"]))).unwrap();
    let start = Timestamp::from_parts(2_000_000_000, 0);
    let mut playback = Playback::new(source, start, f64::INFINITY);
    let mut times = Vec::new();
    while let Some(packet) = playback.next().unwrap() {
        times.push(packet.time.nanos_since(start));
    }
    assert_eq!(times, [0, 1_000_000_000, 2_000_000_000]);
    assert!(playback.has_ended());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn damaged_files_end_without_panic(
        ng in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut file = if ng { pcapng(&[b"first", b"second"]) } else { pcap(false, false, &[b"first", b"second"]) };
        for (index, value) in changes {
            let at = index.index(file.len());
            file[at] = value;
        }
        file.truncate(cut.index(file.len()) + 1);
        let (packets, _) = read(file);
        prop_assert!(packets.len() <= 2);
    }
}
