//! The web app: built-in files, pages with a nonce, security headers.

use std::borrow::Cow;
use std::path::Path;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use fengsui_crypto::random_bytes;

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// The built web app; empty when it was not built before the program.
#[derive(rust_embed::RustEmbed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Built;

const NONCE_MARK: &str = "__CSP_NONCE__";

const NOT_BUILT: &str = "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>烽燧</title>\
<h1>网页尚未构建 The web app is not built</h1>\
<p>运行 <code>make web</code>（或在 console/web 中运行 <code>npm ci &amp;&amp; npm run build</code>），然后重新构建程序。</p>\
<p>Run <code>make web</code> (or <code>npm ci &amp;&amp; npm run build</code> in console/web), then build the program again.</p>\
<p>API: <a href=\"/api/openapi.json\">/api/openapi.json</a></p></html>";

/// Pages and assets; everything that is no file and no API is a page of the app.
pub(crate) async fn serve(State(state): State<AppState>, request: Request) -> Response {
    let path = request.uri().path();
    if path == "/api" || path.starts_with("/api/") {
        return ApiError::not_found().into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let folder = state.settings().web_directory.as_deref();
    let name = path.trim_start_matches('/');
    if name.contains('.') {
        return match read(folder, name) {
            Some(bytes) if !name.ends_with(".html") => asset(name, bytes),
            _ => StatusCode::NOT_FOUND.into_response(),
        };
    }
    page(folder, path).unwrap_or_else(IntoResponse::into_response)
}

/// A built file. Names with `..` or links out of the folder find nothing.
fn read(folder: Option<&Path>, name: &str) -> Option<Cow<'static, [u8]>> {
    let Some(folder) = folder else { return Built::get(name).map(|file| file.data) };
    let folder = folder.canonicalize().ok()?;
    let path = folder.join(name).canonicalize().ok()?;
    if path.starts_with(&folder) { std::fs::read(path).ok().map(Cow::Owned) } else { None }
}

fn asset(name: &str, bytes: Cow<'static, [u8]>) -> Response {
    // Names below assets/ hold a digest of the content, so that they never change.
    let cache = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [(CONTENT_TYPE, media_type(name)), (CACHE_CONTROL, cache)];
    (headers, Body::from(bytes.into_owned())).into_response()
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "json" | "webmanifest" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Which page a path belongs to.
fn entry_of(path: &str) -> &'static [&'static str] {
    match path.split('/').nth(1).unwrap_or_default() {
        "m" => &["m.html", "m/index.html"],
        "screen" => &["screen.html", "screen/index.html"],
        _ => &["index.html"],
    }
}

fn page(folder: Option<&Path>, path: &str) -> ApiResult<Response> {
    let random: [u8; 16] = random_bytes().map_err(|error| ApiError::internal(&error))?;
    let nonce = STANDARD_NO_PAD.encode(random);
    let file = entry_of(path).iter().find_map(|name| read(folder, name));
    let text = file.map_or_else(|| NOT_BUILT.to_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned());
    let policy = HeaderValue::from_str(&content_policy(&nonce)).map_err(|error| ApiError::internal(&error))?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (CONTENT_SECURITY_POLICY, policy),
    ];
    Ok((headers, text.replace(NONCE_MARK, &nonce)).into_response())
}

/// Nothing from elsewhere, no inline code, no frames.
fn content_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
    )
}

/// Headers that every answer carries.
pub(crate) async fn security_headers(request: Request, next: Next) -> Response {
    let of_api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &'static str); 6] = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "geolocation=(), microphone=(), payment=(), usb=()"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if of_api {
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        headers
            .entry(CONTENT_SECURITY_POLICY)
            .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_pages() {
        assert_eq!(entry_of("/"), ["index.html"]);
        assert_eq!(entry_of("/alerts/12"), ["index.html"]);
        assert_eq!(entry_of("/m/tasks/1")[0], "m.html");
        assert_eq!(entry_of("/screen")[0], "screen.html");
    }

    #[test]
    fn files_outside_the_folder_are_not_read() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let web = folder.path().join("web");
        std::fs::create_dir(&web).expect("makes a folder");
        std::fs::write(web.join("a.js"), "1").expect("writes");
        std::fs::write(folder.path().join("secret.txt"), "2").expect("writes");
        assert!(read(Some(&web), "a.js").is_some());
        assert!(read(Some(&web), "../secret.txt").is_none());
    }

    #[test]
    fn the_policy_names_the_nonce_and_no_unsafe_source() {
        let policy = content_policy("abc");
        assert!(
            policy.contains("'nonce-abc'") && !policy.contains("unsafe") && policy.starts_with("default-src 'none'")
        );
    }
}
