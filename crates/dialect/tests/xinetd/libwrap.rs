//! Under which name hosts.allow and hosts.deny are asked about a service.

use crate::support::{Outcome, service};

#[test]
fn the_daemon_is_the_one_xinetd_would_name() {
    let name = |text: &str| {
        let outcome = Outcome::text(text);
        assert!(!outcome.diagnostics.has_errors(), "{}", outcome.rendered());
        let service = outcome.loaded.services.first().expect("a service");
        service.libwrap.as_ref().map(|daemon| daemon.name.clone())
    };
    let internal = "type = INTERNAL\nid = e\nsocket_type = stream\nwait = no\n";
    let echo = |more: &str| format!("service echo\n{{\n{internal}{more}}}\n");
    let trap = echo("flags = SENSOR\ndeny_time = 1\n");
    for (text, want) in [
        (service(""), Some("sshd")),
        (service("flags = NAMEINARGS\nserver_args = /x/in.ftpd -l"), Some("in.ftpd")),
        (service("libwrap = other"), Some("other")),
        (service("libwrap = other\nflags = NAMEINARGS\nserver_args = in.ftpd"), Some("other")),
        (service("flags = NOLIBWRAP"), None),
        (service("flags = NOLIBWRAP\nlibwrap = other"), None),
        (echo(""), Some("echo")),
        (echo("libwrap = other\n"), Some("other")),
        (trap, None),
    ] {
        assert_eq!(name(&text).as_deref(), want, "{text}");
    }
}

#[test]
fn a_name_that_nobody_asks_under_is_noted() {
    let off = Outcome::text(&service("libwrap = other\nflags = NOLIBWRAP"));
    assert_eq!(off.codes(), ["note xinetd-inert"]);
    let sensor = "service ftp\n{\ntype = INTERNAL\nflags = SENSOR\ndeny_time = 1\n\
                  socket_type = stream\nwait = no\nlibwrap = x\n}\n";
    assert_eq!(Outcome::text(sensor).codes(), ["note xinetd-inert"]);
}
