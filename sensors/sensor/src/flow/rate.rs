//! How many bytes a flow carries each way within some seconds: whether it is an elephant.

use std::collections::VecDeque;

use crate::settings::FlowSettings;

/// Bytes of the last seconds, each way.
#[derive(Debug, Default)]
pub(crate) struct FlowRate([Window; 2]);

/// Bytes by second, and their sum; seconds without bytes are left out, so that a quiet flow holds little.
#[derive(Debug, Default)]
struct Window {
    seconds: VecDeque<(i64, u64)>,
    sum: u64,
}

impl FlowRate {
    /// Counts a packet; whether its way has carried as many bytes within the interval as make an elephant.
    pub(crate) fn count(&mut self, way: usize, second: i64, bytes: u64, settings: &FlowSettings) -> bool {
        let window = &mut self.0[way];
        window.sum += bytes;
        // A packet out of order counts for the newest second: seconds stay in order.
        match window.seconds.back_mut() {
            Some((newest, sum)) if *newest >= second => *sum += bytes,
            _ => window.seconds.push_back((second, bytes)),
        }
        let oldest = second - i64::from(settings.elephant_seconds.max(1)) + 1;
        while window.seconds.front().is_some_and(|(second, _)| *second < oldest) {
            window.sum -= window.seconds.pop_front().map_or(0, |(_, bytes)| bytes);
        }
        window.sum >= settings.elephant_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bytes_of_one_way_within_the_interval_count() {
        let settings = FlowSettings { elephant_bytes: 100, elephant_seconds: 3, ..FlowSettings::default() };
        let mut rate = FlowRate::default();
        assert!(!rate.count(0, 10, 60, &settings));
        assert!(!rate.count(1, 10, 60, &settings), "the other way");
        assert!(!rate.count(0, 13, 60, &settings), "second 10 is past");
        assert!(!rate.count(0, 12, 39, &settings), "out of order");
        assert!(rate.count(0, 15, 1, &settings));
        assert!(!rate.count(0, 16, 1, &settings));
    }
}
