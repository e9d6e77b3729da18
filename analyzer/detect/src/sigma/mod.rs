//! Sigma rules: loading, repair of what the library gets wrong, routing and evaluation.

mod admission;
mod correlation;
mod event_view;
mod filters;
mod logsource;
mod names;
mod pipeline;
mod repair;
mod rules;

pub(crate) use correlation::{CorrelationSet, Correlations, SavedCorrelations};
pub(crate) use event_view::EventView;
pub(crate) use rules::{RuleCard, SigmaLoader, SigmaRules};
