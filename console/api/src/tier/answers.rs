//! Answers of a parent carry its signature, bound to what was asked: an answer says what its receiver may forget, so nobody
//! on the way may make one up, nor pass on one that was given to something else.

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use fengsui_crypto::{PublicKey, Signature, sm3_of_parts};
use serde::Serialize;

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// Header of the signature: r and s in hexadecimal digits.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-fengsui-signature");

/// What is signed: the question by its own signature, and the answer as it goes over the wire.
fn digest(asked: &Signature, body: &[u8]) -> [u8; 32] {
    sm3_of_parts(&[b"fengsui relay answer v1", asked.as_bytes(), body])
}

/// An answer with this node's signature.
pub(crate) fn signed(state: &AppState, asked: &Signature, answer: &impl Serialize) -> ApiResult<Response> {
    let body = serde_json::to_vec(answer).map_err(|error| ApiError::internal(&error))?;
    let signature = state.shared().tier.key.sign(&digest(asked, &body)).map_err(|error| ApiError::internal(&error))?;
    let value =
        HeaderValue::from_str(&hex::encode(signature.as_bytes())).map_err(|error| ApiError::internal(&error))?;
    let kind = HeaderValue::from_static("application/json");
    Ok(([(HEADER, value), (axum::http::header::CONTENT_TYPE, kind)], body).into_response())
}

/// An answer to somebody this node does not know: it costs nothing.
pub(crate) fn plain(answer: impl Serialize) -> Response {
    Json(answer).into_response()
}

/// Whether an answer to what was asked is signed by a key; nothing where it carries no signature.
pub(super) fn is_signed_by(key: &PublicKey, asked: &Signature, headers: &HeaderMap, body: &[u8]) -> Option<bool> {
    let text = headers.get(HEADER)?;
    let mut bytes = [0; 64];
    let read = hex::decode_to_slice(text.as_bytes(), &mut bytes).is_ok();
    Some(read && key.verify(&digest(asked, body), &Signature::from_bytes(bytes)).is_ok())
}
