use super::*;
use crate::cdb::{Damage, Maker, Reader, Wrong};
use crate::rules::{Action, Addresses, Line, look_up};

/// An image of a text, by the builder.
fn image(text: &str) -> Vec<u8> {
    let mut builder = Builder::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Line::Rule(rule) = Line::parse(line.as_bytes()).unwrap() else { continue };
        for key in Addresses::of(rule.address).unwrap() {
            builder.add(&key, &rule, number).unwrap();
        }
    }
    builder.finish().unwrap().image
}

/// What an image says: the key with its line, or what it wants.
fn said(image: &[u8], address: &str, hosts: Hosts<'_>, info: Info<'_>) -> String {
    let image = Image::open(image).unwrap();
    match image.decide(&Peer { address: address.as_bytes(), hosts, info }).unwrap() {
        Answer::Decided(None) => "default".into(),
        Answer::Decided(Some(found)) => {
            let word = if found.rule.action == Action::Deny { "deny" } else { "allow" };
            let key = String::from_utf8(found.key).unwrap();
            format!("{word} {key}:{}", found.line.unwrap())
        }
        Answer::Ask(unknown) => format!("ask {unknown:?}"),
        Answer::Unclear(unknown) => format!("unclear {unknown:?}"),
    }
}

const NOBODY: Hosts<'_> = Hosts::Known(&[]);

#[test]
fn nothing_is_asked_that_could_change_nothing() {
    for (text, address, want) in [
        ("1.2.3.:deny\n:allow", "1.2.3.4", "deny 1.2.3.:1"),
        ("1.2.3.:deny", "9.9.9.9", "default"),
        // the address itself comes before every name
        ("1.2.3.4:allow\n=.dom:deny\n:deny", "1.2.3.4", "allow 1.2.3.4:1"),
        ("1.2.3.4:allow\n=a.dom:deny", "1.2.3.5", "ask Hosts"),
        // a prefix comes after a whole name, and before the end of one
        ("1.2.3.:allow\n=a.dom:deny", "1.2.3.4", "ask Hosts"),
        ("1.2.3.:allow\n=.dom:deny", "1.2.3.4", "allow 1.2.3.:1"),
        ("=.dom:allow\n:deny", "1.2.3.4", "ask Hosts"),
        ("=:allow\n:deny", "1.2.3.4", "ask Hosts"),
        // whatever the name, the end is the same
        ("=.dom:allow\n:allow", "1.2.3.4", "allow :2"),
        ("=.dom:deny\n:deny", "1.2.3.4", "deny :2"),
        ("=.dom:deny,X=\"1\"\n:deny", "1.2.3.4", "deny :2"),
        ("=.dom:allow", "1.2.3.4", "default"),
        // variables are part of the end
        ("=.dom:allow,X=\"1\"\n:allow", "1.2.3.4", "ask Hosts"),
        ("=.dom:allow\n:allow,X=\"1\"", "1.2.3.4", "ask Hosts"),
        // a user is asked for where a rule of this address has one
        ("joe@1.2.3.4:allow\n:deny", "1.2.3.4", "ask Info"),
        ("joe@1.2.3.4:allow\n:deny", "1.2.3.5", "deny :2"),
        ("joe@=a.dom:allow\n:deny", "1.2.3.5", "ask Hosts"),
        ("joe@1.2.3.4:deny\n:deny", "1.2.3.4", "deny :2"),
        ("a@b@1.2.3.4:allow\n:deny", "1.2.3.4", "ask Info"),
        // of several rules with one key the first counts, here too
        ("=.dom:deny\n=.dom:allow\n:deny", "1.2.3.4", "deny :3"),
    ] {
        let image = image(text);
        assert_eq!(said(&image, address, Hosts::NotAsked, Info::NotAsked), want, "{text}");
    }
}

#[test]
fn a_user_is_asked_for_when_the_name_has_rules_with_one() {
    let image = image("joe@=a.dom:allow\n=b.dom:deny\n:deny");
    for (host, want) in [(&b"a.dom"[..], "ask Info"), (b"b.dom", "deny =b.dom:2")] {
        assert_eq!(said(&image, "1.2.3.4", Hosts::Known(&[host]), Info::NotAsked), want);
    }
    let hosts = Hosts::Known(&[b"a.dom"]);
    assert_eq!(said(&image, "1.2.3.4", hosts, Info::Known(b"joe")), "allow joe@=a.dom:1");
    assert_eq!(said(&image, "1.2.3.4", hosts, Info::Known(b"")), "deny :3");
    assert_eq!(said(&image, "1.2.3.4", hosts, Info::None), "deny :3");
}

#[test]
fn what_nobody_could_tell_lets_nobody_in() {
    for (text, hosts, info, want) in [
        // a name that failed matches nothing
        ("=.dom:allow\n:deny", Hosts::Failed, Info::NotAsked, "deny :2"),
        // nor does it get past a rule that might be about it
        ("=.dom:deny\n:allow", Hosts::Failed, Info::NotAsked, "unclear Hosts"),
        ("=:deny", Hosts::Failed, Info::NotAsked, "unclear Hosts"),
        ("=.dom:deny\n1.2.3.:allow", Hosts::Failed, Info::NotAsked, "allow 1.2.3.:2"),
        ("=a.dom:deny\n1.2.3.:allow", Hosts::Failed, Info::NotAsked, "unclear Hosts"),
        // variables it might have had are not set
        ("=.dom:allow,X=\"1\"\n:allow", Hosts::Failed, Info::NotAsked, "allow :2"),
        ("joe@1.2.3.4:allow\n:deny", NOBODY, Info::Failed, "deny :2"),
        ("joe@1.2.3.4:deny\n:allow", NOBODY, Info::Failed, "unclear Info"),
        ("joe@1.2.3.9:deny\n:allow", NOBODY, Info::Failed, "allow :2"),
        ("joe@=a.dom:deny\n:allow", Hosts::Failed, Info::NotAsked, "unclear Hosts"),
        ("joe@=a.dom:deny\n:allow", Hosts::Failed, Info::None, "allow :2"),
        ("joe@=a.dom:deny\n:allow", Hosts::Known(&[b"a.dom"]), Info::Failed, "unclear Info"),
        // a user may still decide
        ("joe@1.2.3.4:allow\n=.dom:deny\n:allow", Hosts::Failed, Info::NotAsked, "unclear Hosts"),
        ("joe@1.2.3.4:allow,X=\"1\"\n=.dom:deny", Hosts::Failed, Info::NotAsked, "ask Info"),
        (
            "joe@1.2.3.4:allow,X=\"1\"\n=.dom:deny",
            Hosts::Failed,
            Info::Known(b"joe"),
            "allow joe@1.2.3.4:1",
        ),
    ] {
        assert_eq!(said(&image(text), "1.2.3.4", hosts, info), want, "{text} {hosts:?} {info:?}");
    }
}

#[test]
fn of_several_names_the_nearest_rule_counts_and_one_that_refuses_first() {
    for (text, want) in [
        ("=.a.dom:allow\n=.dom:deny", "allow =.a.dom:1"),
        ("=x.a.dom:allow\n=y.org:deny", "deny =y.org:2"),
        ("=x.a.dom:allow\n=.org:deny", "allow =x.a.dom:1"),
        ("=.dom:allow\n=.org:deny", "deny =.org:2"),
        ("=.b.dom:allow", "default"),
    ] {
        let hosts = Hosts::Known(&[b"x.a.dom", b"y.org"]);
        assert_eq!(said(&image(text), "1.2.3.4", hosts, Info::None), want, "{text}");
    }
}

#[test]
fn an_ipv6_address_that_looks_like_a_prefix_is_both() {
    let image = image("2001:db8::allow\n:deny");
    for address in ["2001:db8::", "2001:db8:5::7"] {
        let said = said(&image, address, Hosts::NotAsked, Info::NotAsked);
        // the text is divided at the first colon that `allow` follows
        assert_eq!(said, "allow 2001:db8::1", "{address}");
    }
    assert_eq!(said(&image, "2001:db9::7", Hosts::NotAsked, Info::NotAsked), "deny :2");
}

#[test]
fn no_rules_refuse_nobody() {
    let nothing = of_nothing();
    assert_eq!(said(&nothing, "1.2.3.4", Hosts::NotAsked, Info::NotAsked), "default");
    assert!(!Image::open(&nothing).unwrap().refuses());
    assert!(Image::open(&image("=x:deny")).unwrap().refuses());
}

#[test]
fn a_database_is_in_its_image_as_it_was() {
    let made = image("1.2.3.4:deny\njoe@1.2.3.4:allow\n:allow,X=\"1\"");
    let database = Image::database(&made).unwrap();
    let again = of_database(database).unwrap();
    assert_eq!(again, made);
    for length in 0..database.len() {
        assert!(matches!(of_database(&database[..length]), Err(BadRules::Damaged(_))), "{length}");
    }
    let short = of_database(&database[..100]);
    assert_eq!(short, Err(BadRules::Damaged(Damage { at: 100, what: Wrong::Header })));
    let cut = of_database(&database[..database.len() - 4]).unwrap_err().to_string();
    assert!(cut.contains("does not lie in the file"), "{cut}");
}

#[test]
fn rules_that_no_program_could_be_told_of_are_refused() {
    let many: String = (0..=MOST_SETTINGS).map(|n| format!(",A{n}=\"\"")).collect();
    let text = format!("1.2.3.4:allow{many}");
    let Line::Rule(rule) = Line::parse(text.as_bytes()).unwrap() else { panic!() };
    let mut builder = Builder::new();
    let refused = builder.add(b"1.2.3.4", &rule, 1);
    assert_eq!(refused, Err(BadRules::Settings { key: b"1.2.3.4".to_vec() }));
    let long = builder.add(&[b'a'; 5000], &rule, 1).unwrap_err().to_string();
    assert!(long.ends_with("is longer than 4 KiB"), "{long}");
}

/// A generator of the same numbers every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

const KEYS: &[&str] = &[
    "joe@1.2.3.4",
    "@1.2.3.4",
    "joe@=a.b.dom",
    "ann@=a.b.dom",
    "1.2.3.4",
    "=a.b.dom",
    "=c.dom",
    "1.2.3.",
    "1.2.",
    "1.",
    "=.b.dom",
    "=.dom",
    "=",
    "",
    "2001:db8:",
    "2001:db8::1",
];

fn text(random: &mut Random) -> String {
    let line = |random: &mut Random| {
        let effect = random.pick(&["allow", "deny", "allow,X=\"1\"", "allow,X=\"2\""]);
        format!("{}:{effect}\n", random.pick(KEYS))
    };
    (0..random.below(6)).map(|_| line(random)).collect()
}

#[test]
fn with_all_known_the_image_says_what_the_look_up_does() {
    let mut random = Random(1);
    for _ in 0..10_000 {
        let text = text(&mut random);
        let image = image(&text);
        let address = random.pick(&["1.2.3.4", "1.2.9.9", "2001:db8::1", "2001:db9::1"]);
        let host = random.pick(&["", "a.b.dom", "c.dom", "x.org"]);
        let info = random.pick(&["?", "", "joe", "ann"]);
        let reader = Reader::new(Image::database(&image).unwrap());
        let peer = crate::rules::Peer {
            address: address.as_bytes(),
            host: (!host.is_empty()).then_some(host.as_bytes()),
            info: (info != "?").then_some(info.as_bytes()),
        };
        let want = look_up(&peer, |key| reader.get(key)).unwrap();
        let one = [host.as_bytes()];
        let hosts = Hosts::Known(if host.is_empty() { &[] } else { &one });
        let known = if info == "?" { Info::None } else { Info::Known(info.as_bytes()) };
        let said = said(&image, address, hosts, known);
        let want = want.map_or("default".into(), |(key, data)| {
            let word = if data.starts_with(b"D") { "deny" } else { "allow" };
            format!("{word} {}:{}", String::from_utf8(key).unwrap(), build::line(data).unwrap())
        });
        assert_eq!(said, want, "{text}{address} {host} {info}");
    }
}

/// What comes of a peer: a refusal, or its variables.
fn end(answer: &Answer<'_>) -> String {
    match answer {
        Answer::Decided(None) => "allow".into(),
        Answer::Decided(Some(found)) if found.rule.action == Action::Deny => "deny".into(),
        Answer::Decided(Some(found)) => {
            let set = found.rule.settings.iter();
            set.fold("allow".into(), |so_far, one| format!("{so_far} {:?}", one.value))
        }
        Answer::Ask(unknown) | Answer::Unclear(unknown) => panic!("{unknown:?}"),
    }
}

#[test]
fn what_is_not_asked_for_changes_nothing_and_what_failed_opens_nothing() {
    let hosts: &[&[&[u8]]] = &[&[], &[b"a.b.dom"], &[b"c.dom"], &[b"x.org"], &[b"z"]];
    let infos = [Info::None, Info::Known(b""), Info::Known(b"joe"), Info::Known(b"ann")];
    let mut random = Random(2);
    for _ in 0..2_000 {
        let text = text(&mut random);
        let bytes = image(&text);
        let image = Image::open(&bytes).unwrap();
        let address = random.pick(&["1.2.3.4", "1.2.9.9", "2001:db8::1"]).as_bytes();
        let decide = |hosts, info| image.decide(&Peer { address, hosts, info }).unwrap();
        let all = |info: Option<Info<'static>>| {
            let infos: Vec<_> = info.map_or(infos.to_vec(), |info| vec![info]);
            let pairs = hosts.iter().flat_map(|h| infos.iter().map(|i| (Hosts::Known(h), *i)));
            pairs.map(|(hosts, info)| end(&decide(hosts, info))).collect::<Vec<_>>()
        };
        if let sure @ Answer::Decided(_) = decide(Hosts::NotAsked, Info::NotAsked) {
            assert!(all(None).iter().all(|other| *other == end(&sure)), "{text}");
        }
        for info in infos {
            if let sure @ Answer::Decided(_) = decide(Hosts::NotAsked, info) {
                assert!(all(Some(info)).iter().all(|other| *other == end(&sure)), "{text}");
            }
            let failed = decide(Hosts::Failed, info);
            let in_at_last = matches!(&failed, Answer::Decided(_)) && end(&failed) != "deny";
            let refused_by_a_name = all(Some(info)).iter().any(|other| other == "deny");
            assert!(!(in_at_last && refused_by_a_name), "{text}");
        }
        for hosts in hosts {
            let failed = decide(Hosts::Known(hosts), Info::Failed);
            let in_at_last = matches!(&failed, Answer::Decided(_)) && end(&failed) != "deny";
            let refuses = |info: &Info<'static>| end(&decide(Hosts::Known(hosts), *info)) == "deny";
            assert!(!(in_at_last && infos.iter().any(refuses)), "{text}");
        }
    }
}

#[test]
fn no_change_of_a_byte_makes_an_image_wander() {
    let made = image("1.2.3.4:deny\njoe@1.2.3.4:allow\n=.dom:deny\n:allow,X=\"1\"");
    for at in 0..made.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut made = made.clone();
            made[at] ^= change;
            let Ok(image) = Image::open(&made) else { continue };
            for hosts in [Hosts::NotAsked, Hosts::Failed, Hosts::Known(&[b"a.dom"])] {
                for info in [Info::NotAsked, Info::Failed, Info::Known(b"joe")] {
                    let _ = image.decide(&Peer { address: b"1.2.3.4", hosts, info });
                }
            }
        }
    }
    for length in 0..made.len() {
        let _ = Image::open(&made[..length]);
    }
}

#[test]
fn data_that_no_builder_writes_is_damage_and_not_looked_through() {
    let with = |length: usize| {
        let mut good = image(":allow");
        let data = b"+A=".iter().copied().chain(std::iter::repeat_n(b'x', length)).chain([0]);
        let data: Vec<u8> = data.collect();
        let mut maker = Maker::new();
        let mut database = vec![0; 2048];
        for part in [&maker.record(b"", data.len()).unwrap(), &[][..], &data] {
            database.extend_from_slice(part);
        }
        let ending = maker.finish().unwrap();
        ending.tables.for_each(|table| database.extend_from_slice(&table));
        database[..2048].copy_from_slice(&ending.header);
        good.truncate(HEAD);
        good[16..HEAD].copy_from_slice(&u64::try_from(database.len()).unwrap().to_le_bytes());
        good.extend(database);
        let peer = Peer { address: b"1.2.3.4", hosts: NOBODY, info: Info::None };
        Image::open(&good).unwrap().decide(&peer).map(drop)
    };
    assert_eq!(with(60_000), Ok(()));
    assert!(with(1 << 20).is_err());
}
