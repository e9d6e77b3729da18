//! Checks of texts that people send.

use fengsui_schema::{Timestamp, UnitCode};

use crate::error::{ApiError, ApiResult};
use crate::limits::{QUERY_CHARACTERS, REASON_CHARACTERS, REGULATION_CHARACTERS, TEXT_CHARACTERS, TITLE_CHARACTERS};
use crate::scope::Scope;

/// A text of 1 to so many characters, without spaces around it and without control characters except line breaks.
fn text(field: &str, value: &str, most: usize) -> ApiResult<String> {
    let value = value.trim();
    if value.is_empty() {
        return Err(ApiError::invalid(field, "不能为空", "is empty"));
    }
    if value.chars().count() > most {
        return Err(ApiError::invalid(
            field,
            format!("不能超过{most}个字符"),
            &format!("has more than {most} characters"),
        ));
    }
    if value.chars().any(|c| c.is_control() && c != '\n' && c != '\t' && c != '\r') {
        return Err(ApiError::invalid(field, "含有控制字符", "holds control characters"));
    }
    Ok(value.to_owned())
}

/// A title.
pub(crate) fn title(value: &str) -> ApiResult<String> {
    text("title", value, TITLE_CHARACTERS)
}

/// A short text of one line: a name, an address, an id.
pub(crate) fn short(field: &str, value: &str) -> ApiResult<String> {
    let text = text(field, value, TITLE_CHARACTERS)?;
    if text.contains(['\n', '\r', '\t']) {
        return Err(ApiError::invalid(field, "只能为一行", "has more than one line"));
    }
    Ok(text)
}

/// A telephone number as people write it.
pub(crate) fn phone(value: &str) -> ApiResult<String> {
    let phone = short("phone", value)?;
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    let fits = phone.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '+' | '-'));
    if fits && (5..=20).contains(&digits) {
        Ok(phone)
    } else {
        Err(ApiError::invalid("phone", "电话号码须为5至20位数字", "has not 5 to 20 digits, or something else"))
    }
}

/// A time that has come, in milliseconds.
pub(crate) fn past(field: &str, value: &str, now: i64) -> ApiResult<i64> {
    let time = time(field, value)?;
    if time > now { Err(ApiError::invalid(field, "时间不能晚于现在", "is in the future")) } else { Ok(time) }
}

/// A reason.
pub(crate) fn reason(value: &str) -> ApiResult<String> {
    text("reason", value, REASON_CHARACTERS)
}

/// A long text.
pub(crate) fn body(field: &str, value: &str) -> ApiResult<String> {
    text(field, value, TEXT_CHARACTERS)
}

/// The text of a policy.
pub(crate) fn regulation(value: &str) -> ApiResult<String> {
    text("text", value, REGULATION_CHARACTERS)
}

/// A long text that may be missing or empty.
pub(crate) fn optional_body(field: &str, value: Option<&str>) -> ApiResult<String> {
    match value.map(str::trim) {
        None | Some("") => Ok(String::new()),
        Some(value) => body(field, value),
    }
}

/// A search text that may be missing or empty.
pub(crate) fn search(value: Option<&str>) -> ApiResult<Option<String>> {
    match value.map(str::trim) {
        None | Some("") => Ok(None),
        Some(value) => text("q", value, QUERY_CHARACTERS).map(Some),
    }
}

/// The pattern of LIKE that finds a text anywhere; `\` escapes.
pub(crate) fn like_pattern(value: &str) -> String {
    let escaped = value.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// An identifier of 32 hexadecimal digits; anything else is not found.
pub(crate) fn digest_id(id: &str) -> ApiResult<&str> {
    let fits = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if fits { Ok(id) } else { Err(ApiError::not_found()) }
}

/// A number used as identifier; anything else is not found.
pub(crate) fn number_id(id: &str) -> ApiResult<i64> {
    id.parse().map_err(|_| ApiError::not_found())
}

/// The code of a unit.
pub(crate) fn unit(field: &str, code: &str) -> ApiResult<UnitCode> {
    code.parse().map_err(|error: fengsui_schema::ParseUnitCodeError| ApiError::invalid(field, "单位代码不合法", &error))
}

/// The part of a scope that a unit and everything below it make; nothing is found outside of the scope.
pub(crate) fn narrowed(scope: &Scope, unit: Option<&str>) -> ApiResult<Scope> {
    match unit.filter(|code| !code.is_empty()) {
        None => Ok(scope.clone()),
        Some(code) => scope.narrowed(&self::unit("unit", code)?).ok_or_else(ApiError::not_found),
    }
}

/// A point in time in milliseconds.
pub(crate) fn time(field: &str, value: &str) -> ApiResult<i64> {
    let time: Timestamp = value
        .parse()
        .map_err(|error: fengsui_schema::ParseTimestampError| ApiError::invalid(field, "时间格式不合法", &error))?;
    Ok(time.as_millis())
}

/// A point in time that may be missing.
pub(crate) fn optional_time(field: &str, value: Option<&str>) -> ApiResult<Option<i64>> {
    value.filter(|value| !value.is_empty()).map(|value| time(field, value)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_trimmed_and_bounded() {
        assert_eq!(title("  标题 ").expect("fits"), "标题");
        assert!(title(" ").is_err() && title(&"x".repeat(201)).is_err() && title("a\u{1b}[31m").is_err());
    }

    #[test]
    fn patterns_find_only_themselves() {
        assert_eq!(like_pattern("50%_\\"), "%50\\%\\_\\\\%");
    }

    #[test]
    fn telephone_numbers_are_digits() {
        assert!(["0931-8460000", "+86 139 0931 0000"].into_iter().all(|number| phone(number).is_ok()));
        assert!(["", "1234", "139x0931", "=cmd|' /C calc'!A0"].into_iter().all(|number| phone(number).is_err()));
    }

    #[test]
    fn identifiers_are_strict() {
        assert!(digest_id(&"0a".repeat(16)).is_ok());
        for wrong in ["", "../../etc/passwd", &"0A".repeat(16), "' OR 1=1 --"] {
            assert!(digest_id(wrong).is_err(), "{wrong}");
        }
    }
}
