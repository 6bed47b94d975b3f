//! Who asks hosts.allow and hosts.deny, and under which name.

use crate::common::{Host, findings, main, native};
use portreeve_config::{Entry, Loaded};
use portreeve_model::SourceKind;

const PROGRAM: &str = "user = \"root\"\nrun = [\"/usr/sbin/sshd\", \"-i\"]\n";

/// Each service with the name it asks under.
fn names(loaded: &Loaded) -> Vec<(String, Option<String>)> {
    let config = loaded.config.as_ref().unwrap_or_else(|| panic!("{}", findings(loaded)));
    let name = |service: &portreeve_model::Service| {
        let asks = service.admission.wrappers.as_ref();
        if let Some(asks) = asks {
            let source = config.sources.get(usize::try_from(asks.source.0).expect("a number"));
            assert!(matches!(source.expect("a source").kind, SourceKind::Wrappers { .. }));
        }
        (service.key.to_string(), asks.map(|asks| asks.daemon.clone()))
    };
    config.services.iter().map(name).collect()
}

/// The files that the configuration names, with their places among the texts.
fn files(loaded: &Loaded) -> Vec<String> {
    let config = loaded.config.as_ref().unwrap_or_else(|| panic!("{}", findings(loaded)));
    let files = config.sources.iter().flat_map(|source| source.kind.files());
    let files = files.map(|file| {
        let place = usize::try_from(file.file).expect("a number");
        assert_eq!(config.files.get(place), Some(&file.path));
        file.path.clone()
    });
    files.collect()
}

#[test]
fn a_native_service_asks_under_the_name_that_fits_it() {
    for (import, service, want) in [
        ("", PROGRAM.to_owned(), None),
        ("hosts-access = false", PROGRAM.to_owned(), None),
        ("hosts-access = true", PROGRAM.to_owned(), Some("sshd")),
        ("hosts-access = {}", PROGRAM.to_owned(), Some("sshd")),
        ("hosts-access = true", format!("{PROGRAM}argv0 = \"/x/in.sshd\"\n"), Some("in.sshd")),
        ("hosts-access = true", format!("{PROGRAM}hosts-access = false\n"), None),
        ("hosts-access = true", format!("{PROGRAM}hosts-access = \"door\"\n"), Some("door")),
        ("hosts-access = true", "internal = \"echo\"\nname = \"e\"\n".into(), Some("e")),
        ("", format!("{PROGRAM}hosts-access = true\n"), Some("sshd")),
        ("", format!("{PROGRAM}hosts-access = \"door\"\n"), Some("door")),
    ] {
        let text = format!("[import]\n{import}\n[service.x]\nlisten = [\"*:1\"]\n{service}");
        let loaded = native(&text);
        assert_eq!(names(&loaded), [("x".to_owned(), want.map(str::to_owned))], "{text}");
        let usual: &[&str] = &["/etc/hosts.allow", "/etc/hosts.deny"];
        assert_eq!(files(&loaded), if want.is_some() { usual } else { &[] }, "{text}");
    }
}

#[test]
fn defaults_say_it_for_every_service_and_a_trap_asks_nobody() {
    let text = format!(
        "[import]\nhosts-access = true\n[defaults]\nhosts-access = false\n\
         [service.a]\nlisten = [\"*:1\"]\n{PROGRAM}[service.b]\nlisten = [\"*:2\"]\n{PROGRAM}\
         hosts-access = true\n[trap.c]\nlisten = [\"*:3\"]\n"
    );
    let loaded = native(&text);
    let [a, b, c] = ["a", "b", "c"].map(str::to_owned);
    assert_eq!(names(&loaded), [(a, None), (b, Some("sshd".into())), (c, None)]);
    let trap = native("[trap.c]\nlisten = [\"*:3\"]\nhosts-access = true\n");
    assert!(findings(&trap).contains("error[unknown-key]"), "{}", findings(&trap));
}

#[test]
fn other_files_stand_beside_the_configuration_that_names_them() {
    let text = format!(
        "[import]\nhosts-access = {{ allow = \"let-in\", deny = \"/x/shut-out\" }}\n\
         [service.a]\nlisten = [\"*:1\"]\n{PROGRAM}[service.b]\nlisten = [\"*:2\"]\n{PROGRAM}"
    );
    assert_eq!(files(&native(&text)), ["/etc/portreeve/let-in", "/x/shut-out"]);
}

#[test]
fn a_name_that_no_rule_can_hold_is_told() {
    let text = |name: &str| {
        format!("[service.a]\nlisten = [\"*:1\"]\n{PROGRAM}hosts-access = \"{name}\"\n")
    };
    for name in ["a b", "a:b", "sshd@host", "/usr/sbin/sshd", "a,b", "[a]", "#a", "22"] {
        let loaded = native(&text(name));
        let found = findings(&loaded);
        assert!(found.contains("warning[hosts-access-name]"), "{name}: {found}");
        assert_eq!(names(&loaded), [("a".to_owned(), Some(name.to_owned()))]);
    }
    assert!(findings(&native(&text(""))).contains("error[bad-value]"));
    assert_eq!(findings(&native(&text("in.sshd-2"))), "");
}

#[test]
fn the_services_of_xinetd_ask_unless_their_flags_say_otherwise() {
    let service = |name: &str, port: u16, more: &str| {
        format!(
            "service {name}\n{{\ntype = UNLISTED\nport = {port}\nsocket_type = stream\nwait = no\n\
             user = root\nserver = /usr/sbin/in.{name}d\n{more}}}\n"
        )
    };
    let conf = service("a", 1, "") + &service("b", 2, "flags = NOLIBWRAP\n");
    let conf = conf + &service("c", 3, "libwrap = other\n");
    let host = Host::default().with("/etc/xinetd.conf", conf);
    let want = [("a", Some("in.ad")), ("b", None), ("c", Some("other"))];
    let want = want.map(|(key, name)| (key.to_owned(), name.map(str::to_owned)));
    let alone = host.clone().load(&Entry::Xinetd("/etc/xinetd.conf".into()));
    assert_eq!(names(&alone), want);
    assert_eq!(files(&alone), ["/etc/hosts.allow", "/etc/hosts.deny"]);
    for (said, deny) in [("", "/etc/hosts.deny"), ("hosts-access = { deny = \"/x\" }\n", "/x")] {
        let text = format!("[import]\nxinetd = \"/etc/xinetd.conf\"\n{said}");
        let native = host.clone().with("/etc/portreeve/portreeve.toml", text).load(&main());
        assert_eq!(names(&native), want);
        assert_eq!(files(&native), ["/etc/hosts.allow", deny]);
    }
}

/// The findings about these files for a service that asks as `sshd`.
fn about(allow: &str, deny: &str) -> (Loaded, String) {
    let text = format!("[import]\nhosts-access = true\n[service.x]\nlisten = [\"*:1\"]\n{PROGRAM}");
    let loaded = Host::default()
        .with("/etc/portreeve/portreeve.toml", text)
        .with("/etc/hosts.allow", allow)
        .with("/etc/hosts.deny", deny)
        .with("/l", "192.0.2.1 [::1")
        .load(&main());
    let found = findings(&loaded);
    (loaded, found)
}

#[test]
fn lines_that_are_written_wrong_are_warnings_and_refuse_no_configuration() {
    for (deny, code) in [
        ("sshd 192.0.2.1\n", "warning[hosts-no-separator]"),
        ("sshd: 2001:db8::1\n", "warning[hosts-bare-ipv6]"),
        ("sshd: 192.0.2.0/33\n", "warning[hosts-prefix-length]"),
        ("sshd: ALL : shout\n", "warning[hosts-option]"),
        ("sshd: ALL", "warning[hosts-no-final-newline]"),
        ("sshd: /none\n", "warning[hosts-list-missing]"),
        ("sshd: ALL : user nobody-here\n", "warning[hosts-unknown]"),
        ("sshd: ALL : banners /none\n", "warning[hosts-unknown]"),
        ("ALL: ALL\nsshd: ALL\n", "warning[hosts-shadowed]"),
        ("sshd: host.\n", "warning[hosts-doubtful]"),
        ("vsftpd: ALL\n", "note[hosts-no-such-daemon]"),
        ("sshd: ALL\n", "note[hosts-asked]"),
    ] {
        let (loaded, found) = about("", deny);
        assert!(found.contains(code), "{deny}: {found}");
        assert!(
            loaded.config.is_some() && found.contains("/etc/hosts.deny:") || code.contains("asked"),
            "{deny}: {found}"
        );
        let image = loaded.images.first().expect("a source").outcome.as_ref().expect("an image");
        assert!(!image.bytes.is_empty());
    }
}

#[test]
fn files_that_say_nothing_are_not_spoken_of() {
    for (allow, deny) in [("", ""), ("# nothing\n", "\n# nothing\n")] {
        assert_eq!(about(allow, deny).1, "");
    }
    let (_, found) = about("", "sshd: ALL\n");
    assert!(found.contains("asked about `sshd` (x)"), "{found}");
}

#[test]
fn many_plain_lines_cost_less_than_forty_bytes_each() {
    let deny: String = (0..20_000_u32)
        .map(|n| format!("sshd: 10.{}.{}.{}\n", n % 7, (n / 7) % 251, n % 251))
        .collect();
    let (loaded, _) = about("", &deny);
    let image = loaded.images.first().expect("a source").outcome.as_ref().expect("an image");
    assert_eq!(image.entries, 20_000);
    assert!(image.bytes.len() < 20_000 * 40, "{} bytes", image.bytes.len());
}

#[test]
fn rules_that_decide_nothing_are_found_among_any_number() {
    let many: String = (0..30_000_u32)
        .map(|n| format!("sshd: 10.{}.{}.{}\n", n >> 16, (n >> 8) & 255, n & 255))
        .collect();
    let text = format!("[import]\nhosts-access = true\n[service.x]\nlisten = [\"*:1\"]\n{PROGRAM}");
    let host = Host::default().with("/etc/portreeve/portreeve.toml", text);
    let deny = format!("{many}ALL: 192.0.2.1\nsshd: 10.0.90.7\nsshd: 192.0.2.1\n");
    let mut host = Host { thorough: true, ..host }.with("/etc/hosts.deny", deny);
    let found = findings(&host.load(&main()));
    for place in ["/etc/hosts.deny:30002:", "/etc/hosts.deny:30003:"] {
        assert!(found.contains(place), "{place}: {found}");
    }
    assert_eq!(found.matches("hosts-shadowed").count(), 2, "{found}");
}

#[test]
fn the_daemon_that_was_meant_is_named() {
    for (deny, meant) in [("shhd: ALL\n", true), ("vsftpd: ALL\n", false)] {
        let (_, found) = about("", deny);
        assert!(found.contains("note[hosts-no-such-daemon]: no service asks about"), "{found}");
        assert_eq!(found.contains("did you mean `sshd`?"), meant, "{found}");
    }
}

#[test]
fn what_must_be_looked_up_is_kept_for_whoever_asks_for_it_alone() {
    let rules = "sshd: a.example a.example, 192.0.2.9 @friends\nsshd@b.example: /l\n";
    let (loaded, _) = about("", rules);
    assert_eq!(loaded.questions.iter().count(), 0, "a door waits for its rules");
    let text = format!("[import]\nhosts-access = true\n[service.x]\nlisten = [\"*:1\"]\n{PROGRAM}");
    let mut host = Host { thorough: true, ..Host::default() }
        .with("/etc/portreeve/portreeve.toml", text)
        .with("/etc/hosts.deny", rules)
        .with("/l", "c.example\n10.0.0.0/33 a.example\n");
    let loaded = host.load(&main());
    let place = |at: &portreeve_diag::Span| {
        let place = loaded.sources.place(*at);
        format!("{}:{}:{}", place.path, place.line, place.column)
    };
    let asked: Vec<_> = loaded
        .questions
        .iter()
        .map(|(question, at)| {
            format!("{question:?} {:?}", at.iter().map(place).collect::<Vec<_>>())
        })
        .collect();
    let name = |name: &str| format!("{:?}", name.as_bytes());
    let deny = "/etc/hosts.deny";
    assert_eq!(
        asked,
        [
            format!("Host({}) [\"{deny}:1:7\", \"{deny}:1:17\", \"/l:2:13\"]", name("a.example")),
            format!("Host({}) [\"/l:1:1\"]", name("c.example")),
            format!("Server({}) [\"{deny}:2:1\"]", name("b.example")),
            format!("Netgroup({}) [\"{deny}:1:38\"]", name("friends")),
            format!("Address(192.0.2.9) [\"{deny}:1:28\"]"),
        ]
    );
    let found = findings(&loaded);
    assert!(found.contains("warning[hosts-prefix-length]") && found.contains("/l:2:1"), "{found}");
}

#[test]
fn a_banner_for_whom_is_reset_is_told() {
    for (allow, deny, told) in [
        ("", "sshd: ALL : banners /b\n", true),
        ("sshd: 10. : banners /b : deny\n", "", true),
        ("sshd: 10. : banners /b\n", "", false),
        ("", "ftpd: ALL : banners /b\n", false),
    ] {
        for refuse in ["close", "reset"] {
            let text = format!(
                "[import]\nhosts-access = true\n[service.x]\nlisten = [\"*:1\"]\nrefuse = \"{refuse}\"\n{PROGRAM}"
            );
            let mut host = Host::default()
                .with("/etc/portreeve/portreeve.toml", text)
                .with("/etc/hosts.allow", allow)
                .with("/etc/hosts.deny", deny)
                .with("/b/sshd", "no\n");
            let found = findings(&host.load(&main()));
            let want = told && refuse == "reset";
            assert_eq!(
                found.contains("warning[words-unsaid]"),
                want,
                "{allow}{deny}{refuse}: {found}"
            );
        }
    }
}
