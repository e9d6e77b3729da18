//! How risky an incident is, and which grade is proposed for it.

mod grading;
mod score;

pub(crate) use grading::{GradingFacts, GradingRules};
pub(crate) use score::{Score, group_value};
