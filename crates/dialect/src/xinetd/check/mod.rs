//! One service entry, raw to model: everything that concerns the entry as a whole.

mod access;
mod admission;
mod kind;
pub(super) mod listen;
mod log;
mod port;
mod program;

use super::codes;
use super::defaults::Defaults;
use super::lex::Word;
use super::report::{Report, error, quote, warning};
use super::settings::Settings;
use super::value::At;
use crate::Host;
use crate::xinetd::Daemon;
use kind::Kind;
use portreeve_diag::{Sources, Span};
use portreeve_model::{
    BannerFile, Banners, Dialect, Ends, Internal, KeepAlive, Listen, Offer, Origin, Refusals,
    Service, ServiceKey, ServiceName, Sited, SocketOptions, Trap,
};
use std::collections::HashSet;

/// What all entries share.
pub(super) struct Context<'a> {
    pub(super) sources: &'a Sources,
    pub(super) host: &'a Host<'a>,
    pub(super) defaults: &'a Defaults,
    /// Pairs of list items already reported: services that inherit them have them in common.
    pub(super) overlaps: HashSet<(Span, Span)>,
    /// Access rules so far.
    pub(super) rules: usize,
}

/// One entry to be checked.
pub(super) struct Subject<'a> {
    /// `NAME` of `service NAME`.
    pub(super) name: &'a Word,
    /// Its `id`, else its name.
    pub(super) id: &'a Word,
    /// `service NAME`
    pub(super) header: Span,
    pub(super) settings: &'a Settings,
}

/// A service that lacks only its key.
pub(super) struct Draft {
    pub(super) at: Span,
    pub(super) service: Service,
    pub(super) libwrap: Option<Daemon>,
    /// Places of the listening addresses, in their order.
    pub(super) listen_at: Vec<Span>,
}

impl Context<'_> {
    pub(super) fn origin(&self, at: Span) -> Origin {
        let (line, column) = self.sources.line_column(at);
        Origin { file: at.file.0, line, column, dialect: Dialect::Xinetd }
    }

    fn sited<T>(&self, value: T, at: Span) -> Sited<T> {
        Sited::new(value, self.origin(at))
    }
}

/// Checks an entry; all its findings are made, whether or not a service comes of it.
pub(super) fn service(
    cx: &mut Context<'_>,
    subject: &Subject<'_>,
    report: &mut Report<'_>,
) -> Option<Draft> {
    let before = report.errors();
    let kind = kind::of(subject, report)?;
    let name = name(subject, report);
    let port = port::of(cx, subject, report);
    let listening = port.map(|port| listen::of(cx, subject, port, report));
    let program = program::of(cx, subject, kind, report);
    let log = log::of(cx, subject, port, report);
    let admission = admission::of(cx, subject, kind, report);
    let offer = match kind {
        Kind::Echo => Offer::Internal(Internal::Echo),
        Kind::Sensor(sentence) => Offer::Trap(Trap { sentence }),
        Kind::Program => Offer::Program(Box::new(program?)),
    };
    let name = name?;
    let listening = listening?;
    if report.errors() > before {
        return None;
    }
    let (listen, listen_at): (Vec<Listen>, Vec<Span>) = listening.into_iter().unzip();
    let key: ServiceKey = name.as_str().parse().ok()?;
    let service = Service {
        key,
        name,
        listen,
        socket: socket(subject),
        offer,
        admission,
        banners: banners(cx, subject),
        refusals: Refusals::default(),
        ends: Ends::default(),
        log,
        origin: cx.sited((), subject.name.at),
    };
    let libwrap = program::libwrap(subject, kind, report);
    Some(Draft { at: subject.name.at, service, libwrap, listen_at })
}

/// Logs, metrics and directories call a service by its id.
fn name(subject: &Subject<'_>, report: &mut Report<'_>) -> Option<ServiceName> {
    // xinetd's two invisible services of these names let it forget every check.
    if subject.name.is("logging") || subject.name.is("intercept") {
        let message =
            format!("in xinetd no check applies to a service called {}", quote(&subject.name.text));
        report.push(
            warning(codes::RESERVED_NAME, subject.name.at, message)
                .help("here they all apply; give it another name and `type = UNLISTED`"),
        );
    }
    match subject.id.text.parse::<ServiceName>() {
        Ok(name) => Some(name),
        Err(bad) => {
            let message = format!("{} is no name for a service: {bad}", quote(&subject.id.text));
            report.push(
                error(codes::NAME, subject.id.at, message)
                    .help("write `id = NAME` with letters, digits, `.`, `_`, `-` and `+`"),
            );
            None
        }
    }
}

fn socket(subject: &Subject<'_>) -> SocketOptions {
    use super::value::word::Flag;
    let set = |flag| subject.flag(flag).is_some();
    SocketOptions {
        keepalive: match set(Flag::KeepAlive) {
            true => KeepAlive::System,
            false => KeepAlive::Off,
        },
        nodelay: set(Flag::NoDelay),
        ..SocketOptions::default()
    }
}

fn banners(cx: &Context<'_>, subject: &Subject<'_>) -> Banners {
    let file = |get: fn(&Settings) -> &Option<At<String>>| {
        let path = get(subject.settings).as_ref().or_else(|| cx.defaults.first(get));
        path.map(|path| BannerFile { path: path.value.clone(), origin: cx.origin(path.at) })
    };
    Banners {
        always: file(|s| &s.banner),
        success: file(|s| &s.banner_success),
        failure: file(|s| &s.banner_fail),
    }
}
