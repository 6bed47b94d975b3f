//! A loaded service as text: every value, and the place of each that has one.

use portreeve_diag::Sources;
use portreeve_dialect::xinetd::LoadedService;
use portreeve_model::{
    AccessList, Admission, BannerFile, Banners, Bind, Environment, EnvironmentBase, Ident, Listen,
    Offer, Origin, Program, Records, Rule, ServiceLog, Sited, SocketOptions, Stderr,
};
use std::fmt::{Debug, Write as _};

pub(crate) fn service(loaded: &LoadedService, sources: &Sources) -> String {
    let at = Places(sources.paths());
    let service = &loaded.service;
    let mut out = format!("service {} ({})\n", service.key, at.of(service.origin.origin));
    if service.name.as_str() != service.key.as_str() {
        let _ = writeln!(out, "  name {}", service.name);
    }
    for listen in &service.listen {
        let _ = writeln!(out, "  {} ({})", listening(listen), at.of(listen.origin));
    }
    if service.socket != SocketOptions::default() {
        let _ = writeln!(out, "  {:?}", service.socket);
    }
    match &service.offer {
        Offer::Program(program) => self::program(&mut out, program),
        Offer::Internal(internal) => drop(writeln!(out, "  internal {internal:?}")),
        Offer::Trap(trap) => drop(writeln!(out, "  {trap:?}")),
    }
    admission(&mut out, &service.admission, &at);
    banners(&mut out, &service.banners, &at);
    if service.log != ServiceLog::default() {
        let records = records(&service.log.records, service.log.ident);
        let _ = writeln!(out, "  log {:?} {records}", service.log.target);
    }
    let daemon = loaded.libwrap.as_ref().map(|daemon| daemon.name.as_str());
    let _ = writeln!(out, "  libwrap {}", daemon.unwrap_or("-"));
    out
}

struct Places(Vec<String>);

impl Places {
    fn of(&self, origin: Origin) -> String {
        assert_eq!(origin.dialect, portreeve_model::Dialect::Xinetd);
        origin.show(&self.0)
    }
}

fn listening(listen: &Listen) -> String {
    let bind = match &listen.bind {
        Bind::Address(address) => address.to_string(),
        Bind::Host(name) => format!("host {name}"),
    };
    format!("listen {bind} port {} {:?}", listen.port, listen.family)
}

fn program(out: &mut String, program: &Program) {
    let Program { path, argv0, args, user, group, groups, umask, nice, limits, .. } = program;
    let _ = writeln!(out, "  run {path} as {argv0:?} {args:?}");
    let _ = writeln!(out, "  user {user:?} group {group:?} groups {groups:?}");
    if (umask, nice, limits.len()) != (&None, &None, 0) {
        let _ = writeln!(out, "  umask {umask:?} nice {nice:?} limits {limits:?}");
    }
    let Environment { base, set, local_and_port, tcp } = &program.environment;
    if (base, set.len()) != (&EnvironmentBase::Inherit, 0) {
        let _ = writeln!(out, "  environment {base:?} {set:?}");
    }
    let Program { directory, chroot, no_new_privs, new_session, stderr, .. } = program;
    let always = (directory, chroot, no_new_privs, new_session, stderr, local_and_port, tcp);
    assert_eq!(always, (&None, &None, &false, &true, &Stderr::Socket, &false, &false));
}

fn records(records: &Records, ident: Ident) -> String {
    let Records { success: s, failure: f } = records;
    let words = |all: &[(bool, &'static str)]| {
        let set: Vec<_> = all.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
        set.join(" ")
    };
    let served = [
        (s.host, "HOST"),
        (s.duration, "DURATION"),
        (s.exit, "EXIT"),
        (s.pid, "PID"),
        (s.userid, "USERID"),
    ];
    let refused = [(f.host, "HOST"), (f.attempt, "ATTEMPT"), (f.userid, "USERID")];
    format!("served [{}] refused [{}] ident {ident:?}", words(&served), words(&refused))
}

fn admission(out: &mut String, admission: &Admission, at: &Places) {
    if let Some(hours) = &admission.hours {
        for range in &hours.ranges {
            let _ = writeln!(out, "  hours {}..{} ({})", range.from, range.to, at.of(range.origin));
        }
    }
    for list in &admission.lists {
        access(out, list, at);
    }
    sited(out, "rate", admission.rate.as_ref(), at);
    sited(out, "instances", admission.instances.as_ref(), at);
    sited(out, "per-source", admission.per_source.as_ref(), at);
    sited(out, "load", admission.load.as_ref(), at);
    let native = (&admission.startups, &admission.per_source_startups, &admission.grace);
    assert_eq!(native, (&None, &None, &None), "xinetd has no such thing");
}

fn sited<T: Debug>(out: &mut String, what: &str, value: Option<&Sited<T>>, at: &Places) {
    if let Some(sited) = value {
        let _ = writeln!(out, "  {what} {:?} ({})", sited.value, at.of(sited.origin));
    }
}

fn access(out: &mut String, list: &AccessList, at: &Places) {
    let rule = |word: &str, rule: &Rule| {
        let Rule { pattern, text, origin } = rule;
        format!("    {word} {pattern} `{text}` ({})\n", at.of(*origin))
    };
    if let Some(allow) = &list.allow {
        let _ = writeln!(out, "  access, allow list ({})", at.of(allow.origin));
        allow.rules.iter().for_each(|r| out.push_str(&rule("allow", r)));
    } else {
        let _ = writeln!(out, "  access");
    }
    list.deny.iter().for_each(|r| out.push_str(&rule("deny", r)));
}

fn banners(out: &mut String, banners: &Banners, at: &Places) {
    let files: [(&str, &Option<BannerFile>); 3] =
        [("always", &banners.always), ("success", &banners.success), ("failure", &banners.failure)];
    for (what, file) in files {
        if let Some(file) = file {
            let _ = writeln!(out, "  banner {what} {} ({})", file.path, at.of(file.origin));
        }
    }
}
