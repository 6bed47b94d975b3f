//! What must hold for any text.

use crate::support::{Outcome, Tree};
use portreeve_dialect::services::Table;
use portreeve_model::{Offer, Sentence, Service};
use proptest::prelude::*;

/// A service that uses every attribute that restricts, one a line.
const LINES: [&str; 22] = [
    "only_from = 10.0.0.0/8 192.168.1.{2,3} 2001:db8::/32",
    "no_access = 10.1.2.3 10.9.0.0/16",
    "access_times = 08:00-15:25",
    "instances = 50",
    "per_source = 5",
    "cps = 30 10",
    "max_load = 2.5",
    "bind = 192.168.0.1",
    "flags = IPv4 IDONLY",
    "umask = 027",
    "group = mail",
    "nice = 10",
    "rlimit_as = 8M",
    "rlimit_cpu = 20",
    "rlimit_files = 64",
    "passenv = PATH",
    "log_on_success = HOST USERID",
    "log_type = SYSLOG auth info",
    "banner_fail = /etc/no",
    "server_args = -i -o PermitRootLogin=no",
    "groups = no",
    "id = door",
];

fn config() -> String {
    let lines: String = LINES.iter().map(|line| format!("\t{line}\n")).collect();
    format!(
        "service ssh\n{{\n\tsocket_type = stream\n\twait = no\n\tuser = nobody\n\
         \tserver = /usr/sbin/sshd\n{lines}}}\n"
    )
}

/// Which of the restrictions a service still has.
fn restrictions(service: &Service) -> Vec<(&'static str, bool)> {
    let admission = &service.admission;
    let list = admission.lists.first();
    let Offer::Program(program) = &service.offer else { return vec![("program", false)] };
    let limits = |n| program.limits.len() >= n;
    let specific = service.listen.iter().all(|listen| match &listen.bind {
        portreeve_model::Bind::Address(address) => !address.is_unspecified(),
        portreeve_model::Bind::Host(_) => true,
    });
    vec![
        ("only_from", list.is_some_and(|list| list.allow.is_some())),
        ("no_access", list.is_some_and(|list| list.deny.len() >= 2)),
        ("access_times", admission.hours.as_ref().is_some_and(|h| !h.ranges.is_empty())),
        ("instances", admission.instances.is_some()),
        ("per_source", admission.per_source.is_some()),
        ("max_load", admission.load.is_some()),
        ("bind", specific),
        ("IDONLY", service.log.ident == portreeve_model::Ident::Require),
        ("umask", program.umask.is_some()),
        ("group", program.group.is_some()),
        ("user", program.user.is_some()),
        ("nice", program.nice.is_some()),
        ("rlimit", limits(3)),
        ("passenv", program.environment.base != portreeve_model::EnvironmentBase::Inherit),
        ("log_type", service.log.target != portreeve_model::LogTarget::None),
        ("server_args", !program.args.is_empty()),
        ("banner_fail", service.banners.failure.is_some()),
    ]
}

/// Characters that slips are made of.
fn slip() -> impl Strategy<Value = char> {
    prop_oneof![
        prop::sample::select(
            "=+-#{}.,:/?* \t\n0159aexzN_%@\u{e9}\r\u{0}".chars().collect::<Vec<_>>()
        ),
        any::<char>(),
    ]
}

#[derive(Clone, Debug)]
enum Edit {
    Insert(char),
    Delete,
    Replace(char),
    Double,
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        slip().prop_map(Edit::Insert),
        Just(Edit::Delete),
        slip().prop_map(Edit::Replace),
        Just(Edit::Double),
    ]
}

fn edited(text: &str, at: usize, edit: &Edit) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = at % chars.len();
    match edit {
        Edit::Insert(c) => chars.insert(at, *c),
        Edit::Delete => drop(chars.remove(at)),
        Edit::Replace(c) => chars[at] = *c,
        Edit::Double => chars.insert(at, chars[at]),
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut tree = Tree::default();
        tree.files.insert("/x".into(), bytes.clone());
        let outcome = Outcome::of("/x", &mut tree);
        let _ = outcome.rendered();
        let text = String::from_utf8_lossy(&bytes);
        let _ = Table::parse(&text);
    }

    #[test]
    fn words_of_the_language_in_any_order_are_read_without_a_panic(
        words in prop::collection::vec(prop::sample::select(vec![
            "service", "defaults", "{", "}", "\n", "\n", "\n", "include", "includedir", "/x", "ssh",
            "echo", "only_from", "no_access", "=", "+=", "-=", "10.1.{2,3}", "::/0", "ALL", "flags",
            "SENSOR", "type", "INTERNAL", "UNLISTED", "port", "22", "bind", "0.0.0.0", "::", "id",
            "disable", "yes", "no", "enabled", "disabled", "cps", "socket_type", "stream", "wait",
            "user", "server", "env", "A=b", "log_type", "FILE", "SYSLOG", "access_times", "8:00-9:00",
            "#", "88.???.???.???", "libwrap", "NOLIBWRAP", "instances", "UNLIMITED", "deny_time",
        ]), 0..120)
    ) {
        let text = words.join(" ").replace("\n ", "\n");
        let outcome = Outcome::of("/x", &mut Tree::of(&[("/x", &text)]));
        let _ = outcome.rendered();
    }

    #[test]
    fn a_slip_never_takes_a_restriction_away_without_an_error(
        line in 0..LINES.len(), at in 0..200usize, edit in edit()
    ) {
        let whole = config();
        let old = LINES[line];
        let new = edited(old, at, &edit);
        // A line whose first character is `#` is a comment, as it says.
        let comment = new.split(['\n', '\r']).any(|l| l.trim_start_matches([' ', '\t']).starts_with('#'));
        prop_assume!(!comment);
        let outcome = Outcome::text(&whole.replace(old, &new));
        if !outcome.diagnostics.has_errors() {
            prop_assert_eq!(outcome.loaded.services.len(), 1);
            let service = &outcome.loaded.services[0].service;
            for (name, held) in restrictions(service) {
                prop_assert!(held, "{} is gone after {:?}", name, new);
            }
        }
    }

    #[test]
    fn a_lost_line_break_never_takes_a_restriction_away_without_an_error(line in 0..LINES.len() - 1) {
        let (first, second) = (LINES[line], LINES[line + 1]);
        for glue in ["", " ", "\t", " # "] {
            let joined = format!("{first}{glue}{second}");
            let text = config().replace(&format!("{first}\n\t{second}"), &joined);
            let outcome = Outcome::text(&text);
            if first.starts_with("server_args") && glue.is_empty() {
                continue; // one more argument: `…nogroups`, then `=`
            }
            prop_assert!(outcome.diagnostics.has_errors(), "{}", joined);
        }
    }

    #[test]
    fn a_slip_never_starts_a_service_that_was_disabled(at in 0..40usize, edit in edit()) {
        let old = "disable = yes";
        let new = edited(old, at, &edit);
        let comment = new.split('\n').any(|l| l.trim_start_matches([' ', '\t']).starts_with('#'));
        prop_assume!(!comment);
        let outcome = Outcome::text(&config().replace("id = door", &new));
        let refused = outcome.diagnostics.has_errors();
        prop_assert!(refused || outcome.loaded.services.is_empty(), "{}", new);
    }

    #[test]
    fn a_slip_in_a_sensor_never_makes_it_a_service(at in 0..400usize, edit in edit()) {
        let text = "service ftp\n{\nsocket_type = stream\nwait = no\nuser = root\nbind = 10.0.0.1\n\
                    flags = SENSOR\ntype = INTERNAL\nlog_on_success = HOST PID\ndeny_time = 1440\n}\n";
        let new = edited(text, at, &edit);
        let comment = new.split('\n').any(|l| l.trim_start_matches([' ', '\t']).starts_with('#'));
        prop_assume!(!comment);
        let outcome = Outcome::text(&new);
        if !outcome.diagnostics.has_errors() {
            for loaded in &outcome.loaded.services {
                let Offer::Trap(trap) = &loaded.service.offer else {
                    return Err(TestCaseError::fail(format!("no trap: {new}")));
                };
                prop_assert!(trap.sentence != Sentence::Never, "{}", new);
            }
        }
    }
}

#[test]
fn the_text_that_slips_are_made_in_is_sound() {
    let outcome = Outcome::text(&config());
    assert!(!outcome.diagnostics.has_errors(), "{}", outcome.rendered());
    for (name, held) in restrictions(&outcome.loaded.services[0].service) {
        assert!(held, "{name}");
    }
}
