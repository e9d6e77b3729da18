//! Audit records of clouds and services: AWS, Azure, Google Cloud and Workspace, Microsoft 365, Okta, GitHub, Alibaba
//! Cloud and Kubernetes, one JSON object each. Their own names stay addressable for Sigma.

use fengsui_schema::RawRecord;
use serde_json::{Map, Value};

use super::SourceDefinition;
use crate::json::{at, object, text};
use crate::{Draft, NormalizeError};

const NAME: &str = "cloud_audit";

pub(super) const SOURCE: SourceDefinition = SourceDefinition {
    name: NAME,
    aliases: &["cloudtrail", "azure", "gcp", "okta", "m365", "kubernetes"],
    meaning: "audit records of AWS, Azure, Google Cloud, Microsoft 365, Okta, GitHub, Alibaba Cloud and Kubernetes as JSON",
    resembles,
    parse,
};

fn resembles(line: &[u8]) -> bool {
    let has = |name: &[u8]| memchr::memmem::find(line, name).is_some();
    line.first() == Some(&b'{') && MARKS.iter().any(|marks| marks.iter().all(|mark| has(mark)))
}

/// Pieces of text that only these records hold together.
const MARKS: &[&[&[u8]]] = &[
    &[b"\"eventSource\"", b".amazonaws.com\""],
    &[b"\"eventSource\"", b".aliyuncs.com\""],
    &[b"\"protoPayload\"", b"\"methodName\""],
    &[b"\"auditID\"", b"\"verb\""],
    &[b"\"Workload\"", b"\"Operation\"", b"\"RecordType\""],
    &[b"\"legacyEventType\"", b"\"actor\""],
    &[b"\"operationName\"", b"\"resourceId\""],
    &[b"\"operationName\"", b"\"callerIpAddress\""],
];

fn parse(record: &RawRecord) -> Result<Draft, NormalizeError> {
    let values = object(NAME, &record.payload)?;
    if kind(&values).is_none() {
        return Err(NormalizeError::malformed(NAME, "holds the names of no cloud that is known"));
    }
    Ok(super::json::of_object("json.event", values))
}

/// The data set of a record, told by the names only it has.
fn kind(values: &Map<String, Value>) -> Option<&'static str> {
    let word = |path: &str| text(values, path).unwrap_or_default();
    let has = |name: &str| values.contains_key(name);
    if has("auditID") && has("verb") {
        return Some("kubernetes.audit");
    }
    if word("eventSource").ends_with(".amazonaws.com") {
        return Some("aws.cloudtrail");
    }
    if word("eventSource").ends_with(".aliyuncs.com") || has("acsRegion") {
        return Some("aliyun.actiontrail");
    }
    if has("protoPayload") || at(values, "data.protoPayload").is_some() {
        return Some("gcp.audit");
    }
    if word("eventService") == "admin.googleapis.com" || word("id.applicationName") == "admin" {
        return Some("google_workspace.admin");
    }
    if has("Workload") && has("Operation") {
        return Some(if word("Workload") == "Exchange" { "m365.exchange" } else { "m365.audit" });
    }
    if (has("eventType") || has("eventtype"))
        && has("actor")
        && (has("legacyEventType") || has("displayMessage") || has("client"))
    {
        return Some("okta.system");
    }
    if has("action") && has("actor") && (has("org") || has("repo")) && word("action").contains('.') {
        return Some("github.audit");
    }
    azure(values)
}

fn azure(values: &Map<String, Value>) -> Option<&'static str> {
    let word = |path: &str| text(values, path).unwrap_or_default();
    let has = |name: &str| values.contains_key(name);
    let category = word("category").to_ascii_lowercase();
    match category.as_str() {
        "signinlogs" | "noninteractiveusersigninlogs" | "serviceprincipalsigninlogs" | "managedidentitysigninlogs" => {
            Some("azure.signinlogs")
        }
        "auditlogs" => Some("azure.auditlogs"),
        "userriskevents" | "riskyusers" => Some("azure.riskdetection"),
        "administrative" | "policy" | "security" if has("operationName") => Some("azure.activitylogs"),
        _ if has("riskEventType") => Some("azure.riskdetection"),
        _ if has("userPrincipalName") && has("appDisplayName") => Some("azure.signinlogs"),
        _ if has("activityDisplayName") => Some("azure.auditlogs"),
        _ if has("operationName") && (has("callerIpAddress") || has("resourceId")) => Some("azure.activitylogs"),
        _ => None,
    }
}

/// A field and the places it may stand in, best first.
type Row = (&'static str, &'static [&'static str]);

const ACTIONS: &[Row] = &[
    (
        "event.action",
        &[
            "eventName",
            "protoPayload.methodName",
            "data.protoPayload.methodName",
            "Operation",
            "eventType",
            "eventtype",
            "operationName.value",
            "operationName",
            "activityDisplayName",
            "verb",
            "action",
        ],
    ),
    (
        "event.provider",
        &[
            "eventSource",
            "protoPayload.serviceName",
            "data.protoPayload.serviceName",
            "Workload",
            "resourceProvider",
            "eventService",
        ],
    ),
    ("gcp.audit.method_name", &["protoPayload.methodName", "data.protoPayload.methodName"]),
    ("gcp.audit.service_name", &["protoPayload.serviceName", "data.protoPayload.serviceName"]),
    (
        "user.name",
        &[
            "userIdentity.userName",
            "userIdentity.arn",
            "userIdentity.principalId",
            "protoPayload.authenticationInfo.principalEmail",
            "data.protoPayload.authenticationInfo.principalEmail",
            "UserId",
            "actor.alternateId",
            "user.username",
            "userPrincipalName",
            "properties.userPrincipalName",
            "initiatedBy.user.userPrincipalName",
            "caller",
            "identity",
            "actor.email",
            "actor",
        ],
    ),
    (
        "user_agent.original",
        &[
            "userAgent",
            "protoPayload.requestMetadata.callerSuppliedUserAgent",
            "client.userAgent.rawUserAgent",
            "UserAgent",
        ],
    ),
    ("cloud.region", &["awsRegion", "acsRegion", "resource.labels.location", "location"]),
    ("cloud.account.id", &["recipientAccountId", "userIdentity.accountId", "tenantId", "OrganizationId"]),
    ("kubernetes.namespace", &["objectRef.namespace"]),
    ("kubernetes.resource", &["objectRef.resource"]),
    ("event.reason", &["errorCode", "errorMessage", "outcome.reason", "status.failureReason", "responseStatus.reason"]),
    ("cloud.resource", &["resourceId", "protoPayload.resourceName", "ObjectId", "objectRef.name"]),
];

const ADDRESSES: &[&str] = &[
    "sourceIPAddress",
    "sourceIpAddress",
    "protoPayload.requestMetadata.callerIp",
    "data.protoPayload.requestMetadata.callerIp",
    "ClientIP",
    "ClientIPAddress",
    "client.ipAddress",
    "callerIpAddress",
    "ipAddress",
    "properties.ipAddress",
    "actor_ip",
    "httpRequest.clientIpAddress",
    "initiatedBy.user.ipAddress",
];

/// Adds what the record of a cloud means; false for any other.
pub(super) fn understand(draft: &mut Draft, values: &Map<String, Value>) -> bool {
    let Some(dataset) = kind(values) else { return false };
    draft.fields.set("event.dataset", dataset);
    draft.put("observer.type", "cloud");
    for (field, places) in ACTIONS {
        let value = places.iter().find_map(|place| at(values, place).filter(|value| value.is_string()));
        draft.copy(field, value);
    }
    let address = ADDRESSES.iter().find_map(|place| text(values, place));
    // Microsoft writes a port behind the address.
    draft.put_address("source.ip", address.map(crate::draft::without_port));
    if address.is_none() {
        draft.put_address("source.ip", at(values, "sourceIPs").and_then(|list| list.get(0)).and_then(Value::as_str));
    }
    draft.put("event.category", category(draft.fields.text("event.action").unwrap_or_default(), dataset));
    draft.put("event.outcome", if failed(values) { "failure" } else { "success" });
    true
}

fn category(action: &str, dataset: &str) -> &'static str {
    let lower = action.to_ascii_lowercase();
    let login = ["login", "signin", "sign-in", "logon", "authenticat", "user.session.start", "assumerole"];
    match () {
        () if dataset == "azure.signinlogs" || login.iter().any(|word| lower.contains(word)) => "authentication",
        () if ["user", "role", "policy", "group", "member", "permission"].iter().any(|word| lower.contains(word)) => {
            "iam"
        }
        () => "configuration",
    }
}

fn failed(values: &Map<String, Value>) -> bool {
    let word = |path: &str| text(values, path).unwrap_or_default().to_ascii_lowercase();
    let number = |path: &str| at(values, path).and_then(Value::as_i64).unwrap_or(0);
    let bad = |word: &str| ["fail", "denied", "error", "deny", "forbidden"].iter().any(|part| word.contains(part));
    at(values, "errorCode").is_some_and(|code| code.as_str().is_some_and(|code| !code.is_empty()))
        || word("responseElements.ConsoleLogin") == "failure"
        || ["outcome.result", "ResultStatus", "resultType", "result", "status"].iter().any(|path| bad(&word(path)))
        || number("status.errorCode") != 0
        || number("protoPayload.status.code") != 0
        || number("responseStatus.code") >= 400
}
