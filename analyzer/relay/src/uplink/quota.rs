//! What one sensor may send: a bucket of records that fills at a steady rate. Pure: the time comes in.

/// A bucket of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Thousandths of a record that are left; below zero after a parcel larger than what was left.
    left: i64,
    at: i64,
}

/// Seconds' worth of records that may come at once.
const BURST_SECONDS: i64 = 10;

impl Quota {
    /// A full bucket at a time in milliseconds.
    #[must_use]
    pub fn full(per_second: u32, now: i64) -> Self {
        Self { left: i64::from(per_second) * BURST_SECONDS * 1_000, at: now }
    }

    /// How many milliseconds a sender has to wait; 0 when it may send now. A rate of 0 is no limit.
    pub fn wait(&mut self, per_second: u32, now: i64) -> u64 {
        if per_second == 0 {
            return 0;
        }
        let rate = i64::from(per_second);
        let gained = now.saturating_sub(self.at).max(0).saturating_mul(rate);
        self.left = self.left.saturating_add(gained).min(rate * BURST_SECONDS * 1_000);
        self.at = self.at.max(now);
        if self.left > 0 { 0 } else { u64::try_from(1 - self.left / rate).unwrap_or(1) }
    }

    /// Takes records out.
    pub fn take(&mut self, records: u64) {
        self.left = self.left.saturating_sub(i64::try_from(records).unwrap_or(i64::MAX / 1_000).saturating_mul(1_000));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_gets_its_rate_and_no_more() {
        let (rate, mut now, mut sent) = (100, 0, 0_u64);
        let mut quota = Quota::full(rate, now);
        while now < 60_000 {
            match quota.wait(rate, now) {
                0 => {
                    quota.take(250);
                    sent += 250;
                }
                wait => now += i64::try_from(wait).expect("small"),
            }
        }
        // Sixty seconds, the burst at the start, and one parcel that went below zero.
        assert!((7_000..=7_250).contains(&sent), "{sent}");
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_and_no_rate_is_no_limit() {
        let mut quota = Quota::full(10, 1_000);
        quota.take(1_000);
        let wait = quota.wait(10, 1_000);
        assert!(wait > 0 && quota.wait(10, -5_000) == wait);
        assert_eq!(quota.wait(0, 0), 0);
    }
}
