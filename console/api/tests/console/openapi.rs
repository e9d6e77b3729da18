//! The OpenAPI document in the repository is the one the routes make.

/// Regenerate with `UPDATE_GOLDEN=1 cargo nextest run -p fengsui-api openapi`.
#[test]
fn openapi_document_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let made = fengsui_api::openapi_json();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &made).expect("openapi.json is writable");
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == made, "console/api/openapi.json is stale: run with UPDATE_GOLDEN=1 and commit it");
}
