//! The port: /etc/services and the `port` attribute must agree, unless the service is unlisted.

use super::{Context, Subject};
use crate::services::Source;
use crate::xinetd::attribute::Attribute;
use crate::xinetd::codes;
use crate::xinetd::report::{Report, error, note, quote};
use crate::xinetd::value::word::Type;

/// The port of a service.
pub(super) fn of(cx: &Context<'_>, subject: &Subject<'_>, report: &mut Report<'_>) -> Option<u16> {
    let written = match &subject.settings.port {
        None if subject.line(Attribute::Port).is_some() => return None, // reported
        None => None,
        Some(port) => match u16::try_from(port.value) {
            Ok(0) => {
                let message = "port 0 means any port, which nobody would know";
                let help = "write the port";
                report.push(error(codes::PORT_ZERO, port.at, message).help(help));
                return None;
            }
            Ok(value) => Some((value, port.at)),
            Err(_) => {
                let message = format!("there is no port {}", port.value);
                let help = "write a number from 1 to 65535";
                report.push(error(codes::BAD_VALUE, port.at, message).help(help));
                return None;
            }
        },
    };
    if subject.is(Type::Unlisted).is_some() {
        return written.map(|(port, _)| port);
    }
    let name = &subject.name.text;
    let Some(listed) = cx.host.services.port(name, "tcp") else {
        report.push(unknown(cx, subject, written.map(|(port, _)| port), report));
        return None;
    };
    if let Some((port, at)) = written.filter(|(port, _)| *port != listed.port) {
        let message =
            format!("{} has port {} in /etc/services, not {port}", quote(name), listed.port);
        let help = "write `type = UNLISTED` (beside any other type), or the listed port";
        report.push(error(codes::PORT_MISMATCH, at, message).help(help));
        return None;
    }
    if listed.from == Source::BuiltIn {
        let message = format!(
            "{} is not in /etc/services; portreeve's own table says port {}",
            quote(name),
            listed.port
        );
        let help = format!("add the line `{name} {}/tcp` to /etc/services", listed.port);
        report.push(note(codes::PORT_BUILT_IN, subject.name.at, message).help(help));
    }
    Some(listed.port)
}

fn unknown(
    cx: &Context<'_>,
    subject: &Subject<'_>,
    port: Option<u16>,
    report: &Report<'_>,
) -> portreeve_diag::Diagnostic {
    let name = &subject.name.text;
    let message = format!("{} is not in /etc/services", quote(name));
    let finding = error(codes::PORT_UNKNOWN, subject.name.at, message);
    let finding = match port {
        Some(port) => {
            let line = quote(&format!("{name} {port}/tcp"));
            finding
                .help(format!("add the line {line} to /etc/services"))
                .help("or write `type = UNLISTED` (beside any other type)")
        }
        None => finding.help("write `type = UNLISTED` and `port = NUMBER`"),
    };
    match report.nearest(name, cx.host.services.names("tcp")) {
        Some(near) => finding.help(format!("or did you mean `{near}`?")),
        None => finding,
    }
}
