//! Sessions, roles, scopes and the audit chain.

use crate::beside::Beside;
use crate::support::{alert, deliver, start};
use fengsui_api::{Role, matrix};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Method and path of every operation of the document.
pub(crate) fn operations() -> Vec<(Method, String)> {
    let document: Value = serde_json::from_str(&fengsui_api::openapi_json()).expect("is JSON");
    let paths = document["paths"].as_object().expect("has paths");
    let of_path = |(path, item): (&String, &Value)| -> Vec<(Method, String)> {
        let methods = item.as_object().expect("is an object").keys();
        methods.filter_map(|name| Some((name.to_uppercase().parse().ok()?, path.clone()))).collect()
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let operations = operations();
    assert!(operations.len() > 50);
    for (method, path) in &operations {
        assert!(matrix().action(&format!("{method} {path}")).is_some(), "{method} {path} has no row in access.toml");
    }
    for (route, _) in matrix().routes() {
        assert!(operations.iter().any(|(method, path)| route == format!("{method} {path}")), "{route} is no route");
    }
}

#[tokio::test]
async fn a_method_that_a_path_has_not_is_no_fault_of_the_server() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    for (_, path) in operations() {
        let asked = path.trim_start_matches("/api/v1").replace("{id}", "999").replace("{clock_id}", "9");
        let status = analyst.status(Method::TRACE, &asked.replace("{attachment_id}", "9"), None).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "TRACE {path}");
    }
}

#[tokio::test]
async fn every_role_gets_what_the_matrix_says() {
    let running = start().await;
    let mut people = Vec::new();
    for role in Role::ALL {
        people.push((role, running.person(&role.as_str().replace('_', "-"), role, "620000").await));
    }
    let nobody = running.browser();
    for (method, path) in operations() {
        let action = matrix().action(&format!("{method} {path}")).expect("has a row").to_owned();
        if ["public", "session", "node"].contains(&action.as_str()) || path.ends_with("/stream") {
            continue;
        }
        let asked = path
            .trim_start_matches("/api/v1")
            .replace("{id}", "999")
            .replace("{clock_id}", "9")
            .replace("{attachment_id}", "9")
            .replace("{version}", "9");
        let body = (method == Method::POST).then(|| json!({}));
        assert_eq!(
            nobody.status(method.clone(), &asked, body.clone()).await,
            StatusCode::UNAUTHORIZED,
            "{method} {path}"
        );
        if action.starts_with("key.") {
            for (role, person) in &people {
                let status = person.status(method.clone(), &asked, body.clone()).await;
                assert_eq!(status, StatusCode::UNAUTHORIZED, "{role:?} {method} {path}");
            }
            continue;
        }
        for (role, person) in &people {
            let status = person.status(method.clone(), &asked, body.clone()).await;
            let allowed = matrix().grant(&[*role], &action).is_some();
            assert_eq!(status != StatusCode::FORBIDDEN, allowed, "{role:?} {method} {path}: {status}");
            assert!(!matches!(status.as_u16(), 500 | 401 | 423), "{role:?} {method} {path}: {status}");
        }
    }
}

#[tokio::test]
async fn nothing_leaks_between_units() {
    let running = start().await;
    let units = ["620000", "620100", "620123", "620102", "620171", "621000", "621022", "623026"];
    let alerts = units.iter().zip(1..).map(|(unit, number)| alert(number, unit, "扫描")).collect();
    deliver(&running, alerts).await;
    for (index, unit) in units.iter().enumerate() {
        let person = running.person(&format!("analyst{index}"), Role::Analyst, unit).await;
        let seen = person.get("/alerts?state=all").await["items"].to_string();
        let own: fengsui_schema::UnitCode = unit.parse().expect("is a code");
        for (other, number) in units.iter().zip(1..) {
            let code: fengsui_schema::UnitCode = other.parse().expect("is a code");
            let below = code.path().starts_with(&own.path());
            let id = format!("{number:032x}");
            assert_eq!(seen.contains(&id), below, "{unit} lists {other}");
            let (status, body) = person.send(Method::GET, &format!("/alerts/{id}"), None).await;
            assert_eq!(status == StatusCode::OK, below, "{unit} opens {other}");
            if !below {
                let missing = person.send(Method::GET, &format!("/alerts/{:032x}", 200), None).await;
                assert_eq!((status, body), missing, "forbidden and missing look the same");
            }
        }
    }
}

#[tokio::test]
async fn foreign_pages_and_dead_sessions_change_nothing() {
    let running = start().await;
    let analyst = running.person("analyst", Role::Analyst, "620000").await;
    let client = reqwest::Client::new();
    let login =
        client.post(format!("{}/api/v1/session", running.address)).json(&json!({"username": "a", "password": "b"}));
    assert_eq!(login.send().await.expect("answers").status(), StatusCode::FORBIDDEN, "without our header");
    running.clock.advance_minutes(31);
    assert_eq!(analyst.status(Method::GET, "/overview", None).await, StatusCode::UNAUTHORIZED, "idle too long");
    let browser = running.browser();
    for _ in 0..5 {
        let wrong = json!({"username": "analyst", "password": "wrong"});
        assert_eq!(browser.status(Method::POST, "/session", Some(wrong)).await, StatusCode::UNAUTHORIZED);
    }
    let right = json!({"username": "analyst", "password": "Qilian-Shan-2026"});
    assert_eq!(browser.status(Method::POST, "/session", Some(right.clone())).await, StatusCode::TOO_MANY_REQUESTS);
    running.clock.advance_minutes(31);
    assert_eq!(browser.status(Method::POST, "/session", Some(right)).await, StatusCode::OK);
    browser.ok(Method::DELETE, "/session", None).await;
    assert_eq!(browser.status(Method::GET, "/overview", None).await, StatusCode::UNAUTHORIZED, "logged out");
}

#[tokio::test]
async fn accounts_need_two_administrators_and_die_at_once() {
    let running = start().await;
    let sysadmin = running.person("sys", Role::Sysadmin, "620000").await;
    let secadmin = running.person("sec", Role::Secadmin, "620000").await;
    let new = json!({"username": "li", "display_name": "李", "role": "analyst", "unit": "620100"});
    let made = sysadmin.post("/users", new).await;
    let login = json!({"username": "li", "password": made["one_time_password"]});
    let browser = running.browser();
    assert_eq!(browser.status(Method::POST, "/session", Some(login.clone())).await, StatusCode::UNAUTHORIZED);
    let path = format!("/users/{}", made["user"]["id"].as_str().expect("has an id"));
    assert_eq!(sysadmin.status(Method::POST, &format!("{path}/enable"), None).await, StatusCode::FORBIDDEN);
    secadmin.ok(Method::POST, &format!("{path}/enable"), None).await;
    browser.ok(Method::POST, "/session", Some(login)).await;
    secadmin.ok(Method::POST, &format!("{path}/disable"), None).await;
    assert_eq!(browser.status(Method::GET, "/session", None).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn pages_carry_a_fresh_nonce_and_a_strict_policy() {
    let running = start().await;
    let client = reqwest::Client::new();
    let mut policies = Vec::new();
    for path in ["/", "/m", "/screen", "/alerts/1"] {
        let response = client.get(format!("{}{path}", running.address)).send().await.expect("answers");
        let policy = response.headers()["content-security-policy"].to_str().expect("is text").to_owned();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert!(!response.text().await.expect("has a body").contains("__CSP_NONCE__"));
        policies.push(policy);
    }
    policies.sort();
    policies.dedup();
    assert_eq!(policies.len(), 4, "a nonce is used once");
}

#[tokio::test]
async fn tampering_with_the_audit_log_is_found_at_the_entry() {
    let running = start().await;
    let auditor = running.person("auditor", Role::Auditor, "620000").await;
    let mut database = Beside::open(&running.database).await;
    let checked = auditor.ok(Method::POST, "/audit/verify", None).await;
    assert_eq!(checked["ok"], true);
    let cases = [
        ("UPDATE audit SET detail = 'nothing happened' WHERE sequence = 2", 2),
        ("UPDATE audit SET unit_code = '620100' WHERE sequence = 3", 3),
        ("DELETE FROM audit WHERE sequence = 1", 1),
        ("DELETE FROM audit WHERE sequence = (SELECT MAX(sequence) FROM audit)", -1),
    ];
    for (sql, expected) in cases {
        let last = database.texts("SELECT CAST(MAX(sequence) AS TEXT) FROM audit").await[0][0].clone();
        database.run("CREATE TABLE kept AS SELECT * FROM audit").await.expect("keeps");
        database.run(sql).await.expect("tampers");
        let verdict = running.console.verify_audit().await.expect("verifies");
        let bad = verdict.first_bad.map(|bad| bad.sequence.to_string());
        assert_eq!(bad, Some(if expected < 0 { last } else { expected.to_string() }), "{sql}");
        let back = "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; DROP TABLE kept";
        database.run(back).await.expect("restores");
    }
    assert!(running.console.verify_audit().await.expect("verifies").ok);
    let mixed = "INSERT INTO account_role (account_id, role, role_class) SELECT id, 'sysadmin', 'system' FROM account";
    assert!(database.run(mixed).await.is_err(), "the database keeps the three administrators apart");
}
