//! The `smtp` and `email` objects of EVE.

use md5::{Digest as _, Md5};

use super::mail::list;
use crate::app::mime::Mime;
use crate::app::text::{Object, eve_text, put};
use crate::app::{Context, SmtpSettings};

/// Header fields and the keys they are written under.
const FIELDS: [(&[u8], &str); 14] = [
    (b"reply-to", "reply_to"),
    (b"message-id", "message_id"),
    (b"subject", "subject"),
    (b"x-mailer", "x_mailer"),
    (b"user-agent", "user_agent"),
    (b"x-originating-ip", "x_originating_ip"),
    (b"in-reply-to", "in_reply_to"),
    (b"references", "references"),
    (b"importance", "importance"),
    (b"priority", "priority"),
    (b"sensitivity", "sensitivity"),
    (b"organization", "organization"),
    (b"content-md5", "content_md5"),
    (b"date", "date"),
];

pub(super) fn envelope(helo: &[u8], from: Option<&[u8]>, recipients: &[Vec<u8>]) -> Object {
    let mut eve = Object::new();
    if !helo.is_empty() {
        put(&mut eve, "helo", eve_text(helo));
    }
    if let Some(from) = from {
        put(&mut eve, "mail_from", eve_text(from));
    }
    if !recipients.is_empty() {
        put(&mut eve, "rcpt_to", texts(recipients.iter().map(Vec::as_slice)));
    }
    eve
}

fn texts<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    values.into_iter().map(eve_text).collect()
}

/// The mail while it is still on its way, for records of its attachments.
pub(super) fn email_so_far(id: u64, mime: &Mime, context: &mut Context<'_>) {
    let email = email(mime, "BODY_STARTED", &context.settings.smtp);
    context.update(id, |tx| {
        tx.eve_more.insert("email".to_owned(), email.into());
    });
}

pub(super) fn email(mime: &Mime, status: &str, settings: &SmtpSettings) -> Object {
    let mut eve = Object::new();
    put(&mut eve, "status", status);
    if let Some(from) = mime.header(b"from") {
        put(&mut eve, "from", eve_text(from));
    }
    for (name, key) in [(&b"to"[..], "to"), (b"cc", "cc"), (b"bcc", "bcc")] {
        let addresses = list(mime, name);
        if !addresses.is_empty() {
            put(&mut eve, key, texts(addresses));
        }
    }
    if !mime.attachments.is_empty() {
        put(&mut eve, "attachment", texts(mime.attachments.iter().map(Vec::as_slice)));
    }
    if !mime.urls.is_empty() {
        put(&mut eve, "url", texts(mime.urls.iter().map(Vec::as_slice)));
    }
    for (name, key) in FIELDS {
        if let Some(value) = mime.header(name) {
            put(&mut eve, key, eve_text(value));
        }
    }
    let received = texts(mime.all(b"received"));
    if !received.is_empty() {
        put(&mut eve, "received", received);
    }
    if settings.body_md5 && status == "PARSE_DONE" {
        put(&mut eve, "body_md5", mime.body_md5().unwrap_or_default());
    }
    if let (Some(subject), true) = (mime.header(b"subject"), settings.subject_md5) {
        put(&mut eve, "subject_md5", hex::encode(Md5::digest(subject)));
    }
    eve
}
