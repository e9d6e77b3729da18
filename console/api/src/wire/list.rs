//! Lists that are read page by page.

use serde::{Deserialize, Serialize};

/// One page of a list.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct List<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// Hand back as `cursor` for the next page; null at the end.
    pub next_cursor: Option<String>,
    /// Rows that match; counting stops at 10,000 where rows have to be looked at.
    pub total: i64,
    /// Whether counting stopped before its end: there are at least `total`.
    pub total_is_least: bool,
    /// Number of the newest change before the rows were read; what the stream tells with a greater one is news.
    pub newest_revision: i64,
}

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Rows per page, 1 to 500; 50 unless told.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}
