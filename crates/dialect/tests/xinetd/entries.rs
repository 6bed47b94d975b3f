//! Reference, sections 3.3, 4.3, 5 and 9: entries as a whole, and together.

use crate::support::{Outcome, lines, only, service, table};
use portreeve_model::{Bind, Internal, KeepAlive, Offer, Sentence, Service, Trap};
use std::time::Duration;

fn listening(service: &Service) -> Vec<String> {
    let bind = |bind: &Bind| match bind {
        Bind::Address(address) => address.to_string(),
        Bind::Host(name) => name.clone(),
    };
    service.listen.iter().map(|l| format!("{} {:?} {}", bind(&l.bind), l.family, l.port)).collect()
}

#[test]
fn required_attributes_are_asked_for_one_by_one() {
    table(&[
        ("service ssh\n{\n}\n", &["error xinetd-missing-attribute"; 4]),
        ("service ssh\n{\nprotocol = tcp\nwait = no\nuser = a\nserver = /s\n}\n", &[]),
        (
            "service x\n{\ntype = UNLISTED\nsocket_type = stream\nwait = no\nuser = a\nserver = /s\n}\n",
            &["error xinetd-missing-attribute"],
        ),
        ("service echo\n{\ntype = INTERNAL\nsocket_type = stream\nwait = no\n}\n", &[]),
    ]);
}

#[test]
fn ports_agree_with_the_hosts_table() {
    let named =
        |name: &str, lines: &str| service(lines).replace("service ssh", &format!("service {name}"));
    table(&[
        (&named("ssh", "port = 22"), &[]),
        (&named("ssh", "port = 2222"), &["error xinetd-port-mismatch"]),
        (&named("ssh", "port = 2222\ntype = UNLISTED"), &[]),
        (&named("ssh", "port = 0\ntype = UNLISTED"), &["error xinetd-port-zero"]),
        (&named("nosuch", ""), &["error xinetd-port-unknown"]),
        (&named("nosuch", "port = 5"), &["error xinetd-port-unknown"]),
        (&named("SSH", ""), &["error xinetd-port-unknown"]),
        (&named("irc", ""), &["note xinetd-port-built-in"]),
        (&named("irc", "port = 194"), &["note xinetd-port-built-in"]),
        (&named("irc", "port = 6667"), &["error xinetd-port-mismatch"]),
        (&named("a/b", "port = 5\ntype = UNLISTED"), &["error xinetd-name"]),
        (&named("a/b", "port = 5\ntype = UNLISTED\nid = ab"), &[]),
        (&named("ssh", "id = a/b"), &["error xinetd-name"]),
        (&named("logging", "port = 5\ntype = UNLISTED"), &["warning xinetd-reserved-name"]),
        (&named("Intercept", "port = 5\ntype = UNLISTED"), &["warning xinetd-reserved-name"]),
    ]);
    assert_eq!(listening(&only(&named("www", ""))), [":: Dual 80"], "an alias");
}

#[test]
fn families_follow_bind_flags_and_v6only() {
    for (text, want) in [
        ("", &[":: Dual 22"] as &[&str]),
        ("flags = IPv4", &["0.0.0.0 V4 22"]),
        ("flags = IPv6", &[":: Dual 22"]),
        ("flags = IPv4 IPv6", &[":: Dual 22"]),
        ("v6only = yes", &[":: V6 22"]),
        ("v6only = no", &[":: Dual 22"]),
        ("bind = 10.0.0.1", &["10.0.0.1 V4 22"]),
        ("interface = 10.0.0.1", &["10.0.0.1 V4 22"]),
        ("bind = ::ffff:10.0.0.1", &["10.0.0.1 V4 22"]),
        ("bind = 0.0.0.0", &["0.0.0.0 V4 22"]),
        ("bind = ::", &[":: Dual 22"]),
        ("bind = ::\nv6only = yes", &[":: V6 22"]),
        ("bind = 2001:db8::1", &["2001:db8::1 V6 22"]),
        ("bind = host.example", &["host.example Dual 22"]),
        ("bind = host.example\nflags = IPv4", &["host.example V4 22"]),
        ("bind = host.example\nflags = IPv6", &["host.example V6 22"]),
        ("bind = 192.168.0.1 127.0.0.1", &["192.168.0.1 V4 22", "127.0.0.1 V4 22"]),
        ("bind = 10.0.0.1 10.0.0.1", &["10.0.0.1 V4 22"]),
    ] {
        assert_eq!(listening(&only(&service(text))), want, "{text}");
    }
    lines(&[
        ("flags = IPv4 IPv6", &["note xinetd-both-families"]),
        ("v6only = no", &["warning xinetd-v6only-no"]),
        ("bind = host.example", &["note xinetd-bind-name"]),
        ("bind = 192.168.0.1 127.0.0.1", &["warning xinetd-bind-several"]),
        ("bind = 10.0.0.1\nflags = IPv6", &["error xinetd-bind-family"]),
        ("bind = ::1\nflags = IPv4", &["error xinetd-bind-family"]),
        ("bind = 10.0.0.1\nv6only = yes", &["error xinetd-bind-family"]),
        ("flags = IPv4\nv6only = yes", &["error xinetd-bind-family"]),
        ("bind = 88.???.???.???", &["error xinetd-placeholder-address"]),
        ("bind = 127.1", &["error xinetd-classic-address"]),
        ("bind = 10.0.0.1/8", &["error xinetd-bad-address"]),
        ("bind = .example", &["error xinetd-bad-address"]),
        ("bind = *", &["error xinetd-bad-address"]),
        ("bind = fe80::1%eth0", &["error xinetd-bad-address"]),
        ("bind = 10.0.0.1,10.0.0.2", &["error xinetd-address-comma"]),
    ]);
    let many = format!("bind = {}", (1..=65).map(|n| format!("10.0.0.{n} ")).collect::<String>());
    lines(&[(many.as_str(), &["error xinetd-too-large"])]);
}

#[test]
fn socket_options_are_flags() {
    let socket = only(&service("flags = NODELAY KEEPALIVE")).socket;
    assert!(socket.nodelay && socket.keepalive == KeepAlive::System && socket.backlog > 0);
    let socket = only(&service("")).socket;
    assert!(!socket.nodelay && socket.keepalive == KeepAlive::Off);
}

fn internal(name: &str, lines: &str) -> String {
    format!(
        "service {name}\n{{\ntype = INTERNAL\nsocket_type = stream\nwait = no\nuser = root\n{lines}\n}}\n"
    )
}

#[test]
fn echo_is_answered_by_portreeve() {
    let echo = only(&internal("echo", "instances = 3"));
    assert_eq!(echo.offer, Offer::Internal(Internal::Echo));
    assert_eq!(echo.admission.instances.map(|n| n.value), Some(3));
    let text = "service echo\n{\ntype = INTERNAL UNLISTED\nid = own\nport = 7777\nsocket_type = stream\nwait = no\n}\n";
    assert_eq!(listening(&only(text)), [":: Dual 7777"]);
    table(&[
        (&internal("echo", "server = /x\nnice = 5"), &["note xinetd-inert", "note xinetd-inert"]),
        (
            &internal("echo", "flags = NAMEINARGS\nserver_args = x"),
            &["error xinetd-nameinargs", "note xinetd-inert"],
        ),
        (&internal("services", ""), &["error xinetd-internal-unknown"]),
        (&internal("ssh", ""), &["error xinetd-internal-unknown"]),
    ]);
}

#[test]
fn a_sensor_is_a_trap_for_whoever_touches_it() {
    for (deny_time, want) in [
        ("deny_time = 1440", Sentence::For(Duration::from_secs(86_400))),
        ("deny_time = forever", Sentence::Forever),
        ("deny_time = NEVER", Sentence::Never),
        ("", Sentence::Never),
    ] {
        let trap = only(&internal("ftp", &format!("flags = SENSOR\n{deny_time}")));
        assert_eq!(trap.offer, Offer::Trap(Trap { sentence: want }), "{deny_time}");
        assert!(trap.admission.rate.is_none(), "nobody blinds it by hammering");
    }
    let text = "flags = SENSOR\ndeny_time = 5\nonly_from = 10.0.0.1\nno_access = 10.0.0.2\n\
                instances = 1\nper_source = 1";
    let inert = internal("ftp", text);
    assert!(only(&inert).admission.lists.is_empty());
    assert!(only(&inert).admission.instances.is_none());
    table(&[
        (&inert, &["warning xinetd-sensor-inert"; 4]),
        (&internal("ftp", "flags = SENSOR"), &["warning xinetd-sensor-never"]),
        (&internal("ftp", "flags = SENSOR\ndeny_time = NEVER"), &[]),
        (&service("flags = SENSOR\ndeny_time = 5"), &["error xinetd-sensor-internal"]),
        (&service("deny_time = 5"), &["error xinetd-deny-time"]),
    ]);
}

fn keys(text: &str) -> Vec<String> {
    let outcome = Outcome::text(text);
    assert!(!outcome.diagnostics.has_errors(), "{}", outcome.rendered());
    outcome.loaded.services.iter().map(|s| s.service.key.to_string()).collect()
}

#[test]
fn keys_are_names_until_names_are_shared() {
    let bound = |bind: &str| service(bind);
    assert_eq!(keys(&bound("")), ["ssh"]);
    let three = bound("bind = 10.0.0.1")
        + &bound("bind = 2001:db8::1")
        + &bound("id = other\nbind = 10.0.0.2");
    assert_eq!(keys(&three), ["ssh@10.0.0.1:22", "ssh@[2001:db8::1]:22", "other"]);
    let any = bound("") + &bound("type = UNLISTED\nport = 2222\nflags = IPv4");
    assert_eq!(keys(&any), ["ssh@*:22", "ssh@0.0.0.0:2222"]);
    let case = bound("id = SSH\nbind = 10.0.0.1") + &bound("bind = 10.0.0.2");
    assert_eq!(keys(&case), ["SSH@10.0.0.1:22", "ssh@10.0.0.2:22"]);
    let disabled = bound("") + &bound("disable = yes");
    assert_eq!(keys(&disabled), ["ssh"], "a disabled entry shares nothing");
    let host = format!("bind = {}", "long.".repeat(30) + "example");
    let long = bound(&host) + &bound("bind = 10.0.0.1");
    table(&[(&long, &["note xinetd-bind-name", "error xinetd-key-taken"])]);
}

#[test]
fn an_address_has_one_service() {
    let two = |a: &str, b: &str| {
        service(a)
            + &service(b)
                .replace("service ssh", "service ssh\n{\nid = b")
                .replace("id = b\n{", "id = b")
    };
    for (a, b, conflict) in [
        ("", "", true),
        ("bind = 10.0.0.1", "bind = 10.0.0.1", true),
        ("bind = 10.0.0.1", "bind = 10.0.0.2", false),
        ("", "bind = 10.0.0.1", true),
        ("bind = 10.0.0.1", "", true),
        ("bind = 2001:db8::1", "", true),
        ("flags = IPv4", "bind = 10.0.0.1", true),
        ("flags = IPv4", "bind = 2001:db8::1", false),
        ("flags = IPv4", "v6only = yes", false),
        ("flags = IPv4", "", true),
        ("v6only = yes", "bind = 10.0.0.1", false),
        ("v6only = yes", "bind = ::1", true),
        ("bind = a.example", "bind = A.example", true),
        ("bind = a.example", "bind = b.example", false),
        ("", "port = 23\ntype = UNLISTED", false),
        ("bind = 10.0.0.1 10.0.0.2", "bind = 10.0.0.2 10.0.0.3", true),
    ] {
        let outcome = Outcome::text(&two(a, b));
        let taken = outcome.codes().contains(&"error xinetd-address-taken".to_owned());
        assert_eq!(taken, conflict, "{a} / {b}\n{}", outcome.rendered());
    }
    let outcome = Outcome::text(&service("bind = 0.0.0.0 10.0.0.1"));
    assert!(outcome.codes().contains(&"error xinetd-address-taken".to_owned()), "with itself");
}
