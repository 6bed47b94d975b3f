//! The program behind a service, and the name TCP Wrappers would know it by.

use super::kind::Kind;
use super::{Context, Subject};
use crate::xinetd::attribute::Attribute;
use crate::xinetd::report::{Report, error, note};
use crate::xinetd::settings::{Edit, Settings};
use crate::xinetd::value::word::Flag;
use crate::xinetd::{Daemon, codes, merge};
use portreeve_diag::Span;
use portreeve_model::{
    Argv0, Environment, EnvironmentBase, Groups, Principal, Program, ResourceLimit, Stderr, Syslog,
};

/// The program, if the entry has one.
pub(super) fn of(
    cx: &Context<'_>,
    subject: &Subject<'_>,
    kind: Kind,
    report: &mut Report<'_>,
) -> Option<Program> {
    let (argv0, args) = arguments(subject, kind, report);
    let environment = environment(cx, subject, report);
    if kind != Kind::Program {
        inert(subject, report);
        return None;
    }
    let settings = subject.settings;
    let user = settings.user.as_ref()?.value.clone();
    let own_group = settings.group.as_ref().map(|group| group.value.clone());
    let groups = settings.groups.as_ref().or_else(|| cx.defaults.first(|s| &s.groups));
    let umask = settings.umask.as_ref().or_else(|| cx.defaults.first(|s| &s.umask));
    let limit = |(resource, limit): &(_, _)| ResourceLimit {
        resource: *resource,
        soft: *limit,
        hard: *limit,
    };
    Some(Program {
        path: settings.server.as_ref()?.value.clone(),
        argv0,
        args,
        // A numeric user's group is the same number, whatever the user database says.
        group: own_group.or(match &user {
            Principal::Number(number) => Some(Principal::Number(*number)),
            Principal::Name(_) => None,
        }),
        user: Some(user),
        groups: if groups.is_some_and(|g| g.value) { Groups::OfUser } else { Groups::None },
        umask: umask.map(|umask| umask.value),
        nice: settings.nice.as_ref().map(|nice| nice.value),
        limits: settings.limits.iter().map(limit).collect(),
        environment,
        directory: None,
        chroot: None,
        no_new_privs: false,
        new_session: true,
        stderr: Stderr::Socket,
        syslog: Syslog::Host,
    })
}

/// argv[0] and the arguments. `NAMEINARGS` counts wherever it stands.
fn arguments(subject: &Subject<'_>, kind: Kind, report: &mut Report<'_>) -> (Argv0, Vec<String>) {
    let settings = subject.settings;
    let args = settings.server_args.as_ref();
    let words = args.map_or(Vec::new(), |args| args.value.clone());
    let Some(flag) = subject.flag(Flag::NameInArgs) else { return (Argv0::BaseName, words) };
    if kind != Kind::Program {
        let message = "`NAMEINARGS` on an internal service";
        report.push(error(codes::NAMEINARGS, flag, message).help("remove the flag"));
    } else if args.is_none() {
        let message = "`NAMEINARGS` needs `server_args`, whose first word is the name";
        report
            .push(error(codes::NAMEINARGS, flag, message).help("add the line, or remove the flag"));
    }
    if let Some(args) = args.filter(|args| args.at.file == flag.file && args.at.start < flag.start)
    {
        let message = "`NAMEINARGS` after `server_args` crashes in xinetd";
        let help = "move `flags` before `server_args` to please xinetd too";
        report.push(note(codes::NAMEINARGS_LATE, flag, message).also(args.at, "these").help(help));
    }
    match words.split_first() {
        Some((name, rest)) => (Argv0::Given(name.clone()), rest.to_vec()),
        None => (Argv0::BaseName, Vec::new()),
    }
}

fn environment(cx: &Context<'_>, subject: &Subject<'_>, report: &mut Report<'_>) -> Environment {
    let Settings { env, passenv, .. } = subject.settings;
    let passed = merge::service(Attribute::Passenv, cx.defaults.passenv.as_ref(), passenv, report);
    let base = match passed {
        Some(names) => {
            EnvironmentBase::Pass(names.items.into_iter().map(|name| name.value).collect())
        }
        None => EnvironmentBase::Inherit,
    };
    let set = merge::service(Attribute::Env, None, env, report);
    let set = set.map_or(Vec::new(), |set| set.items.into_iter().map(|pair| pair.value).collect());
    Environment { base, set, local_and_port: false, tcp: false }
}

/// What an internal service has no use for. `user` is often there and means nothing.
fn inert(subject: &Subject<'_>, report: &mut Report<'_>) {
    for attribute in [Attribute::Server, Attribute::ServerArgs, Attribute::Nice] {
        if let Some(line) = subject.line(attribute) {
            let message = format!("{attribute} does nothing for an internal service");
            report.push(note(codes::INERT, line, message).help("remove the line"));
        }
    }
    if let Some(Edit { at, .. }) = subject.settings.env.first() {
        let message = "`env` does nothing for an internal service";
        report.push(note(codes::INERT, *at, message).help("remove the line"));
    }
}

/// The daemon name by which TCP Wrappers are asked, unless `NOLIBWRAP` says not to.
pub(super) fn libwrap(
    subject: &Subject<'_>,
    kind: Kind,
    report: &mut Report<'_>,
) -> Option<Daemon> {
    let settings = subject.settings;
    let own = settings.libwrap.as_ref();
    if let Some(flag) = subject.flag(Flag::NoLibwrap) {
        if let Some(word) = own {
            let message = "`libwrap` does nothing under `NOLIBWRAP`";
            let finding = note(codes::INERT, word.at, message).also(flag, "said here");
            report.push(finding.help("remove the line, or the flag"));
        }
        return None;
    }
    let daemon = |name: &str, at: Span| Daemon { name: name.to_owned(), at };
    let base = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    match (kind, own) {
        // A sensor records and refuses before anybody is asked.
        (Kind::Sensor(_), Some(word)) => {
            let message = "`libwrap` does nothing for a sensor";
            report.push(note(codes::INERT, word.at, message).help("remove the line"));
            None
        }
        (Kind::Sensor(_), None) => None,
        (_, Some(word)) => Some(daemon(&word.text, word.at)),
        (Kind::Echo, None) => Some(daemon(&subject.name.text, subject.name.at)),
        (Kind::Program, None) => {
            let named = subject.flag(Flag::NameInArgs).and(settings.server_args.as_ref());
            let first = named.and_then(|args| args.value.first().map(|word| (word, args.at)));
            let server = settings.server.as_ref().map(|server| (&server.value, server.at));
            first.or(server).map(|(path, at)| match base(path).as_str() {
                // a folder, which cannot be run: the service has a name all the same
                "" => daemon(&subject.name.text, subject.name.at),
                name => daemon(name, at),
            })
        }
    }
}
