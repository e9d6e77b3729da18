//! What kind of record the spool carries: decides what is shed first when it fills up.

use std::fmt;

/// What kind of record the spool carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A detection. Never shed.
    Alert,
    /// A finding of sensitive data. Never shed.
    Finding,
    /// An audit record. Never shed.
    Audit,
    /// A protocol transaction: HTTP, DNS, TLS, ... Shed second.
    Protocol,
    /// Counters of a sensor. Shed second.
    Statistics,
    /// A flow record. Shed first.
    Flow,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 6] = [Self::Alert, Self::Finding, Self::Audit, Self::Protocol, Self::Statistics, Self::Flow];

    /// The number written to disk.
    #[must_use]
    pub const fn as_number(self) -> u8 {
        match self {
            Self::Alert => 1,
            Self::Finding => 2,
            Self::Audit => 3,
            Self::Protocol => 4,
            Self::Statistics => 5,
            Self::Flow => 6,
        }
    }

    /// Its place in [`Class::ALL`].
    pub(crate) const fn index(self) -> usize {
        self.as_number() as usize - 1
    }

    /// The class of a number on disk.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_number() == number)
    }

    /// The word for counters and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Finding => "finding",
            Self::Audit => "audit",
            Self::Protocol => "protocol",
            Self::Statistics => "statistics",
            Self::Flow => "flow",
        }
    }

    /// Whether records of this class may be shed when the spool fills up.
    #[must_use]
    pub const fn may_be_shed(self) -> bool {
        matches!(self, Self::Protocol | Self::Statistics | Self::Flow)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_places_agree() {
        for (place, class) in Class::ALL.into_iter().enumerate() {
            assert_eq!((class.index(), Class::from_number(class.as_number())), (place, Some(class)));
        }
        assert_eq!(Class::from_number(0), None);
    }
}
