//! Operations and their records (RFC 4511, 4.2 to 4.13).

use serde_json::{Value, json};

use super::codes;
use crate::app::ber::{self, Element, OCTETS};
use crate::app::reader::Reader;
use crate::app::text::{Object, eve_text, object, put};
use crate::limits::LDAP_ATTRIBUTES;

/// Numbers of operations.
pub(super) mod kind {
    pub(crate) const UNBIND: u8 = 2;
    pub(crate) const SEARCH_ENTRY: u8 = 4;
    pub(crate) const ABANDON: u8 = 16;
    pub(crate) const SEARCH_REFERENCE: u8 = 19;
    pub(crate) const EXTENDED: u8 = 23;
    pub(crate) const INTERMEDIATE: u8 = 25;
}

const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

/// One operation: what rules look at, and its object.
#[derive(Debug, Default)]
pub(super) struct Operation {
    pub(super) kind: u8,
    /// Distinguished name it is about.
    pub(super) name: Option<Vec<u8>>,
    pub(super) attributes: Vec<Vec<u8>>,
    pub(super) code: Option<u64>,
    pub(super) message: Option<Vec<u8>>,
    extension: Vec<u8>,
    body: Object,
}

fn text(element: Element<'_>) -> String {
    eve_text(element.value)
}

impl Operation {
    pub(super) fn parse(element: Element<'_>) -> Option<Self> {
        let kind = element.tag & 0x1f;
        let mut operation = Self { kind, ..Self::default() };
        let r = &mut Reader::new(element.value);
        match kind {
            0 => operation.bind(r)?,
            3 => operation.search(r)?,
            4 => {
                operation.named(r, "base_object")?;
                operation.attribute_list(ber::next(r)?, "type");
            }
            6 => operation.modify(r)?,
            8 => {
                operation.named(r, "entry")?;
                operation.attribute_list(ber::next(r)?, "name");
            }
            10 => {
                operation.name = Some(element.value.to_vec());
                put(&mut operation.body, "dn", eve_text(element.value));
            }
            12 => operation.rename(r)?,
            14 => operation.compare(r)?,
            16 => put(&mut operation.body, "message_id", ber::signed(element.value)?),
            23 | 25 => operation.extended(element.value),
            19 => {
                let uris = ber::each(element.value, LDAP_ATTRIBUTES).map(text).collect::<Vec<_>>();
                put(&mut operation.body, "uris", uris);
            }
            1 | 5 | 7 | 9 | 11 | 13 | 15 | 24 => operation.result(r)?,
            _ => {}
        }
        Some(operation)
    }

    /// Whether it is the last response to a request.
    pub(super) const fn is_last(&self) -> bool {
        !matches!(self.kind, kind::SEARCH_ENTRY | kind::SEARCH_REFERENCE | kind::INTERMEDIATE)
    }

    pub(super) fn starts_tls(&self) -> bool {
        self.kind == kind::EXTENDED && self.extension == START_TLS
    }

    pub(super) fn eve(&self, id: i64) -> Object {
        let name = name(self.kind);
        let mut eve = Object::new();
        put(&mut eve, "operation", name);
        if !matches!(self.kind, kind::UNBIND) {
            put(&mut eve, name, self.body.clone());
        }
        put(&mut eve, "message_id", id);
        eve
    }

    fn named(&mut self, r: &mut Reader<'_>, key: &str) -> Option<()> {
        let name = ber::expect(r, OCTETS)?;
        put(&mut self.body, key, eve_text(name));
        self.name = Some(name.to_vec());
        Some(())
    }

    fn bind(&mut self, r: &mut Reader<'_>) -> Option<()> {
        put(&mut self.body, "version", ber::unsigned(ber::expect(r, ber::INTEGER)?)?);
        self.named(r, "name")?;
        let choice = ber::next(r)?;
        if choice.tag == 0xa3 {
            let mut sasl = Reader::new(choice.value);
            let mechanism = ber::expect(&mut sasl, OCTETS)?;
            let mut entry = object(json!({"mechanism": eve_text(mechanism)}));
            if let Some(credentials) = ber::expect(&mut sasl, OCTETS) {
                put(&mut entry, "credentials", eve_text(credentials));
            }
            put(&mut self.body, "sasl", entry);
        }
        Some(())
    }

    fn search(&mut self, r: &mut Reader<'_>) -> Option<()> {
        self.named(r, "base_object")?;
        for key in ["scope", "deref_alias", "size_limit", "time_limit"] {
            put(&mut self.body, key, ber::unsigned(ber::next(r)?.value)?);
        }
        put(&mut self.body, "types_only", ber::next(r)?.value.first().is_some_and(|flag| *flag != 0));
        ber::next(r)?;
        let attributes: Vec<_> = ber::each(ber::next(r)?.value, LDAP_ATTRIBUTES).collect();
        self.attributes = attributes.iter().map(|attribute| attribute.value.to_vec()).collect();
        put(&mut self.body, "attributes", attributes.into_iter().map(text).collect::<Vec<_>>());
        Some(())
    }

    /// Attributes with their values.
    fn attribute_list(&mut self, list: Element<'_>, key: &str) {
        let mut entries: Vec<Value> = Vec::new();
        for attribute in ber::each(list.value, LDAP_ATTRIBUTES) {
            let mut r = Reader::new(attribute.value);
            let (Some(name), Some(values)) = (ber::expect(&mut r, OCTETS), ber::next(&mut r)) else { break };
            let values = ber::each(values.value, LDAP_ATTRIBUTES).map(text).collect::<Vec<_>>();
            let mut entry = Object::new();
            put(&mut entry, key, eve_text(name));
            put(&mut entry, "values", values);
            entries.push(entry.into());
            self.attributes.push(name.to_vec());
        }
        put(&mut self.body, "attributes", entries);
    }

    fn modify(&mut self, r: &mut Reader<'_>) -> Option<()> {
        self.named(r, "object")?;
        let mut changes: Vec<Value> = Vec::new();
        for change in ber::each(ber::next(r)?.value, LDAP_ATTRIBUTES) {
            let mut r = Reader::new(change.value);
            let kind = match ber::unsigned(ber::next(&mut r)?.value)? {
                0 => "add",
                1 => "delete",
                2 => "replace",
                3 => "increment",
                _ => "unknown",
            };
            let mut r = Reader::new(ber::next(&mut r)?.value);
            let name = ber::expect(&mut r, OCTETS)?;
            let values = ber::each(ber::next(&mut r)?.value, LDAP_ATTRIBUTES).map(text).collect::<Vec<_>>();
            self.attributes.push(name.to_vec());
            changes.push(json!({
                "operation": kind,
                "modification": {"attribute_type": eve_text(name), "attribute_values": values},
            }));
        }
        put(&mut self.body, "changes", changes);
        Some(())
    }

    fn rename(&mut self, r: &mut Reader<'_>) -> Option<()> {
        self.named(r, "entry")?;
        put(&mut self.body, "new_rdn", eve_text(ber::expect(r, OCTETS)?));
        put(&mut self.body, "delete_old_rdn", ber::next(r)?.value.first().is_some_and(|flag| *flag != 0));
        if let Some(superior) = ber::next(r) {
            put(&mut self.body, "new_superior", text(superior));
        }
        Some(())
    }

    fn compare(&mut self, r: &mut Reader<'_>) -> Option<()> {
        self.named(r, "entry")?;
        let mut r = Reader::new(ber::next(r)?.value);
        let (description, value) = (ber::expect(&mut r, OCTETS)?, ber::expect(&mut r, OCTETS)?);
        self.attributes.push(description.to_vec());
        let assertion = json!({"description": eve_text(description), "value": eve_text(value)});
        put(&mut self.body, "attribute_value_assertion", assertion);
        Some(())
    }

    fn extended(&mut self, value: &[u8]) {
        for element in ber::each(value, 4) {
            match element.tag & 0x1f {
                0 => {
                    self.extension = element.value.to_vec();
                    put(&mut self.body, "name", text(element));
                }
                1 => put(&mut self.body, "value", text(element)),
                _ => {}
            }
        }
    }

    /// Code, name and message every response has, and what follows them.
    fn result(&mut self, r: &mut Reader<'_>) -> Option<()> {
        let code = ber::unsigned(ber::next(r)?.value)?;
        self.code = Some(code);
        put(&mut self.body, "result_code", codes::name(code));
        self.named(r, "matched_dn")?;
        let message = ber::expect(r, OCTETS)?;
        put(&mut self.body, "message", eve_text(message));
        self.message = Some(message.to_vec());
        while let Some(element) = ber::next(r) {
            match (self.kind, element.tag & 0x1f) {
                (1, 7) => put(&mut self.body, "server_sasl_creds", text(element)),
                (24, 10) => put(&mut self.body, "name", text(element)),
                (24, 11) => put(&mut self.body, "value", text(element)),
                (_, 3) => {
                    let referrals = ber::each(element.value, LDAP_ATTRIBUTES).map(text).collect::<Vec<_>>();
                    put(&mut self.body, "referral", referrals);
                }
                _ => {}
            }
        }
        Some(())
    }
}

const fn name(kind: u8) -> &'static str {
    match kind {
        0 => "bind_request",
        1 => "bind_response",
        2 => "unbind_request",
        3 => "search_request",
        4 => "search_result_entry",
        5 => "search_result_done",
        6 => "modify_request",
        7 => "modify_response",
        8 => "add_request",
        9 => "add_response",
        10 => "del_request",
        11 => "del_response",
        12 => "mod_dn_request",
        13 => "mod_dn_response",
        14 => "compare_request",
        15 => "compare_response",
        16 => "abandon_request",
        19 => "search_result_reference",
        23 => "extended_request",
        24 => "extended_response",
        25 => "intermediate_response",
        _ => "unknown",
    }
}
