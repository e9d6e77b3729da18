//! What every route needs.

pub(crate) use axum::Json;
pub(crate) use axum::extract::{Path, State};
pub(crate) use axum::http::StatusCode;
pub(crate) use axum::response::{IntoResponse, Response};

use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;

pub(crate) use crate::access::Caller;
pub(crate) use crate::error::{ApiError, ApiResult};
pub(crate) use crate::state::AppState;

/// A JSON body; anything else is 422.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> ApiResult<Self> {
        let Json(value) = Json::<T>::from_request(request, state).await.map_err(|error| ApiError::body(&error))?;
        Ok(Self(value))
    }
}

/// Parameters of the query; anything that does not fit is 422.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let Query(value) = Query::<T>::from_request_parts(parts, state)
            .await
            .map_err(|error| ApiError::invalid("query", "查询参数不合法", &error.body_text()))?;
        Ok(Self(value))
    }
}
