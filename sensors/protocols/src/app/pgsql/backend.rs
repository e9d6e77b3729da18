//! What the server says.

use serde_json::Value;

use crate::app::reader::Reader;
use crate::app::text::{Object, eve_text, put};
use crate::limits::PGSQL_PARAMETERS;

/// The response to one request, so far.
#[derive(Debug, Default)]
pub(super) struct Response {
    eve: Object,
    status: Vec<Value>,
    rows: u64,
    row_bytes: u64,
    has_rows: bool,
    authentication: u32,
}

impl Response {
    pub(super) fn put(&mut self, key: &str, value: impl Into<Value>) {
        put(&mut self.eve, key, value);
    }

    pub(super) const fn asked_sasl(&self) -> bool {
        self.authentication == 10
    }

    pub(super) const fn asked_sasl_response(&self) -> bool {
        self.authentication == 11
    }

    /// Takes a message; true when it ends the response.
    pub(super) fn take(&mut self, kind: u8, body: &[u8]) -> bool {
        let mut r = Reader::new(body);
        match kind {
            b'R' => return self.authentication(&mut r),
            b'S' => self.parameter(&mut r),
            b'K' => {
                if let (Some(process), Some(secret)) = (r.u32(), r.u32()) {
                    self.put("process_id", process);
                    self.put("secret_key", secret);
                }
            }
            b'T' => {
                if let Some(count) = r.u16() {
                    self.put("field_count", count);
                }
            }
            b'D' => {
                self.has_rows = true;
                self.rows += 1;
                self.row_bytes += row_bytes(&mut r).unwrap_or(0);
            }
            b'C' => self.put("command_completed", eve_text(body.strip_suffix(b"\0").unwrap_or(body))),
            b'E' => {
                self.notice(&mut r);
                // Errors while a connection begins end it; later ones are followed by ReadyForQuery.
                return self.authentication != 0;
            }
            b'N' => self.notice(&mut r),
            b'G' => self.put("copy_in_response", Object::new()),
            b'H' => self.put("copy_out_response", Object::new()),
            b'Z' => return true,
            _ => {}
        }
        false
    }

    fn authentication(&mut self, r: &mut Reader<'_>) -> bool {
        self.authentication = r.u32().unwrap_or(0);
        match self.authentication {
            0 => {
                self.put("message", "authentication_ok");
                return false;
            }
            3 => self.put("message", "authentication_cleartext_password"),
            5 => self.put("authentication_md5_password", eve_text(r.rest())),
            7 => self.put("message", "authentication_gss"),
            9 => self.put("message", "authentication_sspi"),
            10 => {
                let name = r.until(0).unwrap_or_default();
                self.put("authentication_sasl_mechanism", eve_text(name));
            }
            11 => self.put("authentication_sasl_continue", eve_text(r.rest())),
            12 => {
                self.put("authentication_sasl_final", eve_text(r.rest()));
                return false;
            }
            _ => {}
        }
        true
    }

    fn parameter(&mut self, r: &mut Reader<'_>) {
        let (Some(name), Some(value)) = (r.until(0), r.until(0)) else { return };
        if self.status.len() < PGSQL_PARAMETERS {
            let name = match name {
                b"DateStyle" => "date_style".to_owned(),
                b"IntervalStyle" => "interval_style".to_owned(),
                b"TimeZone" => "time_zone".to_owned(),
                name => eve_text(name),
            };
            let mut entry = Object::new();
            put(&mut entry, &name, eve_text(value));
            self.status.push(entry.into());
        }
    }

    /// The fields of an error or a notice.
    fn notice(&mut self, r: &mut Reader<'_>) {
        while let Some(field) = r.u8().filter(|field| *field != 0)
            && let Some(value) = r.until(0)
        {
            let key = match field {
                b'S' => "severity_localizable",
                b'V' => "severity_non_localizable",
                b'C' => "code",
                b'M' => "message",
                b'D' => "detail",
                b'H' => "hint",
                b'P' => "position",
                b'W' => "where",
                b's' => "schema_name",
                b't' => "table_name",
                b'F' => "file",
                b'L' => "line",
                b'R' => "routine",
                _ => continue,
            };
            put(&mut self.eve, key, eve_text(value));
        }
    }

    pub(super) fn eve(&self) -> Object {
        let mut eve = self.eve.clone();
        if !self.status.is_empty() {
            put(&mut eve, "parameter_status", self.status.clone());
        }
        if self.has_rows {
            put(&mut eve, "data_rows", self.rows);
            put(&mut eve, "data_size", self.row_bytes);
        }
        eve
    }
}

/// Bytes of the values of a row.
fn row_bytes(r: &mut Reader<'_>) -> Option<u64> {
    let count = r.u16()?;
    let mut bytes = 0;
    for _ in 0..count {
        let length = r.u32()?;
        if length != u32::MAX {
            r.take(usize::try_from(length).ok()?)?;
            bytes += u64::from(length);
        }
    }
    Some(bytes)
}
