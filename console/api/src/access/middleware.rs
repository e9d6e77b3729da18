//! The one place where a request is let in: route row, origin, session, password state, grant.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::http::header::{ALLOW, HOST, HeaderMap, ORIGIN};
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::session::{Identity, find_session};
use super::{Grant, SessionToken, matrix};
use crate::audit::{Actor, Entry, Outcome};
use crate::capability;
use crate::error::{ApiError, ApiResult};
use crate::scope::Scope;
use crate::settings::SecondFactor;
use crate::state::{AppState, Change};
use crate::words::from_word;

/// Who sends a request, from where, and how far the route's action reaches for them.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Who.
    pub(crate) identity: Identity,
    /// What the route's action reaches.
    pub(crate) scope: Scope,
    /// Address of the client.
    pub(crate) address: String,
}

impl Caller {
    /// What another action reaches, when the caller may do it.
    pub(crate) fn grant(&self, action: &str) -> Option<Scope> {
        scope_of(&self.identity, action)
    }

    /// The caller as the audit log names them.
    pub(crate) fn actor(&self) -> Actor {
        Actor::new(&self.identity.username, &self.identity.unit, &self.address)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        parts.extensions.get::<Self>().cloned().ok_or_else(ApiError::unauthenticated)
    }
}

/// Address of the client of a public route.
#[derive(Debug, Clone)]
pub(crate) struct Client(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self(String::new())))
    }
}

/// Lets a request in or answers why not.
pub(crate) async fn authorize_request(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let Some(action) = action_of(&request) else {
        return refuse_method(&request).unwrap_or_else(|| ApiError::not_found().into_response());
    };
    match admit(&state, &mut request, action).await {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// 405 with the methods that a path has, when it has not the one that is asked for (RFC 9110, 15.5.6).
fn refuse_method(request: &Request) -> Option<Response> {
    let path = request.extensions().get::<MatchedPath>()?.as_str();
    let methods = matrix().routes().filter_map(|(route, _)| route.split_once(' ').filter(|route| route.1 == path));
    let mut methods: Vec<&str> = methods.map(|(method, _)| method).collect();
    let asked = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    if methods.is_empty() || methods.contains(&asked.as_str()) {
        return None;
    }
    methods.sort_unstable();
    Some(([(ALLOW, methods.join(", "))], ApiError::method_not_allowed()).into_response())
}

/// The action of the matrix that the route of a request needs; a route without one answers nobody.
fn action_of(request: &Request) -> Option<&'static str> {
    let path = request.extensions().get::<MatchedPath>()?.as_str();
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    matrix().action(&format!("{method} {path}"))
}

async fn admit(state: &AppState, request: &mut Request, action: &'static str) -> ApiResult<()> {
    // Requests of other nodes carry an SM2 signature that their handler checks; no browser sends them.
    // Nor does one send the keys of applications by itself, as it does cookies.
    let ability = action.strip_prefix("key.").and_then(from_word);
    if is_mutating(request.method()) && action != "node" && ability.is_none() {
        check_origin(request.headers())?;
    }
    let address = client_address(request, state.settings().behind_proxy);
    request.extensions_mut().insert(Client(address.clone()));
    if let Some(ability) = ability {
        let caller = capability::admit(state, request.headers(), (ability, &address)).await?;
        request.extensions_mut().insert(caller);
        return Ok(());
    }
    if capability::carries_key(request.headers()) {
        return Err(ApiError::wrong_key());
    }
    if action == "public" || action == "node" {
        return Ok(());
    }
    let identity = identify(state, request.headers()).await?;
    if identity.must_change_password && action != "session" {
        return Err(ApiError::password_change_required());
    }
    if needs_enrolment(state, &identity) && action != "session" {
        return Err(ApiError::enrolment_required());
    }
    let scope = if action == "session" { Some(Scope::unit(&identity.unit)) } else { scope_of(&identity, action) };
    let Some(scope) = scope else { return Err(deny(state, &identity, &address, action, request.uri()).await) };
    request.extensions_mut().insert(Caller { identity, scope, address });
    Ok(())
}

/// Whether an account has to set up a second factor before anything else.
pub(crate) fn needs_enrolment(state: &AppState, identity: &Identity) -> bool {
    state.values().second_factor() == SecondFactor::Required && !identity.second_factor
}

fn is_mutating(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

async fn identify(state: &AppState, headers: &HeaderMap) -> ApiResult<Identity> {
    let token = SessionToken::of_request(headers, state.settings().secure_cookies);
    let token = token.ok_or_else(ApiError::unauthenticated)?;
    find_session(state, &token).await?.ok_or_else(ApiError::unauthenticated)
}

fn scope_of(identity: &Identity, action: &str) -> Option<Scope> {
    Some(match matrix().grant(&identity.roles, action)? {
        Grant::Unit => Scope::unit(&identity.unit),
        Grant::Subtree => Scope::subtree(&identity.unit),
    })
}

/// What is refused is in the audit log too.
async fn deny(state: &AppState, identity: &Identity, address: &str, action: &str, uri: &Uri) -> ApiError {
    let actor = Actor::new(&identity.username, &identity.unit, address);
    let entry = Entry { action, object: uri.path(), outcome: Outcome::Denied, detail: "" };
    Change::entry_alone(state, &actor, entry).await.err().unwrap_or_else(ApiError::forbidden)
}

/// A mutating request carries our header, which a foreign page can't set without a preflight, and comes from our origin.
fn check_origin(headers: &HeaderMap) -> ApiResult<()> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let marked = text("x-fengsui-csrf") == Some("1");
    let same_site = text("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    let origin = headers.get(ORIGIN).and_then(|value| value.to_str().ok());
    let host = headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let same_origin = origin.is_none_or(|origin| origin.split_once("://").is_some_and(|(_, name)| name == host));
    if marked && same_site && same_origin { Ok(()) } else { Err(ApiError::foreign_origin()) }
}

fn client_address(request: &Request, behind_proxy: bool) -> String {
    let forwarded = request.headers().get("x-forwarded-for").and_then(|value| value.to_str().ok());
    let nearest = forwarded.and_then(|list| list.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    match (behind_proxy, nearest, request.extensions().get::<ConnectInfo<SocketAddr>>()) {
        (true, Some(address), _) => address.to_string(),
        (_, _, Some(ConnectInfo(peer))) => peer.ip().to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().expect("name"), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_our_own_pages_change_things() {
        let ok = [("x-fengsui-csrf", "1"), ("host", "a:1"), ("origin", "http://a:1")];
        assert!(check_origin(&headers(&ok)).is_ok());
        assert!(check_origin(&headers(&ok[..2])).is_ok());
        assert!(check_origin(&headers(&ok[1..])).is_err());
        assert!(check_origin(&headers(&[ok[0], ok[1], ("origin", "http://evil")])).is_err());
        assert!(check_origin(&headers(&[ok[0], ok[1], ("origin", "null")])).is_err());
        assert!(check_origin(&headers(&[ok[0], ok[1], ("sec-fetch-site", "cross-site")])).is_err());
    }
}
