//! The one place that speaks to a mail server (RFC 5321).

use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, SmtpTransport, Transport};

use super::fault::{chain, remedy};
use super::send::Unsent;
use crate::config::{Mail, Secret, Security};
use crate::error::Error;

/// Hands a whole message to a server. It waits for the server, so that it belongs on a thread that may.
///
/// # Errors
/// The server cannot be reached or does not take it; what it refuses for good (5xx after the login) is
/// [`Unsent::Never`].
pub fn send(mail: &Mail, password: Option<&Secret>, message: &[u8], patience: Duration) -> Result<(), Unsent> {
    let unusable = |what: String| Unsent::Later(Error::usage(what).remedy("correct [notify.mail] in gaitkeeper.toml"));
    let address = |text: &str| {
        let bare = text.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(text);
        bare.parse::<Address>().map_err(|e| unusable(format!("`{text}` is no mail address: {e}")))
    };
    let from = address(&mail.from)?;
    let to = mail.to.iter().map(|text| address(text)).collect::<Result<Vec<_>, _>>()?;
    let envelope = Envelope::new(Some(from), to).map_err(|e| unusable(format!("nobody is written to: {e}")))?;
    let parameters =
        || TlsParameters::new(mail.server.clone()).map_err(|e| unusable(format!("no TLS for {}: {e}", mail.server)));
    let tls = match mail.security {
        Security::StartTls => Tls::Required(parameters()?),
        Security::Tls => Tls::Wrapper(parameters()?),
        Security::None => Tls::None,
    };
    let mut builder = SmtpTransport::builder_dangerous(&mail.server).port(mail.port).tls(tls).timeout(Some(patience));
    if let (Some(user), Some(password)) = (&mail.user, password) {
        builder = builder.credentials(Credentials::new(user.clone(), password.reveal().to_owned()));
    }
    builder.build().send_raw(&envelope, message).map(|_| ()).map_err(|e| {
        let cause = chain(&e);
        let error = Error::tool(format!("{}:{}: {cause}", mail.server, mail.port));
        // 552 to 554: the message itself is too large, or refused for its content. What else is refused for good
        // (login, sender, receiver) is mended in the settings.
        let content = e.status().is_some_and(|code| matches!(u16::from(code), 552 | 554));
        if content && e.is_permanent() {
            Unsent::Never(error.remedy("the server does not take this message; it is not sent again"))
        } else {
            Unsent::Later(error.remedy(remedy(&cause, "check server and login; the message waits in the outbox")))
        }
    })
}
