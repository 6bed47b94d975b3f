//! Reference, sections 3.1 to 3.3: defaults, operators, enabled, disabled, id.

use crate::support::{Outcome, only, service, table};
use portreeve_model::{EnvironmentBase, Offer, Service};

fn defaults(lines: &str) -> String {
    format!("defaults\n{{\n{lines}\n}}\n")
}

fn lists(service: &Service) -> (Option<Vec<String>>, Vec<String>) {
    let list = service.admission.lists.first();
    let allow = list.and_then(|list| list.allow.as_ref());
    let allow = allow.map(|allow| allow.rules.iter().map(|r| r.pattern.to_string()).collect());
    let deny = list.map_or(Vec::new(), |l| l.deny.iter().map(|r| r.pattern.to_string()).collect());
    (allow, deny)
}

#[test]
fn list_operators_replace_add_and_remove() {
    for (inherited, lines, want) in [
        ("", "", None),
        ("only_from = 10.0.0.1", "", Some("10.0.0.1")),
        ("only_from = 10.0.0.1\nonly_from = 10.0.0.2", "", Some("10.0.0.1 10.0.0.2")),
        ("only_from = 10.0.0.1", "only_from = 10.0.0.2", Some("10.0.0.2")),
        ("only_from = 10.0.0.1", "only_from += 10.0.0.2", Some("10.0.0.1 10.0.0.2")),
        ("only_from = 10.0.0.1 10.0.0.2", "only_from -= 10.0.0.1", Some("10.0.0.2")),
        (
            "only_from = 10.1.2.0",
            "only_from -= 10.1.2.9/24\nonly_from += 10.0.0.1",
            Some("10.0.0.1"),
        ),
        ("", "only_from += 10.0.0.1", Some("10.0.0.1")),
        ("only_from = 10.0.0.1", "only_from =", Some("")),
        ("only_from = 10.0.0.1", "only_from -= 10.0.0.1", Some("")),
        ("only_from += 10.0.0.1\nonly_from -= 10.0.0.1", "", Some("")),
    ] {
        let service = only(&(defaults(inherited) + &service(lines)));
        let allow = lists(&service).0.map(|rules| rules.join(" "));
        assert_eq!(allow.as_deref(), want, "{inherited} / {lines}");
    }
}

#[test]
fn a_list_that_forgets_or_misses_is_reported() {
    let with = |inherited: &str, lines: &str| defaults(inherited) + &service(lines);
    table(&[
        (&with("", "no_access = 10.0.0.1\nno_access = 10.0.0.2"), &["error xinetd-list-replaced"]),
        (
            &with("", "only_from = 10.0.0.1\nonly_from = 10.0.0.2"),
            &["warning xinetd-list-replaced"],
        ),
        (&with("", "env = A=b\nenv = C=d"), &["warning xinetd-list-replaced"]),
        (&with("no_access = 10.0.0.1", "no_access = 10.0.0.2"), &[]),
        (&with("", "no_access = 10.0.0.1\nno_access += 10.0.0.2"), &[]),
        (
            &with("only_from = 10.0.0.0/8", "only_from -= 10.1.0.0/16"),
            &["error xinetd-remove-unmatched"],
        ),
        (&with("", "no_access -= 10.1.0.1"), &["error xinetd-remove-unmatched"]),
        (&with("passenv = A", "passenv -= B"), &["warning xinetd-remove-unmatched"]),
        (
            &with("only_from = 10.0.0.1\nonly_from -= 10.0.0.2", ""),
            &["error xinetd-remove-unmatched"],
        ),
        (&with("", "only_from ="), &["note xinetd-nobody"]),
        (&with("only_from = 10.0.0.1", "only_from -= 10.0.0.1"), &["warning xinetd-nobody"]),
        (&with("instances = 5\ninstances = 6", ""), &["error xinetd-repeated"]),
        (&with("log_type = SYSLOG auth\nlog_type = SYSLOG mail", ""), &["error xinetd-repeated"]),
        (&with("user = root", ""), &["error xinetd-not-in-defaults"]),
        (&with("access_times = 8:00-9:00", ""), &["error xinetd-not-in-defaults"]),
        (&with("disabled -= ssh", ""), &["error xinetd-operator"]),
        (&with("v6only = no", ""), &["warning xinetd-v6only-no"]),
        (&with("bind = 10.0.0.1 10.0.0.2", ""), &["warning xinetd-bind-several"]),
    ]);
}

#[test]
fn scalars_come_from_defaults_unless_set() {
    let text = "instances = 5\nper_source = 2\ncps = 3 4\nmax_load = 2.5\numask = 077\ngroups = yes\n\
                bind = 10.0.0.1\nbanner = /b\nbanner_success = /s\nbanner_fail = /f\npassenv = PATH\n\
                log_type = SYSLOG auth\nlog_on_success = PID";
    let inherited = only(&(defaults(text) + &service("")));
    let own = only(
        &(defaults(text)
            + &service(
                "instances = UNLIMITED\nper_source = 1\ncps = 0 1\nmax_load = 1\numask = 022\n\
                 groups = no\nbind = 10.0.0.2\nbanner = /o\npassenv = HOME\nlog_on_success += HOST",
            )),
    );
    let admission = &inherited.admission;
    assert_eq!(admission.instances.map(|n| n.value), Some(5));
    assert_eq!(admission.per_source.map(|n| n.value.max), Some(2));
    assert_eq!(
        admission.rate.map(|r| (r.value.connections, r.value.pause.as_secs())),
        Some((3, 4))
    );
    assert_eq!(admission.load.map(|l| l.value.0), Some(250));
    let admission = &own.admission;
    assert_eq!(admission.instances.map(|n| n.value), None);
    assert_eq!(admission.per_source.map(|n| n.value.max), Some(1));
    assert_eq!(admission.rate.map(|r| r.value.connections), None);
    assert_eq!(admission.load.map(|l| l.value.0), Some(100));
    for (service, umask, banner, passed, pid, host) in
        [(&inherited, 0o077, "/b", "PATH", true, false), (&own, 0o022, "/o", "HOME", true, true)]
    {
        let Offer::Program(program) = &service.offer else { panic!("a program") };
        assert_eq!(program.umask, Some(umask));
        assert_eq!(program.environment.base, EnvironmentBase::Pass(vec![passed.into()]));
        assert_eq!(service.banners.always.as_ref().map(|b| b.path.as_str()), Some(banner));
        assert_eq!(service.banners.failure.as_ref().map(|b| b.path.as_str()), Some("/f"));
        let served = service.log.records.success;
        assert_eq!((served.pid, served.host), (pid, host));
    }
}

#[test]
fn the_order_of_defaults_does_not_matter_and_is_reported_where_it_would() {
    let late = service("") + &defaults("only_from = 10.0.0.1\nbanner_fail = /f\ninstances = 5");
    let outcome = Outcome::text(&late);
    assert_eq!(outcome.codes(), ["warning xinetd-late-defaults"]);
    let service_of = only(&late);
    assert_eq!(lists(&service_of).0, Some(vec!["10.0.0.1".to_owned()]));
    assert!(service_of.banners.failure.is_some());
    table(&[
        (&(service("") + &defaults("instances = 5")), &[]),
        (&(service("disable = yes") + &defaults("only_from = 10.0.0.1")), &[]),
        (
            &(service("only_from += 10.0.0.2") + &defaults("only_from = 10.0.0.1")),
            &["warning xinetd-late-defaults", "error xinetd-late-defaults-add"],
        ),
        (
            &(service("only_from = 10.0.0.2") + &defaults("only_from = 10.0.0.1")),
            &["warning xinetd-late-defaults"],
        ),
    ]);
}

#[test]
fn enabled_and_disabled_go_by_id_and_disabled_wins() {
    let two = service("id = Inner\nbind = 10.0.0.1") + &service("bind = 10.0.0.2");
    for (lines, want) in [
        ("", &["Inner", "ssh"] as &[&str]),
        ("enabled = inner", &["Inner"]),
        ("enabled = INNER SSH", &["Inner", "ssh"]),
        ("enabled =", &[]),
        ("disabled = ssh", &["Inner"]),
        ("enabled = inner ssh\ndisabled = inner", &["ssh"]),
        ("disabled = inner\ndisabled += ssh", &[]),
    ] {
        let outcome = Outcome::text(&(defaults(lines) + &two));
        assert_eq!(outcome.codes(), [] as [&str; 0], "{lines}");
        let names: Vec<_> =
            outcome.loaded.services.iter().map(|s| s.service.name.to_string()).collect();
        assert_eq!(names, want, "{lines}");
    }
    let stream = service("id = ssh-stream");
    table(&[
        (&(defaults("disabled = ssh") + &stream), &["error xinetd-disabled-unknown"]),
        (&(defaults("disabled = tftp") + &stream), &["error xinetd-disabled-unknown"]),
        (&(defaults("enabled = tftp ssh-stream") + &stream), &["warning xinetd-enabled-unknown"]),
        (&(defaults("enabled = ssh-stream") + &service("disable = yes\nid = ssh-stream")), &[]),
    ]);
    let text = Outcome::text(&(defaults("disabled = ssh") + &stream)).rendered();
    assert!(text.contains("write the ids: `ssh-stream`"), "{text}");
}
