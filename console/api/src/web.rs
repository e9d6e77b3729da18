//! The web app: built-in files, pages with a nonce, security headers.

use std::borrow::Cow;
use std::path::Path;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use fengsui_crypto::{random_bytes, sm3};

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
        return asset(folder, name, request.headers()).unwrap_or_else(|| StatusCode::NOT_FOUND.into_response());
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

/// A file as its reader takes it: the build lays a brotli and a gzip copy beside what shrinks by them.
fn asset(folder: Option<&Path>, name: &str, asked: &HeaderMap) -> Option<Response> {
    if [".html", ".br", ".gz"].iter().any(|end| name.ends_with(end)) {
        return None;
    }
    let packed = || CODINGS.iter().filter(|coding| accepts(asked, coding.name));
    let found = packed().find_map(|coding| Some((Some(coding), read(folder, &format!("{name}.{}", coding.ending))?)));
    let (coding, bytes) = found.or_else(|| Some((None, read(folder, name)?)))?;
    // Names below assets/ hold a digest of the content, so that they never change.
    let cache = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let tag = format!("\"{}\"", hex::encode(&sm3(&bytes)[..12]));
    let same = asked.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(media_type(name))),
        (CACHE_CONTROL, HeaderValue::from_static(cache)),
        (VARY, HeaderValue::from_static("accept-encoding")),
        (ETAG, HeaderValue::try_from(tag).ok()?),
    ];
    let mut response = match bytes {
        _ if same => (StatusCode::NOT_MODIFIED, headers).into_response(),
        Cow::Borrowed(bytes) => (headers, Body::from(bytes)).into_response(),
        Cow::Owned(bytes) => (headers, Body::from(bytes)).into_response(),
    };
    if let Some(coding) = coding {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name));
    }
    Some(response)
}

/// A coding of the build's copies.
struct Coding {
    /// As in `Accept-Encoding`.
    name: &'static str,
    /// What the copy's name ends with.
    ending: &'static str,
}

/// The smallest first.
static CODINGS: [Coding; 2] = [Coding { name: "br", ending: "br" }, Coding { name: "gzip", ending: "gz" }];

/// Whether the reader takes a coding (RFC 9110, 12.5.3); one that is named with a weight of nothing is refused.
fn accepts(asked: &HeaderMap, coding: &str) -> bool {
    let lines = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut named = lines.flat_map(|line| line.split(',')).map(|one| one.split(';').map(str::trim));
    named.any(|mut one| {
        let name = one.next().unwrap_or_default();
        let weight = one.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
        name.eq_ignore_ascii_case(coding) && weight.is_none_or(|weight| weight > 0.0)
    })
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
    fn a_reader_gets_the_copy_it_takes() {
        let folder = tempfile::tempdir().expect("makes a folder");
        for (name, text) in [("a.js", "plain"), ("a.js.br", "br"), ("a.js.gz", "gzip"), ("b.js", "plain")] {
            std::fs::write(folder.path().join(name), text).expect("writes");
        }
        let ask = |name: &str, header: HeaderName, value: &str| {
            let value = HeaderValue::from_str(value).expect("is a value");
            asset(Some(folder.path()), name, &HeaderMap::from_iter([(header, value)]))
        };
        let coding = |name: &str, accepted: &str| {
            let response = ask(name, ACCEPT_ENCODING, accepted).expect("is there");
            assert_eq!(response.headers()[VARY], "accept-encoding");
            assert_eq!(response.headers()[CONTENT_TYPE], "text/javascript; charset=utf-8");
            response.headers().get(CONTENT_ENCODING).map(|value| value.to_str().expect("is text").to_owned())
        };
        assert_eq!(coding("a.js", "gzip, deflate, br").as_deref(), Some("br"));
        assert_eq!(coding("a.js", "gzip;q=0.5, br;q=0").as_deref(), Some("gzip"));
        assert_eq!((coding("a.js", "identity"), coding("b.js", "br")), (None, None));
        assert!(ask("a.js.br", ACCEPT_ENCODING, "br").is_none());
        let plain = ask("a.js", ACCEPT_ENCODING, "").expect("is there");
        let tag = plain.headers()[ETAG].to_str().expect("is text").to_owned();
        assert_eq!(ask("a.js", IF_NONE_MATCH, &tag).expect("is there").status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn the_policy_names_the_nonce_and_no_unsafe_source() {
        let policy = content_policy("abc");
        assert!(
            policy.contains("'nonce-abc'") && !policy.contains("unsafe") && policy.starts_with("default-src 'none'")
        );
    }
}
