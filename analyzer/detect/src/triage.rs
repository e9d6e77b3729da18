//! Triage of ready-made alerts that are all known: what differs between alerts of one shape is only their moment, so each
//! shape is made once and an alert costs no more than a look-up.

use std::sync::Arc;

use fengsui_schema::{AlertId, Entity, Event, Incident, Timestamp};

use crate::correlate::Shape;
use crate::{CorrelationSettings, Correlator, Detection, Reference, signature};

/// What alerts that differ only in their moment have in common; cheap to clone.
#[derive(Debug, Clone)]
pub struct AlertShape {
    shape: Arc<Shape>,
    entities: Arc<[Entity]>,
}

/// Triage of ready-made alerts that are all known.
pub struct Triage {
    correlator: Correlator,
    detection: Arc<Detection>,
}

impl Triage {
    /// No alerts yet. Hours before and after an alert say what is usual, whatever the settings say.
    #[must_use]
    pub fn new(settings: CorrelationSettings, detection: Arc<Detection>) -> Self {
        let settings = CorrelationSettings { reference: Reference::Whole, ..settings };
        Self { correlator: Correlator::new(settings), detection }
    }

    /// The shape of the alert that an event is; `None` when it is none.
    #[must_use]
    pub fn shape(&self, event: &Event) -> Option<AlertShape> {
        let alert = signature::detect(event)?;
        let shape = Correlator::shape(&alert);
        Some(AlertShape { shape: Arc::new(shape), entities: alert.entities.into() })
    }

    /// Takes in an alert of a shape under an id of the caller's choice.
    pub fn add(&mut self, shape: &AlertShape, time: Timestamp, id: AlertId) {
        self.correlator.add_shape(&shape.shape, time, id, &shape.entities);
    }

    /// The incidents of everything taken in, riskiest first.
    #[must_use]
    pub fn incidents(&self) -> Vec<Incident> {
        self.correlator.all(self.detection.grading())
    }
}
