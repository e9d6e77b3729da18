//! Abilities of the platform for other applications: who may call them, how often, and what they answer.
//!
//! An application sends a key that the security administrator made (docs/adr/0035). It is let in, and its request counted,
//! before its body is read. What it sends and gets is neither kept nor logged.

mod gate;
mod look;
mod work;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, HeaderMap};
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fengsui_crypto::{equal_in_constant_time, random_bytes};
use fengsui_schema::UnitCode;
use ipnet::IpNet;

pub(crate) use gate::{Gate, Refusal};
pub(crate) use look::candidates;
pub(crate) use work::{checked_records, classify, screen};

use crate::audit::{Actor, Entry, Outcome};
use crate::error::{ApiError, ApiResult};
use crate::repository::capability_keys::{self as store, Key};
use crate::state::{AppState, CHINA_AHEAD, Change};
use crate::wire::Ability;
use crate::words::word_of;

/// How a token begins.
const START: &str = "fsk_";
const DAY: i64 = 86_400_000;

/// The application that sends a request.
#[derive(Debug, Clone)]
pub(crate) struct Application {
    /// Unit that owns its key.
    pub(crate) unit: UnitCode,
}

impl<S: Send + Sync> FromRequestParts<S> for Application {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        parts.extensions.get::<Self>().cloned().ok_or_else(ApiError::wrong_key)
    }
}

/// A new token of 256 bits for a key of a number.
pub(crate) fn new_token(id: i64) -> ApiResult<String> {
    let bytes: [u8; 32] = random_bytes().map_err(|error| ApiError::internal(&error))?;
    Ok(format!("{START}{id}_{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// The token that a request carries.
fn token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && token.starts_with(START)).then_some(token)
}

/// Whether a request carries something like a key, which no route but those of abilities takes.
pub(crate) fn carries_key(headers: &HeaderMap) -> bool {
    token(headers).is_some()
}

/// The number of the key in a token.
fn number(token: &str) -> Option<i64> {
    token.strip_prefix(START)?.split_once('_')?.0.parse().ok()
}

/// The day of a time, as people in China count it, in days since 1970.
pub(crate) const fn day_of(now: i64) -> i64 {
    (now + CHINA_AHEAD).div_euclid(DAY)
}

/// An address or network as it is kept: without host bits.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let alone = text.parse::<std::net::IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
    alone.or_else(|| text.parse::<IpNet>().ok().map(|range| range.trunc()))
}

fn is_within(networks: &[String], address: &str) -> bool {
    let Ok(address) = address.parse::<std::net::IpAddr>() else { return networks.is_empty() };
    let address = address.to_canonical();
    networks.is_empty() || networks.iter().filter_map(|text| network(text)).any(|range| range.contains(&address))
}

/// Lets a request of an application in and counts it, or says why not.
pub(crate) async fn admit(
    state: &AppState,
    headers: &HeaderMap,
    (ability, address): (Ability, &str),
) -> ApiResult<Application> {
    let Some(key) = known(state, token(headers)).await? else {
        state.shared().gate.refuse(Refusal::Unknown);
        return Err(ApiError::wrong_key());
    };
    let actor = Actor::new(&format!("key/{}", key.id), &key.unit, address);
    let refused = match allowed(&key, (ability, address), state.now()) {
        Err(reason) => Some(reason),
        Ok(()) if !state.shared().gate.passes(key.id, key.per_minute, state.now()) => Some(Refusal::Minute),
        Ok(()) => charge(state, &key, (ability, &actor)).await?,
    };
    match refused {
        None => {
            state.shared().gate.serve();
            Ok(Application { unit: key.unit })
        }
        Some(reason) => Err(refuse(state, &key, (ability, &actor), reason).await?),
    }
}

/// The key of a token; the time that takes does not tell how much of it is right.
async fn known(state: &AppState, token: Option<&str>) -> ApiResult<Option<Key>> {
    let Some((token, id)) = token.and_then(|token| Some((token, number(token)?))) else { return Ok(None) };
    let digest = state.shared().vault.token_digest(token);
    let key = store::of_number(&mut state.db(), id).await?;
    Ok(key.filter(|key| equal_in_constant_time(key.token_hmac.as_bytes(), digest.as_bytes())))
}

fn allowed(key: &Key, (ability, address): (Ability, &str), now: i64) -> Result<(), Refusal> {
    match () {
        () if key.is_revoked || key.expires_at <= now => Err(Refusal::Ended),
        () if !is_within(&key.networks, address) => Err(Refusal::Address),
        () if !key.abilities.contains(&ability) => Err(Refusal::Ability),
        () => Ok(()),
    }
}

/// Counts a request against the day of its key. The first of a day is told in the audit log.
async fn charge(state: &AppState, key: &Key, (ability, actor): (Ability, &Actor)) -> ApiResult<Option<Refusal>> {
    let day = day_of(state.now());
    // Read before the writer is asked for: a key that has used up its day holds up nobody.
    if store::served(&mut state.db(), key.id, day).await? >= key.per_day {
        return Ok(Some(Refusal::Day));
    }
    let mut change = Change::begin(state, actor.clone()).await?;
    let served = store::served(&mut change, key.id, day).await?;
    if served >= key.per_day {
        return Ok(Some(Refusal::Day));
    }
    let refused = state.shared().gate.take(key.id, ability);
    store::count(&mut change, (key.id, day, ability), [1, refused]).await?;
    if served > 0 {
        return change.commit_delivery().await.map(|()| None);
    }
    store::forget_older(&mut change, key.id, day).await?;
    let object = format!("capability-key/{}", key.id);
    change.finish("capability.use", &object, &format!("first use of the day: {}", word_of(&ability))).await?;
    Ok(None)
}

/// Counts a refusal; the first of a day is told in the audit log. What the application hears.
async fn refuse(
    state: &AppState,
    key: &Key,
    (ability, actor): (Ability, &Actor),
    reason: Refusal,
) -> ApiResult<ApiError> {
    let (gate, now) = (&state.shared().gate, state.now());
    gate.refuse(reason);
    if let Some(number) = gate.hold(key.id, ability, now) {
        let day = day_of(now);
        let mut change = Change::begin(state, actor.clone()).await?;
        let is_first = store::count(&mut change, (key.id, day, ability), [0, number]).await? == 0;
        if is_first {
            let (object, detail) = (format!("capability-key/{}", key.id), word_of(&ability));
            let detail = format!("{detail}: {}", reason.as_str());
            let entry = Entry { action: "capability.use", object: &object, outcome: Outcome::Denied, detail: &detail };
            change.audit(entry).await?;
        }
        change.commit_delivery().await?;
    }
    Ok(match reason {
        Refusal::Unknown | Refusal::Ended | Refusal::Address => ApiError::wrong_key(),
        Refusal::Ability => ApiError::forbidden(),
        Refusal::Minute => {
            let (zh, en) = ("超过该密钥每分钟的请求上限", "more requests than the key has in a minute");
            ApiError::limited_for(zh, en, Gate::next_minute(now))
        }
        Refusal::Day => {
            let (zh, en) = ("超过该密钥当日的请求配额", "more requests than the key has on a day");
            ApiError::limited_for(zh, en, (DAY - (now + CHINA_AHEAD).rem_euclid(DAY) + 999) / 1000)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(text: &'static str) -> HeaderMap {
        [(AUTHORIZATION, HeaderValue::from_static(text))].into_iter().collect()
    }

    #[test]
    fn a_token_names_its_key() {
        let token = new_token(17).expect("random");
        assert_eq!((number(&token), token.len()), (Some(17), "fsk_17_".len() + 43));
        for wrong in ["", "fsk_", "fsk_17", "fsk__x", "fsk_x_y", "17_abc"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_a_bearer_carries_a_key() {
        assert!(carries_key(&headers("Bearer fsk_1_a")) && carries_key(&headers("bearer  fsk_1_a")));
        for other in ["fsk_1_a", "Basic fsk_1_a", "Bearer abc", "Bearer"] {
            assert!(!carries_key(&headers(other)), "{other}");
        }
    }

    #[test]
    fn keys_stay_in_their_networks() {
        let networks = ["10.8.0.0/16".to_owned(), "2001:db8::5/128".to_owned()];
        for inside in ["10.8.3.4", "::ffff:10.8.3.4", "2001:db8::5"] {
            assert!(is_within(&networks, inside), "{inside}");
        }
        for outside in ["10.9.0.1", "2001:db8::6", "", "x"] {
            assert!(!is_within(&networks, outside), "{outside}");
        }
        assert!(is_within(&[], "10.9.0.1") && is_within(&[], ""));
        assert_eq!(network(" 10.8.3.4/16 ").map(|range| range.to_string()).as_deref(), Some("10.8.0.0/16"));
        assert!(network("10.8.0.0/33").is_none() && network("all").is_none());
    }

    #[test]
    fn the_day_is_china_s() {
        assert_eq!((day_of(16 * 3_600_000 - 1), day_of(16 * 3_600_000)), (0, 1));
    }
}
