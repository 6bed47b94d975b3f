//! Configurations of every shape the model has.

mod bans;
mod judges;

use portreeve_model::{
    AccessList, AddressRange, Admission, AllowList, Argv0, Authentication, BannerFile, Banners,
    Bind, Config, Delayed, Dialect, DnsList, DnsLists, DnsZone, Ends, Environment, EnvironmentBase,
    EventTargets, EvidenceBounds, Facility, FailureFields, Family, Groups, HostPattern, HourRange,
    Hours, Ident, Internal, KeepAlive, Limit, Listen, Load, LogRotation, LogTarget, Network, Offer,
    Origin, Pattern, PerSource, Principal, Probes, Program, Rate, Records, Refusals, Refuse,
    Resource, ResourceLimit, Rule, Sentence, Service, ServiceLog, Settings, Severity, Sited,
    SocketOptions, SourceWidth, Startups, Stderr, StderrFormat, SuccessFields, Trap, Watcher,
    WhenUnknown, Zone,
};
use portreeve_model::{
    Asked, Finish, Kept, KeptLog, MissingRules, OnStop, Parting, Restart, RulesUse, Signal, Source,
    SourceFile, SourceId, SourceKind, Syslog, WrappersUse,
};
use portreeve_model::{
    FilterText, Journal, JournalPlace, JournalTerm, Start, UseDns, Watch, WatchFile,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

const HERE: Origin = Origin { file: 0, line: 3, column: 1, dialect: Dialect::Xinetd };

fn sited<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Sited<T>> {
    value.prop_map(|value| Sited::new(value, HERE))
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (1u64..100_000).prop_map(Duration::from_millis),
        (1u64..100_000).prop_map(Duration::from_secs),
        (1u64..36_500).prop_map(|days| Duration::from_secs(days * 86_400)),
    ]
}

/// Any text without NUL, odd characters among it.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,12}", "\\PC{0,6}", "[\u{1}-\u{1f}\"\\\\\u{7f}-\u{9f}\u{202e}#=]{0,6}"]
}

fn path() -> impl Strategy<Value = String> {
    text().prop_map(|text| format!("/p{}x", text))
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from(bits))),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from(bits))),
    ]
}

fn network() -> impl Strategy<Value = Pattern> {
    (address(), 0u8..=128).prop_map(|(address, length)| {
        let length = if address.is_ipv4() { length.min(32) } else { length };
        Pattern::Network(Network::new(address, length).unwrap())
    })
}

fn pattern() -> impl Strategy<Value = Pattern> {
    prop_oneof![
        3 => network(),
        1 => (network(), network()).prop_map(|(one, other)| match (&one, &other) {
            (Pattern::Network(a), Pattern::Network(b)) => {
                let (a, b) = (a.address(), b.address());
                AddressRange::new(a.min(b), a.max(b)).map_or(one, Pattern::Range)
            }
            _ => one,
        }),
        1 => "\\.?[a-z][a-z0-9-]{0,8}\\.org".prop_map(|name| {
            Pattern::Host(HostPattern::parse(&name).unwrap())
        }),
    ]
}

fn rule(pattern: impl Strategy<Value = Pattern>) -> impl Strategy<Value = Rule> {
    pattern.prop_map(|pattern| Rule { text: pattern.to_string(), pattern, origin: HERE })
}

fn access() -> impl Strategy<Value = AccessList> {
    let allow = of(vec(rule(pattern()), 0..4));
    (allow, vec(rule(pattern()), 0..4)).prop_map(|(allow, deny)| AccessList {
        dialect: Dialect::Xinetd,
        allow: allow.map(|rules| AllowList { rules, origin: HERE }),
        deny,
    })
}

fn hours() -> impl Strategy<Value = Hours> {
    let range =
        (0u16..1440, 1u16..=1440).prop_map(|(from, to)| HourRange { from, to, origin: HERE });
    let zone = select(vec!["local", "UTC", "Europe/Paris"]);
    (vec(range, 0..3), zone).prop_map(|(ranges, name)| Hours {
        ranges,
        zone: Zone { name: name.into(), offsets: Vec::new() },
        origin: HERE,
    })
}

fn per_source() -> impl Strategy<Value = Sited<PerSource>> {
    let width = prop_oneof![
        Just(SourceWidth::DEFAULT),
        Just(SourceWidth::EXACT),
        (0u8..=32, 0u8..=128).prop_map(|(v4, v6)| SourceWidth { v4, v6 }),
    ];
    sited((any::<u32>(), width).prop_map(|(max, width)| PerSource { max, width }))
}

fn startups() -> impl Strategy<Value = Startups> {
    (0u32..500, 1u32..=100, 1u32..500).prop_map(|(start, rate, more)| Startups {
        start,
        rate,
        full: start + more,
    })
}

fn dns_lists() -> impl Strategy<Value = DnsLists> {
    let answer = || any::<[u8; 3]>().prop_map(|[a, b, c]| Ipv4Addr::new(127, a, b, c));
    let range = (answer(), answer()).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let name = "[a-z][a-z0-9-]{0,8}[a-z0-9](\\.[a-z]{1,9}){0,3}";
    let zone = (name, vec(range, 0..4)).prop_map(|(name, codes)| DnsZone { name, codes });
    let unknown = || prop_oneof![Just(WhenUnknown::Pass), Just(WhenUnknown::Refuse)];
    let list = |(zone, when_unknown)| DnsList { zone, when_unknown, origin: HERE };
    let deny = vec((zone.clone(), unknown()).prop_map(list), 0..4);
    let except = vec((zone, Just(WhenUnknown::Pass)).prop_map(list), 0..3);
    (deny, except).prop_map(|(deny, except)| DnsLists { deny, except })
}

fn admission() -> impl Strategy<Value = Admission> {
    let rate = (1u32.., duration(), duration()).prop_map(|(connections, per, pause)| Rate {
        connections,
        per,
        pause,
    });
    (
        of(hours()),
        vec(access(), 0..3),
        of(sited(rate)),
        of(sited(any::<u32>())),
        of(per_source()),
        of(sited(any::<u32>().prop_map(Load))),
        dns_lists(),
    )
        .prop_map(|(hours, lists, rate, instances, per_source, load, dns_lists)| Admission {
            hours,
            lists,
            dns_lists,
            rate,
            instances,
            per_source,
            load,
            ..Admission::default()
        })
}

fn authenticated(admission: Admission) -> impl Strategy<Value = Admission> {
    let authentication = prop_oneof![
        Just(Authentication::None),
        (3i32..32).prop_map(Authentication::Notify),
        select(Watcher::ALL.to_vec()).prop_map(|(_, it)| Authentication::Watch(it)),
    ];
    (of(sited(startups())), of(per_source()), of(sited(duration())), authentication).prop_map(
        move |(startups, per_source_startups, grace, authentication)| Admission {
            startups,
            per_source_startups,
            grace,
            authentication,
            ..admission.clone()
        },
    )
}

fn principal() -> impl Strategy<Value = Principal> {
    prop_oneof![
        "[a-z_][a-z0-9_.$-]{0,8}".prop_map(Principal::Name),
        (0u32..u32::MAX).prop_map(Principal::Number),
    ]
}

fn limits() -> impl Strategy<Value = Vec<ResourceLimit>> {
    let limit = || prop_oneof![Just(Limit::Unlimited), any::<u64>().prop_map(Limit::At)];
    let sizes = prop_oneof![
        (0u32..16, 0u32..50).prop_map(|(n, shift)| Limit::At(u64::from(n) << shift)),
        limit(),
    ];
    let one = (select(Resource::ALL.to_vec()), sizes, limit()).prop_map(|((resource, _), a, b)| {
        let (soft, hard) = match (a, b) {
            (Limit::At(a), Limit::At(b)) => (Limit::At(a.min(b)), Limit::At(a.max(b))),
            (Limit::Unlimited, Limit::At(b)) => (Limit::At(b), Limit::Unlimited),
            fine => fine,
        };
        ResourceLimit { resource, soft, hard }
    });
    vec(one, 0..4).prop_map(|mut limits| {
        let mut seen = std::collections::HashSet::new();
        limits.retain(|limit| seen.insert(limit.resource));
        limits
    })
}

fn environment() -> impl Strategy<Value = Environment> {
    let name = || prop_oneof![Just("PATH".to_owned()), "[A-Za-z_ #.\"]{1,6}"];
    let base = prop_oneof![
        Just(EnvironmentBase::Inherit),
        Just(EnvironmentBase::Empty),
        vec(name(), 0..3).prop_map(EnvironmentBase::Pass),
    ];
    let path = ("PATH".to_owned(), "/usr/sbin:/usr/bin:/sbin:/bin".to_owned());
    let set = prop_oneof![vec((name(), text()), 0..4), Just(vec![path])];
    (base, set, any::<bool>(), any::<bool>())
        .prop_map(|(base, set, local_and_port, tcp)| Environment { base, set, local_and_port, tcp })
}

fn program() -> impl Strategy<Value = Program> {
    let groups = prop_oneof![
        Just(Groups::None),
        Just(Groups::OfUser),
        vec(principal(), 0..3).prop_map(Groups::List),
    ];
    let words = (path(), of(text()), vec(text(), 0..4));
    let ids = (of(principal()), of(principal()), groups, of(0u32..=0o777), of(-20i32..=19));
    let rest = (limits(), environment(), of(path()), of(path()), any::<[bool; 4]>());
    (words, ids, rest).prop_map(|((path, argv0, args), ids, rest)| {
        let (user, group, groups, umask, nice) = ids;
        let (limits, environment, directory, chroot, [no_new_privs, new_session, socket, private]) =
            rest;
        Program {
            path,
            argv0: argv0.map_or(Argv0::BaseName, Argv0::Given),
            args,
            user,
            group,
            groups,
            umask,
            nice,
            limits,
            environment,
            directory,
            chroot,
            no_new_privs,
            new_session,
            stderr: if socket { Stderr::Socket } else { Stderr::Evidence },
            syslog: if private { Syslog::Private } else { Syslog::Host },
        }
    })
}

fn offer() -> impl Strategy<Value = Offer> {
    let sentence = prop_oneof![
        duration().prop_map(Sentence::For),
        Just(Sentence::Forever),
        Just(Sentence::Never),
    ];
    prop_oneof![
        4 => program().prop_map(|program| Offer::Program(Box::new(program))),
        1 => Just(Offer::Internal(Internal::Echo)),
        1 => sentence.prop_map(|sentence| Offer::Trap(Trap { sentence })),
    ]
}

fn log() -> impl Strategy<Value = ServiceLog> {
    let sizes = || of((0u64..1 << 20, 1u64..1 << 40)).prop_map(|both| both.unzip_pair());
    let target = prop_oneof![
        Just(LogTarget::None),
        (path(), sizes()).prop_map(|(path, (soft, hard))| LogTarget::File { path, soft, hard }),
        (select(Facility::NAMES.to_vec()), 0u8..8).prop_map(|((_, facility), severity)| {
            LogTarget::Syslog { facility: Facility(facility), severity: Severity(severity) }
        }),
    ];
    let ident = select(vec![Ident::No, Ident::Record, Ident::Require]);
    (target, any::<[bool; 8]>(), ident).prop_map(|(target, bits, ident)| {
        let [host, duration, exit, pid, userid, f_host, attempt, f_userid] = bits;
        let success = SuccessFields { host, duration, exit, pid, userid };
        let failure = FailureFields { host: f_host, attempt, userid: f_userid };
        ServiceLog { target, records: Records { success, failure }, ident }
    })
}

/// A pair of sizes in order, or neither.
trait UnzipPair {
    fn unzip_pair(self) -> (Option<u64>, Option<u64>);
}

impl UnzipPair for Option<(u64, u64)> {
    fn unzip_pair(self) -> (Option<u64>, Option<u64>) {
        self.map(|(soft, more)| (soft + 1, soft + 1 + more)).unzip()
    }
}

/// Where the service of a number listens: a port of its own keeps services apart.
fn listen(port: u16) -> impl Strategy<Value = Vec<Listen>> {
    let one = prop_oneof![
        any::<u32>().prop_map(|bits| (Bind::Address(Ipv4Addr::from(bits).into()), Family::V4)),
        any::<u128>().prop_map(|bits| (Bind::Address(Ipv6Addr::from(bits).into()), Family::V6)),
        any::<u128>().prop_map(|bits| (Bind::Address(Ipv6Addr::from(bits).into()), Family::Dual)),
        Just((Bind::Address(Ipv6Addr::UNSPECIFIED.into()), Family::Dual)),
        ("[a-z]{1,8}\\.org", select(vec![Family::V4, Family::V6, Family::Dual]))
            .prop_map(|(host, family)| (Bind::Host(host), family)),
    ];
    vec(one, 1..3).prop_map(move |binds| {
        let each = |(at, (bind, family))| {
            let port = port + u16::try_from(at).unwrap();
            Listen { bind, port, family, origin: HERE }
        };
        let mapped = |bind: &Bind| matches!(bind, Bind::Address(IpAddr::V6(a)) if a.to_ipv4_mapped().is_some());
        let binds = binds.into_iter().filter(|(bind, _)| !mapped(bind));
        binds.enumerate().map(each).collect()
    })
}

fn service(number: u16) -> impl Strategy<Value = Service> {
    let banner = || of(path().prop_map(|path| BannerFile { path, origin: HERE }));
    let banners = (banner(), banner(), banner()).prop_map(|(always, success, failure)| Banners {
        always,
        success,
        failure,
    });
    let socket = (1u32..=65_535, keepalive(), any::<bool>())
        .prop_map(|(backlog, keepalive, nodelay)| SocketOptions { backlog, keepalive, nodelay });
    let key = (
        select(vec!["ssh", "imaps", "a+b", "x.y"]),
        select(vec!["", "@[2001:db8::1]:22", "#2"]),
        any::<bool>(),
    );
    let admission = admission().prop_flat_map(|plain| {
        let plain_again = plain.clone();
        authenticated(plain).prop_map(move |full| (plain_again.clone(), full))
    });
    let asks = of(text().prop_map(|daemon| WrappersUse {
        source: SourceId(0),
        daemon: format!("d{daemon}"),
        origin: HERE,
    }));
    let hold = (refusals(), ends(), asks, of(rules()));
    (key, listen(number * 4 + 1), socket, offer(), admission, banners, log(), hold).prop_map(
        move |(key, listen, socket, mut offer, (plain, full), banners, log, hold)| {
            let ((name, tail, other), (mut refusals, ends, asks, rules)) = (key, hold);
            let name = format!("{name}{number}");
            let key = format!("{name}{tail}");
            let watched = matches!(full.authentication, Authentication::Watch(_));
            if let (Offer::Program(program), true) = (&mut offer, watched) {
                program.stderr = Stderr::Evidence; // else the watch would be blind
            }
            if banners.failure.is_some() {
                refusals.words = None; // they would be said twice
            }
            let program = matches!(offer, Offer::Program(_));
            let trap = matches!(offer, Offer::Trap(_));
            let mut admission = if program { full } else { plain };
            admission.wrappers = asks.filter(|_| !trap);
            if trap {
                admission.dns_lists = DnsLists::default(); // it is for strangers, listed or not
            }
            admission.rules = rules;
            Service {
                key: key.parse().unwrap(),
                name: if other { "other".parse().unwrap() } else { name.parse().unwrap() },
                listen,
                socket,
                offer,
                admission,
                banners,
                refusals,
                ends: if trap { Ends::default() } else { ends },
                log,
                origin: Sited::new((), HERE),
            }
        },
    )
}

fn targets() -> impl Strategy<Value = EventTargets> {
    let rotation =
        ((64u64 << 10)..(1 << 40), 0u32..=1000).prop_map(|(size, keep)| LogRotation { size, keep });
    let format = select(vec![StderrFormat::Sentences, StderrFormat::Json]);
    let facility = select(Facility::NAMES.map(|(_, number)| Facility(number)).to_vec());
    (of(rotation), of(format), any::<(bool, bool)>(), facility).prop_map(
        |(file, stderr, (syslog, journal), facility)| {
            let targets = EventTargets {
                file,
                stderr,
                syslog: syslog.then_some(facility),
                journal: journal.then_some(facility),
            };
            let none = EventTargets { file: None, stderr: None, syslog: None, journal: None };
            if targets == none { EventTargets::default() } else { targets }
        },
    )
}

fn keepalive() -> impl Strategy<Value = KeepAlive> {
    let probes = (1u32..=32_767, 1u32..=127).prop_map(|(every, tries)| Probes { every, tries });
    prop_oneof![
        Just(KeepAlive::Off),
        Just(KeepAlive::System),
        probes.prop_filter("the kernel's bound", |p| p.fits()).prop_map(KeepAlive::Probes),
    ]
}

fn refusals() -> impl Strategy<Value = Refusals> {
    let delay = (1u64..=600_000).prop_map(|ms| Refuse::Delay(Duration::from_millis(ms)));
    let refuse = prop_oneof![Just(Refuse::Close), Just(Refuse::Reset), delay];
    (refuse, of(text())).prop_map(|(refuse, words)| Refusals {
        refuse,
        words: words.filter(|_| refuse != Refuse::Reset),
    })
}

fn ends() -> impl Strategy<Value = Ends> {
    let idle = of(sited((1000u64..=2_592_000_000).prop_map(Duration::from_millis)));
    (idle, (0u64..=600_000).prop_map(Duration::from_millis))
        .prop_map(|(idle, kill_after)| Ends { idle, kill_after })
}

fn settings() -> impl Strategy<Value = Settings> {
    let user = || "[a-z][a-z0-9-]{0,12}";
    let sizes = (80u32..=65_536, 1u32..=10_000);
    let delayed =
        (1u32..=100_000, 1u32..=100_000).prop_map(|(max, per_source)| Delayed { max, per_source });
    let users = (user(), user(), user());
    let ban = (vec(rule(network()), 0..3), bans::policy());
    (1u32..=1_000_000, delayed, ban, users, sizes, targets(), on_stop()).prop_map(
        |(max_sessions, delayed, (never_ban, ban), users, sizes, log, on_stop)| {
            let (clerk_user, relay_user, control_group) = users;
            let (line, lines_per_second) = sizes;
            Settings {
                max_sessions,
                delayed,
                never_ban,
                ban,
                clerk_user,
                relay_user,
                control_group,
                log,
                evidence: EvidenceBounds { line, lines_per_second },
                on_stop,
            }
        },
    )
}

fn on_stop() -> impl Strategy<Value = Option<OnStop>> {
    let sessions = select(&Parting::WORDS[..]).prop_map(|(_, parting)| parting);
    let within = of((1u64..100_000_000).prop_map(Duration::from_millis));
    of((sessions, within).prop_map(|(sessions, within)| OnStop {
        sessions,
        within: within.filter(|_| sessions != Parting::Leave),
    }))
}

/// Any configuration that `check` could have passed.
pub(crate) fn config() -> impl Strategy<Value = Config> {
    let services = (0usize..4).prop_flat_map(|count| {
        let numbers = 0..u16::try_from(count).unwrap();
        numbers.map(|number| service(number).boxed()).collect::<Vec<_>>()
    });
    let kept = (0usize..3)
        .prop_flat_map(|count| (0..count).map(|number| kept(number).boxed()).collect::<Vec<_>>());
    let directories = vec(path(), 0..3).prop_map(|paths| {
        let paths = paths.iter().map(|path| format!("/x{path}").trim_end_matches('/').to_owned());
        paths.collect::<BTreeSet<_>>()
    });
    let watches = (0usize..3)
        .prop_flat_map(|count| (0..count).map(|number| watch(number).boxed()).collect::<Vec<_>>());
    let judges = (0usize..3).prop_flat_map(|count| {
        (0..count).map(|number| judges::judge(number).boxed()).collect::<Vec<_>>()
    });
    (settings(), services, kept, directories, watches, judges).prop_map(
        |(settings, mut services, kept, directories, watches, mut judges)| {
            services.retain(|service| !service.listen.is_empty());
            judges.iter_mut().for_each(|judge| judges::among(judge, &services, &watches));
            let files = vec!["/etc/xinetd.d/odd\nname".into()];
            Config {
                files,
                settings,
                sources: sources(&mut services),
                services,
                kept,
                service_directories: directories.into_iter().collect(),
                watches,
                judges,
            }
        },
    )
}

/// A watch.
fn watch(number: usize) -> impl Strategy<Value = Watch> {
    let start = || select(vec![Start::End, Start::Beginning]);
    let file = (path(), start()).prop_map(|(path, start)| WatchFile { path, start, origin: HERE });
    let term = ("_?[A-Z][A-Z0-9_]{0,8}", text());
    let term = term.prop_map(|(field, value)| JournalTerm { field, value });
    let place = prop_oneof![
        Just(JournalPlace::default()),
        path().prop_map(|path| JournalPlace { directory: Some(path), ..JournalPlace::default() }),
        vec(path(), 1..3).prop_map(|files| JournalPlace { files, ..JournalPlace::default() }),
        "[a-z.]{1,8}"
            .prop_map(|name| JournalPlace { namespace: Some(name), ..JournalPlace::default() }),
    ];
    let journal = (vec(vec(term, 1..3), 0..3), place);
    let journal = journal.prop_map(|(matches, place)| Journal { matches, place });
    let regex = || sited(text().prop_map(|text| format!("x{text}")));
    let filter = (text(), of(regex()), vec(regex(), 1..3), vec(regex(), 0..3), of(regex()));
    let filter = (filter, 1..=FilterText::MOST_LINES, select(UseDns::ALL.to_vec()));
    let filter = filter.prop_map(
        |((name, prefregex, failregex, ignoreregex, datepattern), maxlines, dns)| {
            let (usedns, origin) = (dns.1, HERE);
            FilterText {
                name,
                prefregex,
                failregex,
                ignoreregex,
                datepattern,
                maxlines,
                usedns,
                origin,
            }
        },
    );
    let detectors = proptest::sample::subsequence(Watcher::ALL.to_vec(), 0..4);
    let userdef = sited(text().prop_map(|text| format!("(?P<host>.){text}")));
    let zone = select(vec!["local", "UTC", "Europe/Paris", "UTC-03:30"]);
    let read = (vec(file, 1..4), of(journal), detectors, vec(filter, 1..3), vec(userdef, 0..3));
    (read, any::<bool>(), zone).prop_map(move |(read, other, zone)| {
        let (mut files, journal, detectors, filters, userdef) = read;
        let mut seen: Vec<WatchFile> = Vec::new();
        files.retain(|file| {
            let fresh = !seen.contains(file);
            seen.extend(fresh.then(|| file.clone()));
            fresh
        });
        let name = format!("watch-{number}");
        let service = if other { "other" } else { name.as_str() };
        Watch {
            service: service.parse().unwrap(),
            name: name.parse().unwrap(),
            files,
            journal,
            detectors: detectors.into_iter().map(|(_, detector)| detector).collect(),
            filters,
            userdef,
            zone: Zone { name: zone.into(), offsets: Vec::new() },
            origin: Sited::new((), HERE),
        }
    })
}

/// A service that is kept up.
fn kept(number: usize) -> impl Strategy<Value = Kept> {
    let time = |least: u64| (least..86_400_000).prop_map(Duration::from_millis);
    let finish = (path(), vec(text(), 0..3), of(time(1)));
    let finish = finish.prop_map(|(path, args, within)| Finish { path, args, within });
    let restart = (time(10), time(10), of(1u32..=1_000_000), time(1000));
    let restart = restart.prop_map(|(one, other, limit, within)| Restart {
        delay: one.min(other),
        longest: one.max(other),
        limit,
        within,
    });
    let log = (of(path()), 4096..=KeptLog::LARGEST, 2..=1000u32, any::<bool>(), principal());
    let log = log.prop_map(|(directory, size, files, labels, user)| KeptLog {
        directory,
        size,
        files,
        labels,
        user,
    });
    let signal = (1..=64).prop_filter_map("a signal", Signal::from_number);
    let more = (of(path()), of(3..=31u32), of(finish), signal, of(time(0)));
    (program(), more, restart, any::<bool>(), of(log)).prop_map(
        move |(program, more, restart, down, log)| {
            let (environment_directory, ready, finish, stop_signal, kill_after) = more;
            let environment =
                Environment { local_and_port: true, tcp: false, ..program.environment };
            Kept {
                name: format!("kept-{number}").parse().unwrap(),
                program: Program {
                    environment,
                    stderr: Stderr::Evidence,
                    syslog: Syslog::Host,
                    ..program
                },
                environment_directory,
                ready,
                finish,
                stop_signal,
                kill_after,
                restart,
                down,
                log,
                origin: Sited::new((), HERE),
            }
        },
    )
}

/// Rules of tcprules; the source is one of [`sources`], before it has its number.
fn rules() -> impl Strategy<Value = RulesUse> {
    let asked = || select(vec![Asked::Needed, Asked::Always, Asked::Never]);
    (0u32..4, asked(), asked()).prop_map(|(source, names, ident)| RulesUse {
        source: SourceId(source),
        names,
        ident,
        origin: HERE,
    })
}

/// The sources that these services name, which are numbered as they come.
fn sources(services: &mut [Service]) -> Vec<Source> {
    let file = |path: &str| SourceFile { path: path.into(), file: 0 };
    let pair = SourceKind::Wrappers { allow: file("/x/allow"), deny: file("/y\n/deny") };
    let mut named: Vec<Source> = Vec::new();
    let mut id = |kind: SourceKind| {
        let at = named.iter().position(|source| source.kind == kind).unwrap_or_else(|| {
            named.push(Source { kind, origin: HERE });
            named.len() - 1
        });
        SourceId(u32::try_from(at).unwrap())
    };
    for service in services {
        if let Some(asks) = &mut service.admission.wrappers {
            asks.source = id(pair.clone());
        }
        if let Some(rules) = &mut service.admission.rules {
            let missing = [MissingRules::Refuse, MissingRules::Allow];
            let path = ["/etc/a.cdb", "/etc/\"b\" c"];
            let SourceId(number) = rules.source;
            let (one, other) = (number as usize % 2, number as usize / 2);
            let file = file(path[other]);
            rules.source = id(SourceKind::Rules { file, missing: missing[one] });
        }
    }
    named
}
