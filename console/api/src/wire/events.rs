//! The hunt over the event store.

use serde::{Deserialize, Serialize};

/// Which events.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Query in the store's language; everything unless told.
    pub q: Option<String>,
    /// From this time on.
    pub from: Option<String>,
    /// Before this time.
    pub to: Option<String>,
    /// Rows per page, 1 to 500; 50 unless told.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A page of events.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventPage {
    /// Events as the store holds them (`fengsui_schema::Event`). Their texts are untrusted.
    #[schema(value_type = Vec<Object>)]
    pub items: Vec<serde_json::Value>,
    /// Events that match.
    pub total: i64,
    /// How long the search took.
    pub took_ms: i64,
    /// Hand back as `cursor` for the next page; null at the end.
    pub next_cursor: Option<String>,
}

/// Which histogram.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistogramQuery {
    /// Query in the store's language; everything unless told.
    pub q: Option<String>,
    /// From this time on.
    pub from: Option<String>,
    /// Before this time.
    pub to: Option<String>,
    /// Bars, 1 to 500; 60 unless told.
    pub buckets: Option<u32>,
}

/// One bar.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HistogramBucket {
    /// Where it starts.
    #[schema(format = DateTime)]
    pub time: String,
    /// Events in it.
    pub count: i64,
}

/// Events over time.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Histogram {
    /// In the order of time.
    pub buckets: Vec<HistogramBucket>,
}

/// Which terms.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TopQuery {
    /// Query in the store's language; everything unless told.
    pub q: Option<String>,
    /// From this time on.
    pub from: Option<String>,
    /// Before this time.
    pub to: Option<String>,
    /// Field of the catalogue.
    pub field: String,
    /// Terms, 1 to 100; 10 unless told.
    pub limit: Option<u32>,
}

/// A term and how often it is there.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TopTerm {
    /// The term. Untrusted.
    pub term: String,
    /// Events with it.
    pub count: i64,
}

/// Most frequent terms.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TopTerms {
    /// Most frequent first.
    pub items: Vec<TopTerm>,
}
