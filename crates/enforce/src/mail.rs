//! `portreeve-enforce mail`: hands one message to a mail server.
//!
//! A password goes over TLS alone, to a server whose certificate is good. A message without one is told
//! to any server in any way that it offers: whoever can put himself between could as well say that there
//! is no TLS.

use lettre::Transport;
use lettre::address::{Address, Envelope};
use lettre::transport::smtp::SmtpTransport;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use portreeve_wire::enforce::{MailOrder, MailOutcome};
use std::time::Duration;

/// For each step of the conversation.
const STEP: Duration = Duration::from_secs(20);

/// Does it.
pub(crate) fn send(order: &MailOrder) -> MailOutcome {
    let sent = envelope(order).map_err(MailOutcome::Refused).and_then(|envelope| {
        let transport = transport(order).map_err(MailOutcome::Later)?;
        transport.send_raw(&envelope, &order.message).map_err(|why| {
            let text = told(&why);
            if why.is_permanent() { MailOutcome::Refused(text) } else { MailOutcome::Later(text) }
        })
    });
    sent.map_or_else(|why| why, |_| MailOutcome::Sent)
}

fn transport(order: &MailOrder) -> Result<SmtpTransport, String> {
    let parameters = TlsParameters::builder(order.host.clone());
    let parameters = match order.login {
        None if !order.tls => parameters.dangerous_accept_invalid_certs(true),
        _ => parameters,
    };
    let parameters = parameters.build().map_err(|why| format!("no TLS: {why}"))?;
    let tls = match (order.tls, &order.login) {
        (true, _) => Tls::Wrapper(parameters),
        (false, Some(_)) => Tls::Required(parameters),
        (false, None) => Tls::Opportunistic(parameters),
    };
    let own = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut builder = SmtpTransport::builder_dangerous(&order.host)
        .port(order.port)
        .tls(tls)
        .timeout(Some(STEP))
        .hello_name(ClientId::Domain(own));
    if let Some((user, password)) = &order.login {
        builder = builder
            .credentials(Credentials::new(user.clone(), password.clone()))
            .authentication(vec![Mechanism::Plain, Mechanism::Login]);
    }
    Ok(builder.build())
}

fn envelope(order: &MailOrder) -> Result<Envelope, String> {
    let bare = |text: &String| -> Result<Address, String> {
        let address = match (text.rfind('<'), text.rfind('>')) {
            (Some(from), Some(to)) if from < to => text.get(from + 1..to).unwrap_or_default(),
            _ => text.trim(),
        };
        address.parse().map_err(|why| format!("`{}` is no address: {why}", text.escape_debug()))
    };
    let to = order.to.iter().map(bare).collect::<Result<Vec<_>, _>>()?;
    Envelope::new(Some(bare(&order.from)?), to).map_err(|why| why.to_string())
}

/// What went wrong, with its causes, in harmless characters: a server's word may be in it.
fn told(why: &dyn std::error::Error) -> String {
    let mut text = why.to_string();
    let mut source = why.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = cause.source();
    }
    portreeve_model::escape(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(from: &str, to: &str) -> MailOrder {
        MailOrder {
            host: "127.0.0.1".into(),
            port: 1,
            tls: false,
            login: Some(("joe".into(), "secret".into())),
            from: from.into(),
            to: vec![to.into()],
            message: b"Subject: x\r\n\r\ny\r\n".to_vec(),
        }
    }

    #[test]
    fn addresses_are_taken_out_of_what_is_written() {
        let envelope =
            envelope(&order("DenyHosts <nobody@localhost>", " root@localhost ")).unwrap();
        assert_eq!(envelope.from().unwrap().to_string(), "nobody@localhost");
        assert_eq!(envelope.to()[0].to_string(), "root@localhost");
        assert!(matches!(send(&order("x", "root@localhost")), MailOutcome::Refused(_)));
    }

    #[test]
    fn a_server_that_is_not_there_is_tried_later_and_no_password_is_shown() {
        let order = order("a@example.org", "b@example.org");
        let MailOutcome::Later(why) = send(&order) else { panic!("nobody can be there") };
        assert!(!why.contains("secret") && !format!("{order:?}").contains("secret"), "{why}");
    }
}
