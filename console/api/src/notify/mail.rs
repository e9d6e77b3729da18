//! Sends a message as mail. Headers and encodings are the library's: no text of ours can add a line to a header.

use lettre::address::Envelope;
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use reqwest::Url;

use super::egress::Egress;
use super::robots::Letter;
use super::send::SEND_TIME;
use super::{Channel, Failure, cleaned, failed};
use crate::wire::NotifyFault;

/// How a mail server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    /// Encrypted from the first byte on.
    Tls,
    /// Encrypted after STARTTLS, and not at all without it.
    Upgrade,
    /// Not encrypted.
    Plain,
}

/// How the address of a mail server wants to be spoken to, and the port that goes without saying.
pub(crate) fn security(scheme: &str) -> Option<(Security, u16)> {
    match scheme {
        "smtps" => Some((Security::Tls, 465)),
        "smtp+starttls" => Some((Security::Upgrade, 587)),
        "smtp" => Some((Security::Plain, 25)),
        _ => None,
    }
}

/// Whether a text is one address of mail.
pub(crate) fn is_address(text: &str) -> bool {
    text.parse::<Address>().is_ok()
}

/// Sends a letter; what the server said.
pub(crate) async fn send(egress: &Egress, channel: &Channel, letter: &Letter) -> Result<String, Failure> {
    let wrong = |text: &str| failed(NotifyFault::Channel, text.to_owned(), true);
    let url: Url = channel.secrets.url.parse().map_err(|_| wrong("address"))?;
    let host = url.host_str().ok_or_else(|| wrong("address"))?;
    let (security, usual) = security(url.scheme()).ok_or_else(|| wrong("address"))?;
    let port = url.port().unwrap_or(usual);
    let addresses = egress.addresses(host, port).await?;
    let address = addresses.first().ok_or_else(|| wrong("address"))?.ip().to_string();
    let tls = match security {
        Security::Plain => Tls::None,
        Security::Tls => Tls::Wrapper(parameters(host)?),
        Security::Upgrade => Tls::Required(parameters(host)?),
    };
    let mut transport =
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address).port(port).tls(tls).timeout(Some(SEND_TIME));
    if !channel.options.username.is_empty() {
        let credentials = Credentials::new(channel.options.username.clone(), channel.secrets.secret.clone());
        transport = transport.credentials(credentials);
    }
    let (envelope, message) = written(channel, letter).ok_or_else(|| wrong("mail"))?;
    let answer = transport.build().send_raw(&envelope, &message).await.map_err(|error| of_server(&error))?;
    Ok(cleaned(&answer.message().collect::<Vec<_>>().join(" ")))
}

fn parameters(host: &str) -> Result<TlsParameters, Failure> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    TlsParameters::new(host.to_owned()).map_err(|error| failed(NotifyFault::Tls, cleaned(&error.to_string()), false))
}

/// The envelope and the mail. Readers do not see each other's addresses.
fn written(channel: &Channel, letter: &Letter) -> Option<(Envelope, Vec<u8>)> {
    let sender: Address = channel.options.sender.parse().ok()?;
    let readers: Vec<Address> =
        channel.options.recipients.iter().map(|text| text.parse()).collect::<Result<_, _>>().ok()?;
    let envelope = Envelope::new(Some(sender.clone()), readers).ok()?;
    let own = Mailbox::new(Some("烽燧".to_owned()), sender);
    let message = Message::builder()
        .from(own.clone())
        .to(own)
        .subject(letter.subject.headline())
        .header(ContentType::TEXT_PLAIN)
        .body(letter.subject.text())
        .ok()?;
    Some((envelope, message.formatted()))
}

fn of_server(error: &lettre::transport::smtp::Error) -> Failure {
    let fault = if error.is_timeout() {
        NotifyFault::Time
    } else if error.is_tls() {
        NotifyFault::Tls
    } else if error.is_permanent() || error.is_transient() || error.is_response() {
        NotifyFault::Answer
    } else {
        NotifyFault::Connect
    };
    failed(fault, cleaned(&error.to_string()), error.is_permanent())
}

#[cfg(test)]
mod tests {
    use super::super::text::Subject;
    use super::*;
    use crate::wire::ChannelOptions;

    #[test]
    fn no_title_adds_a_line_to_a_header() {
        let options = ChannelOptions {
            sender: "fengsui@gansu.example".to_owned(),
            recipients: vec!["duty@lanzhou.example".to_owned()],
            ..ChannelOptions::default()
        };
        let channel = Channel { options, ..Channel::for_tests() };
        let subject = Subject {
            event: "x\r\nBcc: a@b.cn".to_owned(),
            title: "y\r\nBcc: c@d.cn\r\n\r\nbody".to_owned(),
            ..Subject::default()
        };
        let letter = Letter { id: "1".to_owned(), subject, readers: Vec::new() };
        let (envelope, message) = written(&channel, &letter).expect("is written");
        let text = String::from_utf8(message).expect("is text");
        let head = text.split("\r\n\r\n").next().expect("has a head");
        assert!(!head.lines().any(|line| line.to_lowercase().starts_with("bcc")), "{head}");
        assert_eq!(envelope.to().len(), 1);
        assert!(!head.contains("duty@lanzhou.example"), "readers are not shown to each other");
    }

    #[test]
    fn addresses_of_mail_are_one_address() {
        assert!(is_address("a@b.cn"));
        assert!(
            ["a@b.cn\r\nBcc: c@d", "a@b.cn, c@d.cn", "a", "", "a b@c.cn"].into_iter().all(|text| !is_address(text))
        );
    }
}
