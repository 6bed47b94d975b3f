//! What an entry offers, and whether portreeve serves that at all.

use super::Subject;
use crate::xinetd::attribute::Attribute;
use crate::xinetd::codes;
use crate::xinetd::report::{Report, SWITCH_OFF, error, note, quote, warning};
use crate::xinetd::value::word::{Flag, SocketType, Type};
use portreeve_diag::{Code, Diagnostic, Level, Span};
use portreeve_model::Sentence;

/// What an entry offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Program,
    Echo,
    Sensor(Sentence),
}

impl Subject<'_> {
    /// The place of a flag, if the entry has it.
    pub(super) fn flag(&self, flag: Flag) -> Option<Span> {
        self.settings.flags.as_ref().and_then(|flags| flags.at(flag))
    }

    /// The place of a word of `type`, if the entry has it.
    pub(super) fn is(&self, word: Type) -> Option<Span> {
        self.settings.types.as_ref().and_then(|types| types.at(word))
    }

    /// The line of an attribute that stands once, if the entry has it.
    pub(super) fn line(&self, attribute: Attribute) -> Option<Span> {
        self.settings.seen.get(&attribute).map(|line| line.at)
    }
}

/// What the entry offers; `None` when portreeve does not serve it or it cannot be told.
pub(super) fn of(subject: &Subject<'_>, report: &mut Report<'_>) -> Option<Kind> {
    let foreign = unserved(subject, report);
    let kind = offered(subject, report);
    if foreign {
        return None;
    }
    required(subject, kind, report);
    kind
}

fn away(code: Code, at: Span, message: impl Into<String>) -> Diagnostic {
    error(code, at, message).help(format!("{SWITCH_OFF} and leave this service to another server"))
}

/// Names everything the entry needs that portreeve does not do. Whether there is anything is
/// returned rather than counted: in a disabled entry nothing is an error.
fn unserved(subject: &Subject<'_>, report: &mut Report<'_>) -> bool {
    let mut found: Vec<Diagnostic> = Vec::new();
    for (word, code, what) in [
        (Type::Rpc, codes::UNSERVED_RPC, "RPC services"),
        (Type::Tcpmux, codes::UNSERVED_TCPMUX, "TCPMUX services"),
        (Type::Special, codes::UNSERVED_SPECIAL, "`type = SPECIAL`"),
    ] {
        let at = subject.is(word);
        found.extend(at.map(|at| away(code, at, format!("portreeve does not serve {what}"))));
    }
    for (flag, code, what) in [
        (Flag::Intercept, codes::UNSERVED_INTERCEPT, "INTERCEPT"),
        (Flag::Labeled, codes::UNSERVED_LABELED, "LABELED"),
    ] {
        let at = subject.flag(flag);
        let message = format!("portreeve does not serve `flags = {what}`");
        found.extend(at.map(|at| error(code, at, message).help("remove the flag")));
    }
    if let Some(at) = subject.line(Attribute::Redirect) {
        found.push(away(codes::UNSERVED_REDIRECT, at, "portreeve does not redirect"));
    }
    found.extend(socket(subject));
    found.extend(mdns(subject));
    found.extend(rpc(subject));
    let any = found.iter().any(|finding| finding.level == Level::Error);
    found.into_iter().for_each(|finding| report.push(finding));
    any
}

/// Socket type, protocol and `wait`: only streams over TCP that portreeve accepts itself.
fn socket(subject: &Subject<'_>) -> Option<Diagnostic> {
    let settings = subject.settings;
    let kind = settings.socket_type.as_ref();
    if let Some(kind) = kind.filter(|kind| kind.value == SocketType::Other) {
        let message = "portreeve serves stream services alone";
        return Some(away(codes::UNSERVED_SOCKET_TYPE, kind.at, message));
    }
    if let Some(protocol) = &settings.protocol {
        let shown = quote(&protocol.text);
        let at = protocol.at;
        match (protocol.text.to_ascii_lowercase().as_str(), kind) {
            ("tcp", _) => {}
            ("udp", None) => {
                let message = "portreeve serves stream services alone";
                return Some(away(codes::UNSERVED_SOCKET_TYPE, at, message));
            }
            ("udp", Some(kind)) => {
                let message = "`protocol = udp` contradicts `socket_type = stream`";
                return Some(
                    error(codes::SOCKET_PROTOCOL, at, message)
                        .also(kind.at, "stream here")
                        .help("write `protocol = tcp`"),
                );
            }
            ("tcp6" | "tcp4", _) => {
                let message = format!("{shown} is no protocol");
                let help = "write `protocol = tcp`, and `flags = IPv6` or `IPv4`";
                return Some(error(codes::BAD_VALUE, at, message).help(help));
            }
            _ => {
                let message = format!("portreeve does not serve the protocol {shown}");
                return Some(away(codes::UNSERVED_PROTOCOL, at, message));
            }
        }
    }
    settings.wait.as_ref().filter(|wait| wait.value).map(|wait| {
        let message = "portreeve does not serve `wait = yes`";
        away(codes::UNSERVED_WAIT, wait.at, message)
            .help("or write `wait = no`, if the server takes an accepted connection")
    })
}

fn mdns(subject: &Subject<'_>) -> Option<Diagnostic> {
    let mdns = subject.settings.mdns.as_ref()?;
    Some(match mdns.value {
        true => error(codes::UNSERVED_MDNS, mdns.at, "portreeve does not announce services")
            .help("remove the line"),
        false => note(codes::UNSERVED_MDNS, mdns.at, "portreeve never announces services")
            .help("remove the line"),
    })
}

fn rpc(subject: &Subject<'_>) -> Option<Diagnostic> {
    let number = subject.line(Attribute::RpcNumber).or(subject.line(Attribute::RpcVersion))?;
    let alone = subject.is(Type::Rpc).is_none();
    let message = "this line does nothing without `type = RPC`";
    alone.then(|| warning(codes::INERT, number, message).help("remove it"))
}

fn offered(subject: &Subject<'_>, report: &mut Report<'_>) -> Option<Kind> {
    let internal = subject.is(Type::Internal);
    let deny_time = subject.settings.deny_time.as_ref();
    if let Some(sensor) = subject.flag(Flag::Sensor) {
        if internal.is_none() {
            let message = "`flags = SENSOR` needs `type = INTERNAL`";
            let help = "add `type = INTERNAL`";
            report.push(error(codes::SENSOR_INTERNAL, sensor, message).help(help));
            return None;
        }
        if subject.line(Attribute::DenyTime).is_none() {
            let message = "this sensor only records who touches it";
            let help =
                "write `deny_time = 60` to shut them out for an hour, or `deny_time = NEVER`";
            report.push(warning(codes::SENSOR_NEVER, sensor, message).help(help));
        }
        return Some(Kind::Sensor(deny_time.map_or(Sentence::Never, |time| time.value)));
    }
    if let Some(line) = subject.line(Attribute::DenyTime) {
        let message = "`deny_time` denies nothing without `flags = SENSOR`";
        report
            .push(error(codes::DENY_TIME, line, message).help("add the flag, or remove the line"));
    }
    let Some(at) = internal else { return Some(Kind::Program) };
    // A datagram or RPC service has been named already.
    let stream =
        subject.settings.socket_type.as_ref().is_none_or(|t| t.value == SocketType::Stream);
    match subject.name.text.to_ascii_lowercase().as_str() {
        "echo" => return Some(Kind::Echo),
        name @ ("discard" | "chargen" | "daytime" | "time" | "tcpmux") => {
            let message = format!("portreeve does not serve the internal service `{name}`");
            report.push(away(codes::UNSERVED_INTERNAL, at, message));
        }
        name if stream => {
            let message = format!("there is no internal service {}", quote(name));
            let meant = report.nearest(name, ["echo", "discard", "chargen", "daytime", "time"]);
            let help = match meant {
                Some(meant) => format!("did you mean `service {meant}`?"),
                None => "remove `INTERNAL`, and name the program with `server`".to_owned(),
            };
            report.push(error(codes::INTERNAL_UNKNOWN, at, message).help(help));
        }
        _ => {}
    }
    None
}

/// Attributes an entry cannot do without.
fn required(subject: &Subject<'_>, kind: Option<Kind>, report: &mut Report<'_>) {
    let set = |attribute| subject.line(attribute).is_some();
    let program = kind == Some(Kind::Program);
    for (attribute, needed, edit) in [
        (Attribute::SocketType, !set(Attribute::Protocol), "socket_type = stream"),
        (Attribute::Wait, true, "wait = no"),
        (Attribute::User, program, "user = NAME"),
        (Attribute::Server, program, "server = PATH"),
        (Attribute::Port, subject.is(Type::Unlisted).is_some(), "port = NUMBER"),
    ] {
        if needed && !set(attribute) {
            let message = format!("{attribute} is missing in {}", quote(&subject.name.text));
            let help = format!("add `{edit}`");
            report.push(error(codes::MISSING, subject.header, message).help(help));
        }
    }
}
