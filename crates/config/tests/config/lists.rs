//! Ranges, and lists in files of their own.

use crate::common::{Host, findings, main};
use portreeve_config::{Entry, Loaded, print};
use portreeve_diag::Level;
use portreeve_lists::Set;
use portreeve_model::{Config, Pattern, SourceKind};
use std::net::IpAddr;

const ECHO: &str = "listen = [\"0.0.0.0:7\"]\ninternal = \"echo\"\n";

fn host(rules: &str) -> Host {
    Host::default()
        .with("/etc/portreeve/portreeve.toml", format!("[service.echo]\n{ECHO}{rules}\n"))
        .with("/etc/portreeve/office.list", "# ours\n192.0.2.0/24\n.example.org\n")
        .with("/srv/bad.list", "203.0.113.1-203.0.113.9\n")
}

fn loaded(rules: &str) -> Loaded {
    host(rules).load(&main())
}

fn config(loaded: &Loaded) -> &Config {
    loaded.config.as_ref().unwrap_or_else(|| panic!("{}", findings(loaded)))
}

/// Paths of the lists, which the configuration's files hold.
fn files(config: &Config) -> Vec<String> {
    let file = |source: &portreeve_model::Source| match &source.kind {
        SourceKind::List(file) => {
            let at = usize::try_from(file.file).expect("a number");
            assert_eq!(config.files.get(at), Some(&file.path));
            file.path.clone()
        }
        SourceKind::Rules { .. } | SourceKind::Wrappers { .. } => panic!("no list: {source:?}"),
    };
    config.sources.iter().map(file).collect()
}

#[test]
fn ranges_stand_wherever_lists_do() {
    let loaded = loaded(
        "allow = [\"192.0.2.10-192.0.2.20\", \"2001:db8:: - 2001:db8::ff\"]\n\
         access = [{ deny = \"192.0.2.13-192.0.2.14\" }]\n\n\
         [ban]\nnever = [\"198.51.100.1-198.51.100.4\"]",
    );
    let config = config(&loaded);
    let lists = &config.services[0].admission.lists;
    let shown: Vec<String> = lists
        .iter()
        .flat_map(|list| list.allow.iter().flat_map(|allow| &allow.rules).chain(&list.deny))
        .chain(&config.settings.never_ban)
        .map(|rule| rule.pattern.to_string())
        .collect();
    assert_eq!(
        shown,
        [
            "192.0.2.10-192.0.2.20",
            "2001:db8::-2001:db8::ff",
            "192.0.2.13-192.0.2.14",
            "198.51.100.1-198.51.100.4",
        ]
    );
}

#[test]
fn what_a_range_covers_is_noted_and_what_it_denies_warned_about() {
    let loaded = loaded(
        "allow = [\"192.0.2.0/24\", \"192.0.2.10-192.0.2.20\", \"192.0.2.12\", \"10.0.0.4-10.0.0.5\"]\n\
         deny = [\"10.0.0.0-10.0.0.255\"]",
    );
    let told: Vec<String> = loaded.diagnostics.iter().map(|one| one.message.clone()).collect();
    for want in [
        "`192.0.2.10-192.0.2.20` lies in `192.0.2.0/24`, which is listed as well",
        "`192.0.2.12` lies in `192.0.2.0/24`, which is listed as well",
        "nobody of `10.0.0.4-10.0.0.5` is let in: `deny` has `10.0.0.0-10.0.0.255`",
    ] {
        assert!(told.contains(&want.to_owned()), "{told:?}");
    }
}

#[test]
fn a_list_is_found_beside_the_file_that_names_it() {
    let loaded = loaded("allow = \"@office.list\"\ndeny = [\"@/srv/bad.list\", \"10.0.0.1\"]");
    let config = config(&loaded);
    assert_eq!(files(config), ["/etc/portreeve/office.list", "/srv/bad.list"]);
    let list = &config.services[0].admission.lists[0];
    let allow = list.allow.as_ref().expect("allow");
    assert!(matches!(&allow.rules[0].pattern, Pattern::Listed(list) if list.source.0 == 0));
    assert_eq!(allow.rules[0].text, "@/etc/portreeve/office.list");
    let sets: Vec<Set<Vec<u8>>> = loaded
        .images
        .iter()
        .map(|read| Set::new(read.outcome.clone().expect("an image").bytes).expect("whole"))
        .collect();
    let peer = |text: &str| text.parse::<IpAddr>().expect("an address");
    assert_eq!(sets[0].by_address(peer("192.0.2.77")), Some(2));
    assert_eq!(sets[0].by_name("a.example.org"), Some(3));
    assert_eq!(sets[1].by_address(peer("203.0.113.9")), Some(1));
}

#[test]
fn services_share_a_list_however_it_is_named() {
    let text = format!(
        "[defaults]\ndeny = \"@/srv/bad.list\"\n\
         [service.echo]\n{ECHO}\n[service.echo2]\nlisten = [\"0.0.0.0:8\"]\ninternal = \"echo\"\n\
         allow = [\"@./office.list\", \"@office.list\"]\n"
    );
    let mut host = host("").with("/etc/portreeve/portreeve.toml", text);
    let loaded = host.load(&main());
    let config = config(&loaded);
    assert_eq!(files(config), ["/srv/bad.list", "/etc/portreeve/office.list"]);
    assert!(config.services.iter().all(|service| service.sources().any(|id| id.0 == 0)));
}

#[test]
fn a_list_that_cannot_be_read_is_an_error_where_it_is_named() {
    for (rules, message, help) in [
        (
            "allow = \"@gone.list\"",
            "`/etc/portreeve/gone.list` cannot be read: no such file or directory",
            None,
        ),
        ("deny = \"@\"", "`@` names no file", Some("write the path of a list")),
        ("deny = \"@/srv/\"", "`@/srv/` names no file", Some("write the path of a list")),
    ] {
        let loaded = loaded(rules);
        assert!(loaded.config.is_none(), "{rules}");
        let finding = loaded.diagnostics.iter().find(|one| one.message == message);
        let finding = finding.unwrap_or_else(|| panic!("{rules}: {}", findings(&loaded)));
        let (line, _) = loaded.sources.line_column(finding.at.expect("a place"));
        assert_eq!((finding.level, line), (Level::Error, 4), "{rules}");
        let helps = |help: &str| finding.help.iter().any(|one| one.contains(help));
        assert!(help.is_none_or(helps), "{rules}");
    }
}

#[test]
fn a_bad_line_refuses_the_configuration_and_is_shown() {
    let mut host = host("deny = \"@/srv/bad.list\"");
    host.files.insert("/srv/bad.list".into(), b"10.0.0.1\n\n10.0.0.0/64\n".to_vec());
    let loaded = host.load(&main());
    assert!(loaded.config.is_none());
    let text = findings(&loaded);
    assert!(text.contains("--> /srv/bad.list:3:1"), "{text}");
    assert!(text.contains("3 | 10.0.0.0/64"), "{text}");
    assert!(loaded.images[0].outcome.is_err());
}

#[test]
fn who_is_never_banned_stands_in_the_configuration() {
    let loaded = loaded("\n[ban]\nnever = \"@office.list\"");
    assert!(loaded.config.is_none());
    assert!(findings(&loaded).contains("not in a file of its own"), "{}", findings(&loaded));
}

#[test]
fn a_printed_configuration_names_its_lists_by_whole_paths() {
    let first = loaded("allow = [\"@office.list\", \"10.0.0.1-10.0.0.9\"]");
    let text = print(config(&first));
    assert!(text.contains("\"@/etc/portreeve/office.list\""), "{text}");
    let mut host = host("").with("/elsewhere.toml", text);
    let again = host.load(&Entry::Native("/elsewhere.toml".into()));
    assert_eq!(config(&again), config(&first));
}
