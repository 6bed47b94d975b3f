//! hosts.allow and hosts.deny, as TCP Wrappers' rules and as lists.

use crate::kit::{Dice, lets_in, native};
use portreeve_config::convert::{Given, Weight, hosts_access};
use portreeve_diag::{Diagnostics, Sources};
use portreeve_dialect::wrappers::{read, shadowed};
use portreeve_model::wrappers::{Table, Tables, Which};
use portreeve_policy::wrappers::{
    Answers, Decision, End, Endpoint, Name, Request, Start, User, decide,
};
use portreeve_policy::{Names, Tables as Native};
use std::net::IpAddr;

const DAEMONS: [&str; 9] =
    ["sshd", "ALL", "in.ftpd", "sshd in.ftpd", "ALL EXCEPT sshd", "SSHD", "pop3d", "*", "22"];
const CLIENTS: [&str; 26] = [
    "ALL",
    "ALL",
    "ALL",
    "10.0.0.",
    "10.0.0.0/30",
    "10.0.0.1",
    "10.0.0.2",
    "10.",
    "10.0.0.3/32",
    "10.0.0.0/255.255.255.253",
    "192.0.2.0/24",
    "[2001:db8::]/32",
    "[2001:db8::1]",
    "0.0.0.0/0",
    "[::]/0",
    ".example.org",
    "a.example.org",
    ".example.com",
    "b.example.com",
    "example.org",
    "10.0.0",
    "LOCAL",
    "10.0.0.9/28",
    "joe@ALL",
    ".2",
    "10.0.1.0/255.0.255.0",
];
const OPTIONS: [&str; 8] =
    ["deny", "allow", "severity auth.info", "deny", "allow", "spawn true", "nice 3", "nonsense"];
const PEERS: [&str; 9] = [
    "10.0.0.1",
    "10.0.0.2",
    "10.0.0.3",
    "10.0.0.200",
    "10.1.1.1",
    "192.0.2.7",
    "203.0.113.1",
    "2001:db8::1",
    "2001:db9::1",
];
const NAMES: [&str; 5] =
    ["a.example.org", "z.example.org", "b.example.com", "example.org", "x.test"];

fn file(dice: &mut Dice) -> String {
    let mut text = String::new();
    for _ in 0..dice.below(5) {
        // most rules have a list form; the others come now and then
        let client = |dice: &mut Dice| {
            let all = if dice.once_in(12) { &CLIENTS[..] } else { &CLIENTS[..20] };
            *dice.one_of(all)
        };
        let all = if dice.once_in(30) { &DAEMONS[..] } else { &DAEMONS[..8] };
        let daemon = *dice.one_of(all);
        text += &format!("{daemon}: {}", client(dice));
        for _ in 0..dice.below(3) {
            text += &format!(" {}", client(dice));
        }
        for _ in 0..dice.below(4).saturating_sub(1) {
            text += &format!(" EXCEPT {}", client(dice));
        }
        if dice.once_in(10) {
            text += &format!(" : {}", dice.one_of(&OPTIONS));
        }
        text.push('\n');
    }
    text
}

/// What the ancestor's rules say; `None` where they ask for more than a name.
fn wrapped(tables: &Tables, daemon: &str, peer: &str, name: &Name) -> Option<bool> {
    let client = Endpoint { address: Some(peer.into()), port: 1, name: name.clone() };
    let request =
        Request { daemon: daemon.into(), client, user: User::Unknown, ..Request::default() };
    match decide(tables, &request, &Answers::default(), Start::Beginning) {
        Decision::Decided(decided) => Some(decided.end == End::Granted),
        Decision::Need(..) => None,
    }
}

fn tables(allow: &str, deny: &str) -> Tables {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let mut table = |which, text: &str| {
        Table::Rules(read(which, "/f", text.as_bytes(), &mut sources, &mut found))
    };
    Tables { allow: table(Which::Allow, allow), deny: table(Which::Deny, deny) }
}

fn given(path: &str, text: &str) -> Given {
    Given { path: path.into(), content: Some(text.into()) }
}

#[test]
fn converted_lists_decide_as_the_rules_did() {
    let (mut same, mut kept) = (0, 0);
    for seed in 0..1200 {
        let mut dice = Dice(seed);
        let (allow, deny) = (file(&mut dice), file(&mut dice));
        let rules = tables(&allow, &deny);
        let converted = hosts_access(&given("/hosts.allow", &allow), &given("/hosts.deny", &deny));
        let config = native(&converted.text);
        let compiled = Native::compile(&config);
        for (service, daemon) in
            [("sshd", "sshd"), ("in.ftpd", "in.ftpd"), ("pop3d", "pop3d"), ("other", "xyz")]
        {
            // a daemon that no rule names is any other
            let own = converted.text.contains(&format!("[service.{service}]"))
                || converted.text.contains(&format!("[service.\"{service}\"]"));
            if !own && service != "other"
                || service == "other" && converted.text.contains("The files go on")
            {
                continue;
            }
            for peer in PEERS {
                let address: IpAddr = peer.parse().unwrap();
                let known: Vec<_> = NAMES.iter().map(|name| [(*name).to_owned()]).collect();
                let all = known
                    .iter()
                    .map(|name| (Names::Confirmed(name), Name::Known(name[0].clone().into())));
                let all = all.chain([
                    (Names::None, Name::Unknown),
                    (Names::Unconfirmed, Name::Paranoid),
                    (Names::Failed, Name::Failed),
                ]);
                for (names, name) in all {
                    let Some(got) = lets_in(&config, &compiled, service, address, names) else {
                        kept += 1;
                        continue;
                    };
                    same += 1;
                    let want = wrapped(&rules, daemon, peer, &name);
                    assert_eq!(
                        Some(got),
                        want,
                        "seed {seed}: {service} {peer} {names:?}\n--- hosts.allow\n{allow}--- hosts.deny\n{deny}---\n{}",
                        converted.text
                    );
                }
            }
        }
    }
    assert!(same > kept && kept > 0, "{same} compared, {kept} kept");
}

#[test]
fn what_lists_cannot_say_is_kept_with_its_place() {
    for (allow, deny, why) in [
        ("sshd: ALL : spawn true\n", "", "/hosts.allow:1: `spawn` runs a command"),
        ("", "\nsshd: joe@ALL\n", "/hosts.deny:2: `joe@ALL` is about a user"),
        ("22: 10.\n", "sshd: ALL\n", "/hosts.allow:1: `22` is about whichever daemon"),
        ("sshd@10.0.0.1: ALL\n", "", "/hosts.allow:1: `sshd@10.0.0.1` is about one"),
        ("sshd: 10.0.0.1\n", "sshd: .x.org\n", "/hosts.deny:1: it refuses by name"),
        ("sshd: /etc/friends\n", "sshd: ALL\n", "`/etc/friends` is a file of patterns"),
        ("sshd: @friends LOCAL\n", "sshd: ALL\n", "`@friends` is a netgroup"),
        ("sshd: PARANOID\n", "", "whose name does not lead back"),
    ] {
        let converted = hosts_access(&given("/hosts.allow", allow), &given("/hosts.deny", deny));
        let text = &converted.text;
        assert!(!converted.is_exact());
        assert!(converted.remarks.iter().any(|remark| remark.weight == Weight::Kept), "{text}");
        assert!(text.contains(why), "{why} in\n{text}");
        assert!(text.contains("hosts-access = \"sshd\""), "{text}");
        assert!(text.contains("[import]\nhosts-access = { allow = \"/hosts.allow\""), "{text}");
    }
}

#[test]
fn what_lists_say_is_short() {
    let cases = [
        (
            "sshd: 192.0.2.0/24 EXCEPT 192.0.2.66\n",
            "ALL: ALL\n",
            "allow = [\"192.0.2.0/24\"]\ndeny = [\"192.0.2.66\"]",
        ),
        ("", "sshd: 203.0.113. .example.org\n", "deny = [\"203.0.113.0/24\", \".example.org\"]"),
        ("", "sshd: ALL EXCEPT .example.org\n", "allow = [\".example.org\"]"),
        (
            "sshd: .example.org\n",
            "sshd: 10.\nsshd: .a.example.org\nALL: ALL\n",
            "allow = [\".example.org\"]",
        ),
        (
            "ALL: 10. : deny\nsshd: .example.org 192.0.2.1\n",
            "ALL: ALL\n",
            "allow = [\"192.0.2.1\", \".example.org\"]\ndeny = [\"10.0.0.0/8\"]",
        ),
        // nobody is left for what lists cannot say
        ("sshd: 10.\n", "sshd: ALL\nsshd: LOCAL : twist true\n", "allow = [\"10.0.0.0/8\"]"),
    ];
    for (allow, deny, want) in cases {
        let converted = hosts_access(&given("/hosts.allow", allow), &given("/hosts.deny", deny));
        assert!(converted.is_exact(), "{}", converted.text);
        assert!(converted.text.contains(want), "{want} in\n{}", converted.text);
    }
}

#[test]
fn files_that_are_not_there_and_a_hundred_thousand_lines_are_no_trouble() {
    let none = Given { path: "/hosts.allow".into(), content: None };
    let mut deny = String::new();
    for n in 0..100_000_u32 {
        deny += &format!("ALL: 10.{}.{}.{}\n", n >> 16, n >> 8 & 255, n & 255);
    }
    let converted = hosts_access(&none, &given("/hosts.deny", &deny));
    assert!(converted.is_exact());
    assert!(converted.text.contains("note: /hosts.allow: there is no such file"));
    assert!(converted.text.contains("deny = [\n  \"10.0.0.0/16\",\n"), "{}", converted.text);
}

/// The rules without those of these lines, counted over both files.
fn without(tables: &Tables, sources: &Sources, found: &Diagnostics) -> Tables {
    let at = |one: &portreeve_diag::Diagnostic| {
        let span = one.at.unwrap();
        (span.file.0, sources.line_column(span).0)
    };
    let lines: Vec<_> = found.iter().filter(|one| one.code.0 == "hosts-shadowed").map(at).collect();
    let left = |table: &Table| {
        let rules = table.rules().iter();
        let left = rules.filter(|rule| !lines.contains(&(rule.origin.file, rule.origin.line)));
        Table::Rules(left.cloned().collect())
    };
    Tables { allow: left(&tables.allow), deny: left(&tables.deny) }
}

#[test]
fn a_shadowed_rule_can_be_removed() {
    let mut removed = 0;
    for seed in 0..3000 {
        let mut dice = Dice(seed ^ 0x5ad0);
        let (allow, deny) = (file(&mut dice), file(&mut dice));
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let mut table = |which, text: &str| {
            Table::Rules(read(which, "/f", text.as_bytes(), &mut sources, &mut found))
        };
        let rules = Tables { allow: table(Which::Allow, &allow), deny: table(Which::Deny, &deny) };
        let mut found = Diagnostics::new();
        shadowed(&rules, &sources, &mut found);
        if found.is_empty() {
            continue;
        }
        removed += found.len();
        let left = without(&rules, &sources, &found);
        let names = NAMES.map(|name| Name::Known(name.into()));
        for name in names.into_iter().chain([Name::Unknown, Name::Paranoid, Name::Failed]) {
            for (daemon, peer) in
                ["sshd", "in.ftpd", "xyz"].iter().flat_map(|d| PEERS.map(|peer| (*d, peer)))
            {
                let all = wrapped(&rules, daemon, peer, &name);
                let some = wrapped(&left, daemon, peer, &name);
                assert_eq!(all, some, "seed {seed}: {daemon} {peer} {name:?}\n{allow}---\n{deny}");
            }
        }
    }
    assert!(removed > 300, "{removed}");
}
