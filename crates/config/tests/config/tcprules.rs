//! Rules of tcprules as a source: what is taken, what is refused, what is said of it.

use crate::common::{Host, findings, main};
use portreeve_config::Loaded;
use portreeve_diag::Level;
use portreeve_model::{Asked, MissingRules, SourceKind};
use portreeve_ucspi::cdb::Maker;
use portreeve_ucspi::image::{Answer, Hosts, Image, Info, Peer};
use portreeve_ucspi::rules::{Action, Addresses, Line, data};

const PATH: &str = "/etc/tcp.ssh";

fn service(rules: &str) -> String {
    format!(
        "[service.ssh]\nlisten = [\"*:1\"]\nuser = \"root\"\nrun = [\"/bin/x\"]\nrules = {rules}\n"
    )
}

fn load(rules: &str, file: Option<&[u8]>) -> Loaded {
    let host = Host::default().with("/etc/portreeve/portreeve.toml", service(rules));
    let mut host = match file {
        Some(bytes) => host.with(PATH, bytes),
        None => host,
    };
    host.load(&main())
}

/// A database as tcprules makes it of a text.
fn database(text: &str) -> Vec<u8> {
    let (mut maker, mut file) = (Maker::new(), vec![0; 2048]);
    for line in text.lines() {
        let Ok(Line::Rule(rule)) = Line::parse(line.as_bytes()) else { panic!("{line}") };
        for key in Addresses::of(rule.address).unwrap() {
            let data = data(&rule);
            file.extend(maker.record(&key, data.len()).unwrap());
            file.extend(key.iter());
            file.extend(data);
        }
    }
    let ending = maker.finish().unwrap();
    ending.tables.for_each(|table| file.extend(table));
    file[..2048].copy_from_slice(&ending.header);
    file
}

/// Whether the image of a reading lets an address in; panics with the findings where there is none.
fn lets_in(loaded: &Loaded, address: &str) -> bool {
    assert!(loaded.config.is_some(), "{}", findings(loaded));
    let image = loaded.images[0].outcome.as_ref().unwrap();
    let image = Image::open(&image.bytes).unwrap();
    let peer = Peer { address: address.as_bytes(), hosts: Hosts::Known(&[]), info: Info::None };
    match image.decide(&peer).unwrap() {
        Answer::Decided(Some(found)) => found.rule.action == Action::Allow,
        Answer::Decided(None) => true,
        other @ (Answer::Ask(_) | Answer::Unclear(_)) => panic!("{other:?}"),
    }
}

/// The codes of the findings that are at least warnings.
fn codes(loaded: &Loaded) -> Vec<&str> {
    let grave = loaded.diagnostics.iter().filter(|found| found.level != Level::Note);
    grave.map(|found| found.code.0).collect()
}

#[test]
fn a_text_and_its_database_are_the_same_rules() {
    let text = "# mine\n192.0.2.:allow\n10-11.:allow,RELAYCLIENT=\"\"\n:deny";
    let made = database("192.0.2.:allow\n10-11.:allow,RELAYCLIENT=\"\"\n:deny");
    for file in [text.as_bytes(), &made] {
        let loaded = load("\"/etc/tcp.ssh\"", Some(file));
        assert_eq!(codes(&loaded), [""; 0], "{}", findings(&loaded));
        for (address, want) in [("192.0.2.7", true), ("11.1.2.3", true), ("12.0.0.1", false)] {
            assert_eq!(lets_in(&loaded, address), want, "{address}");
        }
        let image = loaded.images[0].outcome.as_ref().unwrap();
        assert_eq!(image.entries, 4);
    }
}

#[test]
fn the_table_says_what_tcpservers_options_say() {
    let table = "{ file = \"/etc/tcp.ssh\", missing = \"allow\", names = \"never\", \
                 ident = \"always\" }";
    let loaded = load(table, None);
    assert!(lets_in(&loaded, "192.0.2.7"), "nothing refuses while it is not there");
    let config = loaded.config.as_ref().unwrap();
    let rules = config.services[0].admission.rules.as_ref().unwrap();
    assert_eq!((rules.names, rules.ident), (Asked::Never, Asked::Always));
    let SourceKind::Rules { file, missing } = &config.sources[0].kind else { panic!() };
    assert_eq!((file.path.as_str(), *missing), (PATH, MissingRules::Allow));
    let refused = load("\"/etc/tcp.ssh\"", None);
    assert!(refused.config.is_none());
    assert!(findings(&refused).contains("make it with tcprules(1)"), "{}", findings(&refused));
}

#[test]
fn a_program_behind_rules_is_told_what_tcpserver_tells() {
    for (more, want) in [
        ("", true),
        ("environment = { inherit = true }\n", true),
        ("environment = { tcp-variables = false }\n", false),
    ] {
        let text = service("\"/etc/tcp.ssh\"") + more;
        let host = Host::default().with("/etc/portreeve/portreeve.toml", text);
        let loaded = host.with(PATH, ":allow").load(&main());
        let config = loaded.config.as_ref().unwrap_or_else(|| panic!("{}", findings(&loaded)));
        let portreeve_model::Offer::Program(program) = &config.services[0].offer else { panic!() };
        assert_eq!(program.environment.tcp, want, "{more}");
    }
}

#[test]
fn a_service_without_an_offer_names_no_rules() {
    let text = service("\"/etc/tcp.ssh\"") + "disabled = true\n";
    let loaded = Host::default().with("/etc/portreeve/portreeve.toml", text).load(&main());
    assert!(loaded.config.unwrap().sources.is_empty());
    let text = "[defaults]\nrules = \"/etc/tcp.ssh\"\n".to_owned() + &service("\"none\"");
    let loaded = Host::default().with("/etc/portreeve/portreeve.toml", text).load(&main());
    assert!(loaded.config.unwrap().sources.is_empty());
}

#[test]
fn what_is_damaged_is_refused_and_says_where() {
    let whole = database("192.0.2.:deny\n:allow");
    for length in (0..64).chain(2040..whole.len()) {
        let loaded = load("\"/etc/tcp.ssh\"", Some(&whole[..length]));
        assert!(loaded.config.is_none(), "{length}");
        assert!(codes(&loaded).contains(&"rules-damaged"), "{length}: {}", findings(&loaded));
    }
    for (file, want) in [
        (&b""[..], "it is empty"),
        (&whole[..100], "it ends at byte 100, within its header"),
        (b"# only remarks\n\n", "it has no rule"),
    ] {
        let loaded = load("\"/etc/tcp.ssh\"", Some(file));
        assert!(findings(&loaded).contains(want), "{}", findings(&loaded));
    }
    // one that is no key's and no value's is noticed
    let mut noticed = 0;
    for at in 2048..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0xff;
        noticed += usize::from(load("\"/etc/tcp.ssh\"", Some(&changed)).config.is_none());
    }
    assert!(noticed > 40, "{noticed} of {}", whole.len() - 2048);
}

#[test]
fn lines_that_do_nothing_are_named() {
    let text = "192.0.2:deny\n192.0.2.7\n10.0.0.0/8:deny\n192.0.2.7:deny\n192.0.2.7:allow\n\
                :allow,=\"x\"\n";
    let loaded = load("\"/etc/tcp.ssh\"", Some(text.as_bytes()));
    assert_eq!(
        codes(&loaded),
        [
            "rules-never-match",
            "rules-line-ignored",
            "rules-never-match",
            "rules-never-match",
            "rules-never-match"
        ]
    );
    let told = findings(&loaded);
    for want in [
        "/etc/tcp.ssh:1:1",
        "a prefix ends in a dot",
        "/etc/tcp.ssh:2:1",
        "there are no prefix lengths here",
        "/etc/tcp.ssh:5:1",
        "a line before it has the same address",
        "a variable without a name",
    ] {
        assert!(told.contains(want), "{want}: {told}");
    }
    let keys = database("192.0.2:deny\n192.0.2.7:deny\n192.0.2.7:allow\n:allow");
    let loaded = load("\"/etc/tcp.ssh\"", Some(&keys));
    assert_eq!(codes(&loaded), ["rules-never-match", "rules-never-match"]);
    let told = findings(&loaded);
    for want in ["the key `192.0.2` can never match", "`192.0.2.7` stands there more than once"] {
        assert!(told.contains(want), "{want}: {told}");
    }
}

#[test]
fn lines_that_are_no_rules_refuse_the_whole_and_each_is_named() {
    let text = "192.0.2.:deny\n192.0.2.7:oops\n:allow x\n";
    let loaded = load("\"/etc/tcp.ssh\"", Some(text.as_bytes()));
    assert!(loaded.config.is_none());
    assert_eq!(codes(&loaded), ["rules-syntax", "rules-syntax"]);
    let told = findings(&loaded);
    assert!(told.contains("/etc/tcp.ssh:2:11") && told.contains("/etc/tcp.ssh:3:7"), "{told}");
    assert_eq!(loaded.images[0].outcome.clone().unwrap_err(), "2 lines of it are no rules");
}

#[test]
fn rules_that_refuse_nobody_are_noted_unless_they_say_so() {
    for (text, noted) in
        [("192.0.2.:allow", true), (":allow", false), ("192.0.2.:allow\n:deny", false)]
    {
        let loaded = load("\"/etc/tcp.ssh\"", Some(text.as_bytes()));
        let note = loaded.diagnostics.iter().any(|found| found.code.0 == "rules-refuse-nobody");
        assert_eq!(note, noted, "{text}");
    }
}

#[test]
fn findings_without_end_are_counted() {
    let text = "192.0.2:deny\n".repeat(5000) + ":deny\n";
    let loaded = load("\"/etc/tcp.ssh\"", Some(text.as_bytes()));
    assert!(!lets_in(&loaded, "192.0.2.7"), "{}", findings(&loaded));
    assert!(codes(&loaded).len() <= 101);
    assert!(findings(&loaded).contains("more such rules"));
}

#[test]
fn keys_that_nobody_asks_for_are_told() {
    for (more, rules, names, users) in [
        ("", "=.example:allow\njoe@192.0.2.1:deny\n:deny\n", false, false),
        (", names = \"never\"", "=.example:allow\n:deny\n", true, false),
        (", names = \"never\"", "192.0.2.:allow\n:deny\n", false, false),
        (", ident = \"never\"", "joe@192.0.2.1:allow\n=:allow\n:deny\n", false, true),
        (", names = \"never\", ident = \"never\"", "joe@=a.example:allow\n:deny\n", true, true),
    ] {
        let text = format!(
            "[service.x]\nlisten = [\"*:1\"]\nrun = [\"/bin/true\"]\nuser = \"nobody\"\n\
             rules = {{ file = \"/r\"{more} }}\n"
        );
        let mut host =
            Host::default().with("/etc/portreeve/portreeve.toml", text).with("/r", rules);
        let found = findings(&host.load(&main()));
        for (what, told) in [("for host names", names), ("for users", users)] {
            assert_eq!(found.contains(&format!("`x` never asks {what}")), told, "{more}: {found}");
        }
    }
}
