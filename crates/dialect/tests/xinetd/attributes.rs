//! Reference, sections 4.1, 8, 11 and 15: attributes and their values.

use crate::support::{lines, only, service};
use portreeve_model::{
    Argv0, EnvironmentBase, Groups, Ident, Limit, LogTarget, Offer, Principal, Program, Resource,
    SourceWidth, Stderr,
};

fn program(lines: &str) -> Program {
    program_in(&service(lines))
}

fn program_in(text: &str) -> Program {
    match only(text).offer {
        Offer::Program(program) => *program,
        other @ (Offer::Internal(_) | Offer::Trap(_)) => panic!("{other:?}"),
    }
}

/// Values that xinetd rejects, or takes for something else.
const BAD_VALUES: &str = "\
    instances = -5 | instances = 5k | instances = 5.5 | instances = 99999999999 | \
    per_source = many | cps = 5 -3 | cps = 5 x | max_load = 0 | max_load = 0.001 | max_load = -1 | \
    max_load = 2x | max_load = . | max_load = 99999999 | umask = 1777 | umask = 8 | umask = 0x1f | \
    nice = low | nice = 99999999999 | user = a:b | user = -x | user = 4294967295 | group = a,b | \
    groups = maybe | disable = true | wait = single | port = 65536 | port = 22.0 | port = 0x16 | \
    rlimit_as = 1G | rlimit_cpu = 10k | rlimit_files = -1 | rlimit_stack = 1kk | rlimit_data = k | \
    rlimit_rss = 99999999999999999999 | env = A | env = =b | passenv = A=b | \
    log_on_success = HOST FOO | log_on_failure = PID | v6only = 1 | flags = DISABLE | \
    type = NONE | deny_time = 0 | deny_time = -5 | deny_time = soon | socket_type = tcp | \
    protocol = tcp6 | mdns = x";

#[test]
fn a_value_an_attribute_does_not_take_is_an_error() {
    for row in BAD_VALUES.split(" | ") {
        // An attribute that the text around it sets already is put in its place.
        let name = row.split(' ').next().unwrap();
        let text = service("");
        let text = match text.lines().find(|line| line.trim_start().starts_with(name)) {
            Some(line) => text.replace(line, row),
            None => service(row),
        };
        let outcome = crate::support::Outcome::text(&text);
        let codes = outcome.codes();
        assert!(codes.contains(&"error xinetd-bad-value".to_owned()), "{row}: {codes:?}");
        assert!(outcome.loaded.services.is_empty(), "{row}");
    }
}

#[test]
fn odd_values_that_do_no_harm_are_told_apart() {
    lines(&[
        ("nice = 30", &["warning xinetd-nice-range"]),
        ("nice = -100", &["warning xinetd-nice-range"]),
        ("max_load = 2.555", &["note xinetd-load-rounded"]),
        ("max_load = 2.500", &[]),
        ("cps = 0 10", &["note xinetd-cps-off"]),
        ("instances = 0", &["warning xinetd-refuses-all"]),
        ("per_source = 0", &["warning xinetd-refuses-all"]),
        ("instances = +5", &[]),
        ("access_times = 8:00-24:00", &["warning xinetd-times-midnight"]),
        ("access_times = 8:00-9:00 22:00-6:00", &["warning xinetd-times-midnight"]),
        ("access_times = :30-9:00", &["note xinetd-times-empty-number"]),
        ("rpc_version = 2", &["warning xinetd-inert"]),
        ("mdns = no", &["note xinetd-unserved-mdns"]),
        ("flags = REUSE NORETRY", &[]),
    ]);
}

#[test]
fn paths_are_absolute() {
    lines(&[
        ("banner = motd", &["error xinetd-relative-path"]),
        ("banner_fail = ./no", &["error xinetd-relative-path"]),
        ("log_type = FILE servicelog", &["error xinetd-relative-path"]),
    ]);
    let relative = service("").replace("/usr/sbin/sshd", "sshd");
    crate::support::table(&[(relative.as_str(), &["error xinetd-relative-path"])]);
}

#[test]
fn the_child_is_set_up_as_xinetd_does() {
    let plain = program("");
    assert_eq!(plain.path, "/usr/sbin/sshd");
    assert_eq!((plain.argv0, plain.args), (Argv0::BaseName, vec![]));
    assert_eq!(plain.user, Some(Principal::Name("root".into())));
    assert_eq!((plain.group, plain.groups), (None, Groups::None));
    assert_eq!((plain.umask, plain.nice, plain.limits), (None, None, vec![]));
    assert_eq!(plain.environment.base, EnvironmentBase::Inherit);
    assert!(!plain.environment.local_and_port && plain.new_session && !plain.no_new_privs);
    assert_eq!((plain.stderr, plain.directory, plain.chroot), (Stderr::Socket, None, None));
}

#[test]
fn what_the_child_gets_is_what_the_lines_say() {
    let rich = program(
        "group = 7\ngroups = yes\numask = 027\nnice = -5\nrlimit_as = 8M\nrlimit_cpu = 20\n\
         rlimit_files = 64\nrlimit_data = UNLIMITED\nrlimit_rss = 1k\nrlimit_stack = 2\n\
         server_args = -i -o X=y\nenv = A=b C=\nenv += A=c\npassenv = PATH HOME\npassenv -= path",
    );
    assert_eq!(rich.group, Some(Principal::Number(7)));
    assert_eq!((rich.groups, rich.umask, rich.nice), (Groups::OfUser, Some(0o27), Some(-5)));
    assert_eq!(rich.args, ["-i", "-o", "X=y"]);
    let set: Vec<_> = rich.environment.set.iter().map(|(n, v)| format!("{n}={v}")).collect();
    assert_eq!(set, ["A=b", "C=", "A=c"]);
    assert_eq!(rich.environment.base, EnvironmentBase::Pass(vec!["HOME".into()]));
    let limits: Vec<_> = rich.limits.iter().map(|l| (l.resource, l.soft, l.hard)).collect();
    let both = |resource, limit| (resource, limit, limit);
    assert_eq!(
        limits,
        [
            both(Resource::AddressSpace, Limit::At(8 << 20)),
            both(Resource::CpuTime, Limit::At(20)),
            both(Resource::OpenFiles, Limit::At(64)),
            both(Resource::Data, Limit::Unlimited),
            both(Resource::ResidentSet, Limit::At(1024)),
            both(Resource::Stack, Limit::At(2)),
        ]
    );
}

#[test]
fn an_empty_passenv_passes_nothing_and_a_number_is_user_and_group() {
    assert_eq!(program("passenv =").environment.base, EnvironmentBase::Pass(vec![]));
    let number = program_in(&service("").replace("root", "1000"));
    assert_eq!(number.user, Some(Principal::Number(1000)));
    assert_eq!(number.group, Some(Principal::Number(1000)));
    let named = program_in(&service("group = mail").replace("root", "1000"));
    assert_eq!(named.group, Some(Principal::Name("mail".into())));
}

#[test]
fn nameinargs_counts_wherever_it_stands() {
    for (text, codes) in [
        ("flags = NAMEINARGS\nserver_args = tcpd -i", &[] as &[&str]),
        ("server_args = tcpd -i\nflags = NAMEINARGS", &["note xinetd-nameinargs-late"]),
    ] {
        lines(&[(text, codes)]);
        let program = program(text);
        assert_eq!(program.argv0, Argv0::Given("tcpd".into()));
        assert_eq!(program.args, ["-i"]);
    }
    lines(&[("flags = NAMEINARGS", &["error xinetd-nameinargs"])]);
}

#[test]
fn limits_and_hours_are_kept_exactly() {
    let service = only(&service(
        "instances = 5\nper_source = 3\ncps = 30 7\nmax_load = 2.5\n\
         access_times = 08:00-15:25 22:00-23:59",
    ));
    let admission = service.admission;
    assert_eq!(admission.instances.map(|n| n.value), Some(5));
    let per_source = admission.per_source.map(|n| n.value);
    assert_eq!(per_source.map(|p| (p.max, p.width)), Some((3, SourceWidth::EXACT)));
    let rate = admission.rate.map(|r| r.value).unwrap();
    assert_eq!((rate.connections, rate.per.as_secs(), rate.pause.as_secs()), (30, 1, 7));
    assert_eq!(admission.load.map(|l| l.value.0), Some(250));
    let hours = admission.hours.unwrap();
    let ranges: Vec<_> = hours.ranges.iter().map(|r| (r.from, r.to)).collect();
    assert_eq!(ranges, [(480, 926), (1320, 1440)]);
    assert_eq!(hours.zone.name, "UTC", "the host's zone");
}

#[test]
fn an_unset_cps_is_xinetds_own() {
    let rate = only(&service("")).admission.rate.unwrap().value;
    assert_eq!((rate.connections, rate.per.as_secs(), rate.pause.as_secs()), (50, 1, 10));
}

#[test]
fn logs_go_where_they_are_told() {
    let target = |line: &str| only(&service(line)).log.target;
    let file = |soft, hard| LogTarget::File { path: "/l".into(), soft, hard };
    assert_eq!(target(""), LogTarget::None);
    assert_eq!(target("log_type = FILE /l"), file(None, None));
    assert_eq!(target("log_type = FILE /l 1k"), file(Some(1024), Some(1024 + 5120)));
    assert_eq!(target("log_type = FILE /l 1m"), file(Some(1 << 20), Some((1 << 20) + 10485)));
    assert_eq!(target("log_type = file /l 9m 9m"), file(Some(9 << 20), Some(9 << 20)));
    for (line, facility, severity) in [
        ("log_type = SYSLOG daemon", "daemon", "info"),
        ("log_type = syslog LOCAL7 Debug", "local7", "debug"),
    ] {
        let LogTarget::Syslog { facility: f, severity: s } = target(line) else { panic!("{line}") };
        assert_eq!((f.name(), s.name()), (facility, severity));
    }
    for line in [
        "log_type = SYSLOG",
        "log_type = SYSLOG kern",
        "log_type = SYSLOG daemon FOO",
        "log_type = SYSLOG daemon info x",
        "log_type = NONE",
        "log_type = FILE",
        "log_type = FILE /l x",
        "log_type = FILE /l 100 50",
        "log_type = FILE /l 1 2 3",
    ] {
        lines(&[(line, &["error xinetd-bad-log"])]);
    }
}

#[test]
fn ident_is_asked_where_a_record_wants_it() {
    for (text, want) in [
        ("", Ident::No),
        ("log_on_success = HOST", Ident::No),
        ("log_on_success = USERID", Ident::Record),
        ("log_on_failure = USERID", Ident::No),
        ("log_on_success = USERID\nflags = IDONLY", Ident::Require),
    ] {
        assert_eq!(only(&service(text)).log.ident, want, "{text}");
    }
    lines(&[
        ("flags = IDONLY", &["error xinetd-idonly"]),
        ("log_on_failure = USERID HOST", &["note xinetd-inert"]),
        ("flags = IDONLY\nlog_on_failure = USERID", &["error xinetd-idonly", "note xinetd-inert"]),
        ("log_on_success = HOST TRAFFIC", &["error xinetd-traffic"]),
    ]);
    let auth = service("log_on_success = USERID HOST").replace("service ssh", "service auth");
    crate::support::table(&[(auth.as_str(), &["warning xinetd-ident-loop"])]);
    let log = only(&auth).log;
    assert_eq!((log.ident, log.records.success.userid), (Ident::No, false));
    let only_ident = service("log_on_success = USERID\nflags = IDONLY");
    crate::support::table(&[(
        only_ident.replace("service ssh", "service auth").as_str(),
        &["warning xinetd-ident-loop", "error xinetd-idonly"],
    )]);
}
