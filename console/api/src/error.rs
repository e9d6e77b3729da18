//! Errors: of the crate towards the binary, and of a request towards the browser.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::wire::{ErrorBody, ErrorDetail};

/// Why the console did not do what the binary asked for.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The database.
    #[error("console database {place}: {source}; check that the folder exists, is writable and has free space")]
    Database {
        /// File or server.
        place: String,
        /// What it said.
        source: sqlx::Error,
    },
    /// The database was made by a newer program.
    #[error(
        "console database {place} has schema {found}, this program knows up to {known}; use the newer program or restore an older backup"
    )]
    Newer {
        /// File or server.
        place: String,
        /// Schema found.
        found: i64,
        /// Newest schema known.
        known: i64,
    },
    /// A settings value.
    #[error("console settings: {0}")]
    Settings(String),
    /// Data built into the program.
    #[error("built-in data {name}: {message}")]
    BuiltIn {
        /// File.
        name: &'static str,
        /// What is wrong.
        message: String,
    },
    /// An account could not be made.
    #[error("account {username}: {message}")]
    Account {
        /// Name, shown safely.
        username: String,
        /// What is wrong.
        message: String,
    },
    /// The listener.
    #[error("console server: {0}")]
    Serve(#[from] std::io::Error),
    /// The key file.
    #[error("console key file {}: {message}", path.display())]
    KeyFile {
        /// Where.
        path: std::path::PathBuf,
        /// What is wrong.
        message: String,
    },
    /// Randomness.
    #[error("the operating system gave no random bytes: {0}")]
    Random(String),
    /// The audit log.
    #[error("audit log: {0}")]
    Audit(String),
    /// Taking alerts into the search.
    #[error("search: {0}")]
    Search(String),
}

impl From<sqlx::Error> for ConsoleError {
    fn from(source: sqlx::Error) -> Self {
        Self::Database { place: "of the console".to_owned(), source }
    }
}

impl From<ApiError> for ConsoleError {
    fn from(error: ApiError) -> Self {
        Self::Settings(error.message_en)
    }
}

/// Result of a request.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

/// Why a request was not done; answered as `{"error": …}`.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{status} {code}: {message_en}")]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message_zh: String,
    message_en: String,
    field: Option<String>,
    retry_after: Option<i64>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { status, code, message_zh: zh.into(), message_en: en.into(), field: None, retry_after: None }
    }

    /// 401: nobody is logged in.
    pub(crate) fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "请先登录", "log in first")
    }

    /// 401: name or password is wrong; does not say which.
    pub(crate) fn wrong_credentials() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "wrong_credentials", "用户名或密码错误", "wrong user name or password")
    }

    /// 401: name and password are right, a second factor is missing.
    pub(crate) fn second_factor_required() -> Self {
        let en = "enter a one-time code or sign the challenge with your key";
        Self::new(StatusCode::UNAUTHORIZED, "second_factor_required", "请输入动态口令或使用密钥签名", en)
    }

    /// 423: the account needs a second factor first.
    pub(crate) fn enrolment_required() -> Self {
        let en = "set up a second factor first";
        Self::new(StatusCode::LOCKED, "second_factor_enrolment_required", "请先启用第二种身份鉴别方式", en)
    }

    /// 403: the role does not allow it.
    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "没有权限执行此操作", "your role does not allow this")
    }

    /// 403: the request did not come from the console's own pages.
    pub(crate) fn foreign_origin() -> Self {
        let en = "the request did not come from the console's own pages (x-fengsui-csrf header and Origin)";
        Self::new(StatusCode::FORBIDDEN, "foreign_origin", "请求来源不被信任", en)
    }

    /// 404: not there, or not yours; the answer is the same.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "对象不存在或不在您的管辖范围", "not found, or not yours")
    }

    /// 405: the path has other methods.
    pub(crate) fn method_not_allowed() -> Self {
        let (zh, en) = ("此地址不支持该方法", "this path has other methods");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", zh, en)
    }

    /// 409: the state of the object does not allow it.
    pub(crate) fn conflict(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", zh, en)
    }

    /// 422: a field is wrong.
    pub(crate) fn invalid(field: &str, zh: impl Into<String>, en: &(impl ToString + ?Sized)) -> Self {
        let error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", zh, en.to_string());
        Self { field: Some(field.to_owned()), ..error }
    }

    /// 422 or 413: the body is no JSON of the right form.
    pub(crate) fn body(rejection: &JsonRejection) -> Self {
        let text: String = rejection.body_text().chars().take(300).collect();
        let error = Self::invalid("body", "请求内容不合法", &text);
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self { status: StatusCode::PAYLOAD_TOO_LARGE, code: "too_large", ..error },
            _ => error,
        }
    }

    /// 413: too many bytes.
    pub(crate) fn too_large(limit: &str) -> Self {
        let en = format!("larger than the limit of {limit}");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", format!("超过大小上限 {limit}"), en)
    }

    /// 423: the password has to be changed first.
    pub(crate) fn password_change_required() -> Self {
        Self::new(StatusCode::LOCKED, "password_change_required", "请先修改密码", "change your password first")
    }

    /// 429: too many failures or requests.
    pub(crate) fn limited(zh: &str, en: &str) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "limited", zh, en)
    }

    /// 429: too many requests; in so many seconds there is room again.
    pub(crate) fn limited_for(zh: &str, en: &str, seconds: i64) -> Self {
        Self { retry_after: Some(seconds.max(1)), ..Self::limited(zh, en) }
    }

    /// 401: a key that is unknown, expired, revoked or not for this address; does not say which.
    pub(crate) fn wrong_key() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "wrong_key", "能力密钥无效", "the key is not valid here")
    }

    /// 503: a part that is not running here.
    pub(crate) fn unavailable(zh: &str, en: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", zh, en)
    }

    /// 500: our fault; the cause goes to the log, not to the browser.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        let en = "the console could not do this; the server's log tells why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "系统内部错误，请查看服务器日志", en)
    }

    /// For people, in English.
    pub(crate) fn message_en(&self) -> &str {
        &self.message_en
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        Self::internal(&error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let detail = ErrorDetail {
            code: self.code.to_owned(),
            message_zh: self.message_zh,
            message_en: self.message_en,
            field: self.field,
        };
        let mut response = (self.status, Json(ErrorBody { error: detail })).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
