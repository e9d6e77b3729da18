//! The OpenAPI document, made from the routes.

use utoipa::openapi::path::Operation;
use utoipa::openapi::{ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, ResponseBuilder};
use utoipa_axum::router::OpenApiRouter;

use crate::state::AppState;
use crate::wire::{ErrorBody, ErrorDetail};

/// Where the interface lives.
pub(crate) const API_PREFIX: &str = "/api/v1";

/// Every route of the interface with its documentation.
pub(crate) fn api_router() -> OpenApiRouter<AppState> {
    let info = InfoBuilder::new()
        .title("Fengsui console")
        .version("1")
        .description(Some(
            "HTTP interface of the console. Mutating requests carry the header `x-fengsui-csrf: 1` and come from the \
             console's own origin; the session is an HttpOnly cookie. Routes below `/api/v1/capabilities` are for applications: \
             they take `Authorization: Bearer` with a key that the security administrator made, no session and no such \
             header.",
        ))
        .build();
    let document = OpenApiBuilder::new().info(info).build();
    OpenApiRouter::with_openapi(document).nest(API_PREFIX, crate::routes::router())
}

/// The OpenAPI document.
pub(crate) fn document() -> OpenApi {
    let (_, mut document) = api_router().split_for_parts();
    describe_errors(&mut document);
    document
}

/// The OpenAPI document of the console's HTTP interface as pretty JSON; what `console/api/openapi.json` holds.
#[must_use]
pub fn openapi_json() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

/// Every operation may answer with an error body.
fn describe_errors(document: &mut OpenApi) {
    let mut schemas = Vec::new();
    <ErrorBody as utoipa::ToSchema>::schemas(&mut schemas);
    schemas.push(("ErrorDetail".to_owned(), <ErrorDetail as utoipa::PartialSchema>::schema()));
    schemas.push(("ErrorBody".to_owned(), <ErrorBody as utoipa::PartialSchema>::schema()));
    let components = document.components.get_or_insert_with(Default::default);
    components.schemas.extend(schemas);
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.delete, &mut item.put, &mut item.patch];
        operations.into_iter().flatten().for_each(add_error);
    }
}

fn add_error(operation: &mut Operation) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).build();
    let response = ResponseBuilder::new()
        .description("What was wrong: 401, 403, 404, 409, 413, 422, 423, 429 or 5xx.")
        .content("application/json", content)
        .build();
    operation.responses.responses.insert("default".to_owned(), response.into());
}
