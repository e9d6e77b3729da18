//! Second factors: one-time codes, recovery codes, SM2 keys; and what ends sessions.

use crate::support::{PASSWORD, TestClock, start, start_with};
use fengsui_api::{ConsoleSettings, Role, SecondFactor};
use fengsui_crypto::KeyPair;
use fengsui_schema::Clock;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// What an authenticator app shows (RFC 6238), written apart from the console's own.
fn app_code(secret: &str, clock: &TestClock) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String =
        secret.chars().map(|c| format!("{:05b}", alphabet.find(c).expect("is base 32"))).collect::<Vec<_>>().concat();
    let bytes: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).expect("is text"), 2).expect("is binary"))
        .collect();
    let mut mac = <Hmac<sha1::Sha1> as KeyInit>::new_from_slice(&bytes).expect("takes any key");
    mac.update(&(clock.now().as_millis() / 30_000).to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes(digest[at..at + 4].try_into().expect("four bytes")) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

fn login(code: Option<&str>) -> Option<Value> {
    Some(json!({"username": "analyst", "password": PASSWORD, "code": code}))
}

#[tokio::test]
async fn one_time_codes_work_once_and_recovery_codes_too() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let wrong = analyst.status(Method::POST, "/session/totp", Some(json!({"password": "wrong"}))).await;
    assert_eq!(wrong, StatusCode::UNPROCESSABLE_ENTITY, "an open browser is not enough");
    let enrolment = analyst.post("/session/totp", json!({"password": PASSWORD})).await;
    let secret = enrolment["secret"].as_str().expect("has a secret").to_owned();
    assert!(enrolment["uri"].as_str().expect("has a uri").contains(&secret));
    let other = running.browser();
    assert_eq!(
        other.status(Method::POST, "/session", login(None)).await,
        StatusCode::OK,
        "not on before the first code"
    );
    assert!(
        analyst.status(Method::POST, "/session/totp/confirm", Some(json!({"code": "000000"}))).await.is_client_error()
    );
    let code = app_code(&secret, &running.clock);
    let recovery = analyst.post("/session/totp/confirm", json!({"code": code})).await;
    let recovery = recovery["codes"][0].as_str().expect("has codes").to_owned();

    let (status, body) = other.send(Method::POST, "/session", login(None)).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::UNAUTHORIZED, &json!("second_factor_required")));
    assert_eq!(
        other.status(Method::POST, "/session", login(Some(&code))).await,
        StatusCode::UNAUTHORIZED,
        "used before"
    );
    running.clock.advance_minutes(1);
    let code = app_code(&secret, &running.clock);
    assert_eq!(other.status(Method::POST, "/session", login(Some(&code))).await, StatusCode::OK);
    assert_eq!(
        other.status(Method::POST, "/session", login(Some(&code))).await,
        StatusCode::UNAUTHORIZED,
        "works once"
    );
    let shouted = recovery.to_uppercase();
    assert_eq!(other.status(Method::POST, "/session", login(Some(&shouted))).await, StatusCode::OK);
    assert_eq!(other.status(Method::POST, "/session", login(Some(&recovery))).await, StatusCode::UNAUTHORIZED);
    assert_eq!(other.get("/session/factors").await["recovery_left"], 9);

    let sysadmin = running.person("sys", Role::Sysadmin, "620000").await;
    let user = sysadmin.get("/users").await["items"]
        .as_array()
        .and_then(|all| all.iter().find(|user| user["username"] == "analyst").cloned())
        .expect("is listed");
    assert_eq!(user["second_factor"], true);
    let path = format!("/users/{}/forget-factors", user["id"].as_str().expect("has an id"));
    sysadmin.ok(Method::POST, &path, None).await;
    assert_eq!(other.status(Method::GET, "/session", None).await, StatusCode::UNAUTHORIZED, "its sessions end");
    assert_eq!(other.status(Method::POST, "/session", login(None)).await, StatusCode::OK);
}

#[tokio::test]
async fn wrong_codes_lock_the_account() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let enrolment = analyst.post("/session/totp", json!({"password": PASSWORD})).await;
    let secret = enrolment["secret"].as_str().expect("has a secret").to_owned();
    analyst.post("/session/totp/confirm", json!({"code": app_code(&secret, &running.clock)})).await;
    let browser = running.browser();
    for _ in 0..5 {
        assert_eq!(browser.status(Method::POST, "/session", login(Some("12345x"))).await, StatusCode::UNAUTHORIZED);
    }
    running.clock.advance_minutes(1);
    let right = app_code(&secret, &running.clock);
    assert_eq!(browser.status(Method::POST, "/session", login(Some(&right))).await, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn an_sm2_key_signs_a_fresh_challenge_once() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let (key, stranger) = (KeyPair::generate().expect("draws"), KeyPair::generate().expect("draws"));
    let signed = |key: &KeyPair, challenge: &str| {
        let signature = String::from(key.sign(challenge.as_bytes()).expect("signs"));
        json!({"challenge": challenge, "signature": signature})
    };
    let challenge =
        || async { analyst.get("/session/challenge").await["challenge"].as_str().expect("is text").to_owned() };
    let pem = key.public().to_pem().expect("writes");
    let new = |proof: Value| json!({"name": "U盾", "public_key": pem, "proof": proof, "password": PASSWORD});
    let foreign = new(signed(&stranger, &challenge().await));
    assert!(analyst.status(Method::POST, "/session/keys", Some(foreign)).await.is_client_error());
    analyst.post("/session/keys", new(signed(&key, &challenge().await))).await;

    let browser = running.browser();
    let enter = |proof: Value| Some(json!({"username": "analyst", "password": PASSWORD, "signed": proof}));
    assert_eq!(browser.status(Method::POST, "/session", login(None)).await, StatusCode::UNAUTHORIZED);
    let foreign = signed(&stranger, &challenge().await);
    assert_eq!(browser.status(Method::POST, "/session", enter(foreign)).await, StatusCode::UNAUTHORIZED);
    let made_up = signed(&key, "fengsui-login.1795000000000.AAAA.00");
    assert_eq!(browser.status(Method::POST, "/session", enter(made_up)).await, StatusCode::UNAUTHORIZED);
    let proof = signed(&key, &challenge().await);
    assert_eq!(browser.status(Method::POST, "/session", enter(proof.clone())).await, StatusCode::OK);
    assert_eq!(
        browser.status(Method::POST, "/session", enter(proof)).await,
        StatusCode::UNAUTHORIZED,
        "answered before"
    );
    let old = signed(&key, &challenge().await);
    running.clock.advance_minutes(6);
    assert_eq!(browser.status(Method::POST, "/session", enter(old)).await, StatusCode::UNAUTHORIZED, "too old");
}

#[tokio::test]
async fn where_it_is_required_nothing_goes_before_a_second_factor() {
    let settings = ConsoleSettings { second_factor: SecondFactor::Required, ..ConsoleSettings::default() };
    let running = start_with(settings).await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    assert_eq!(analyst.get("/session").await["must_enrol_second_factor"], true);
    assert_eq!(analyst.status(Method::GET, "/overview", None).await, StatusCode::LOCKED);
    let enrolment = analyst.post("/session/totp", json!({"password": PASSWORD})).await;
    let code = app_code(enrolment["secret"].as_str().expect("has a secret"), &running.clock);
    analyst.post("/session/totp/confirm", json!({"code": code})).await;
    assert_eq!(analyst.status(Method::GET, "/overview", None).await, StatusCode::OK);
}

#[tokio::test]
async fn another_role_ends_the_session_and_classes_stay_apart() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let secadmin = running.person("sec", Role::Secadmin, "620000").await;
    let id = analyst.get("/session").await["user"]["id"].as_str().expect("has an id").to_owned();
    let path = format!("/users/{id}/roles");
    let mixed = json!({"roles": ["analyst", "auditor"]});
    assert_eq!(secadmin.status(Method::POST, &path, Some(mixed)).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(analyst.status(Method::GET, "/alerts", None).await, StatusCode::OK);
    let own = secadmin.get("/session").await["user"]["id"].as_str().expect("has an id").to_owned();
    let grab = Some(json!({"roles": ["secadmin"]}));
    assert_eq!(secadmin.status(Method::POST, &format!("/users/{own}/roles"), grab).await, StatusCode::CONFLICT);
    secadmin.post(&path, json!({"roles": ["steward", "leader"]})).await;
    assert_eq!(analyst.status(Method::GET, "/alerts", None).await, StatusCode::UNAUTHORIZED, "the session ended");
    analyst.ok(Method::POST, "/session", login(None)).await;
    assert_eq!(
        analyst
            .status(
                Method::POST,
                "/findings/00000000000000000000000000000001/review",
                Some(json!({"decision": "confirm"}))
            )
            .await,
        StatusCode::NOT_FOUND
    );
    assert_eq!(analyst.status(Method::POST, "/alerts/actions", Some(json!({}))).await, StatusCode::FORBIDDEN);
}
