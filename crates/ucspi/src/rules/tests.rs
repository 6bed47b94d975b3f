use super::*;
use std::collections::HashMap;

/// As tcprules stores it, the first of a key winning.
fn stored(text: &str) -> HashMap<Vec<u8>, Vec<u8>> {
    let mut stored = HashMap::new();
    for line in text.split_inclusive('\n') {
        if let Line::Rule(rule) = Line::parse(line.as_bytes()).unwrap() {
            for key in Addresses::of(rule.address).unwrap() {
                stored.entry(key.into_owned()).or_insert_with(|| data(&rule));
            }
        }
    }
    stored
}

/// What decides, with its settings: `deny` or `allow`.
fn decide(text: &str, address: &str, host: Option<&str>, info: Option<&str>) -> String {
    let stored = stored(text);
    let peer = Peer {
        address: address.as_bytes(),
        host: host.map(str::as_bytes),
        info: info.map(str::as_bytes),
    };
    let find = |key: &[u8]| Ok::<_, ()>(stored.get(key));
    let Some((key, data)) = look_up(&peer, find).unwrap() else { return "default".into() };
    let rule = Stored::parse(data);
    let mut told = format!("{}:{:?}", String::from_utf8_lossy(&key), rule.action);
    for Setting { name, value } in rule.settings {
        told += &format!(",{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value));
    }
    told
}

const MANUAL: &str = "xyz@86.75.30.9:allow,w=\"first\"\nxyz@=one.two.three:allow,w=\"second\"\n\
    86.75.30.9:allow,w=\"third\"\n=one.two.three:allow,w=\"fourth\"\n86.75.30.:allow,w=\"fifth\"\n\
    86.75.:allow,w=\"sixth\"\n86.:allow,w=\"seventh\"\n=.two.three:allow,w=\"eighth\"\n\
    =.three:allow,w=\"ninth\"\n=:allow,w=\"tenth\"\n:allow,w=\"eleventh\"\n@86.1.1.1:deny\n";

#[test]
fn the_manual_example_is_decided_as_by_the_ancestor() {
    for (address, host, info, want) in [
        ("86.75.30.9", Some("one.two.three"), Some("xyz"), "xyz@86.75.30.9:Allow,w=first"),
        ("86.75.30.8", Some("one.two.three"), Some("xyz"), "xyz@=one.two.three:Allow,w=second"),
        ("86.75.30.9", Some("one.two.three"), None, "86.75.30.9:Allow,w=third"),
        ("86.75.30.8", Some("one.two.three"), None, "=one.two.three:Allow,w=fourth"),
        ("86.75.30.8", Some("x.two.three"), None, "86.75.30.:Allow,w=fifth"),
        ("86.75.9.9", Some("x.two.three"), None, "86.75.:Allow,w=sixth"),
        ("86.1.1.1", None, None, "86.:Allow,w=seventh"),
        ("1.1.1.1", Some("x.two.three"), None, "=.two.three:Allow,w=eighth"),
        ("1.1.1.1", Some(".two.three"), None, "=.two.three:Allow,w=eighth"),
        ("1.1.1.1", Some("two.three"), None, "=.three:Allow,w=ninth"),
        ("1.1.1.1", Some("z"), None, "=:Allow,w=tenth"),
        ("1.1.1.1", Some(""), None, "=:Allow,w=tenth"),
        ("1.1.1.1", Some("a.three."), None, "=:Allow,w=tenth"),
        ("1.1.1.1", Some("X.TWO.THREE"), None, "=:Allow,w=tenth"),
        ("86.75.30.9", Some("ONE.two.three"), None, "86.75.30.9:Allow,w=third"),
        ("1.1.1.1", None, None, ":Allow,w=eleventh"),
        ("86.1.1.1", None, Some(""), "@86.1.1.1:Deny"),
        ("86", None, None, ":Allow,w=eleventh"),
        ("86.", None, None, "86.:Allow,w=seventh"),
        ("garbage!!", None, None, ":Allow,w=eleventh"),
    ] {
        assert_eq!(decide(MANUAL, address, host, info), want, "{address} {host:?} {info:?}");
    }
}

#[test]
fn small_texts_are_decided_as_by_the_ancestor() {
    for (text, address, host, want) in [
        ("1.2.3.4:deny,X=\"y\"", "1.2.3.4", None, "1.2.3.4:Deny,X=y"),
        (
            "1.2.3.5:allow,X=\"1\",X=\"2\",Y=\"\"\n1.2.3.5:deny",
            "1.2.3.5",
            None,
            "1.2.3.5:Allow,X=1,X=2,Y=",
        ),
        ("1.2.3.5:allow", "1.2.3.6", None, "default"),
        (
            "127.0-5.:allow,which=/first/,where=/whatever/",
            "127.3.0.1",
            None,
            "127.3.:Allow,which=first,where=whatever",
        ),
        ("127.0-5.:allow", "127.6.0.1", None, "default"),
        ("1.2.3:deny", "1.2.3.4", None, "default"),
        ("1.2.3.4-8:deny\n1.2.3.5:allow", "1.2.3.5", None, "1.2.3.5:Deny"),
        ("=.abuser.edu:deny", "1.1.1.1", Some("abuser.edu"), "default"),
        ("=.abuser.edu:deny", "1.1.1.1", Some("x.y.abuser.edu"), "=.abuser.edu:Deny"),
        (":allow,w==fourth=", "10.1.1.1", None, ":Allow,w=fourth"),
        (":allow,A=,x,,B=y5y", "10.1.1.1", None, ":Allow,A=x,B=5"),
        ("2001:db8::allow", "2001:db8:5::7", None, "2001:db8::Allow"),
        ("2001:db8:5::7:deny", "2001:db8:5::7", None, "2001:db8:5::7:Deny"),
        ("2001:db8:5::deny\n2001:db8::allow", "2001:db8:5:1::8", None, "2001:db8:5::Deny"),
    ] {
        assert_eq!(decide(text, address, host, None), want, "{text}");
    }
}

#[test]
fn ranges_stand_for_their_keys() {
    let keys = |address: &str| -> Vec<String> {
        let keys = Addresses::of(address.as_bytes()).unwrap();
        keys.map(|key| String::from_utf8(key.into_owned()).unwrap()).collect()
    };
    for (address, want) in [
        ("1.2.3.37-39", vec!["1.2.3.37", "1.2.3.38", "1.2.3.39"]),
        ("1.2.3-4.", vec!["1.2.3.", "1.2.4."]),
        ("10-11.", vec!["10.", "11."]),
        ("1.2-3.4.5", vec!["1.2.4.5", "1.3.4.5"]),
        ("1.2.3.254-999", vec!["1.2.3.254", "1.2.3.255"]),
        ("1.2.3.7-6", vec![]),
        ("1.2.3.7-", vec![]),
        ("1.2.3.-1", vec!["1.2.3.0", "1.2.3.1"]),
        ("1.2-3.4-5", vec!["1.2.4-5", "1.3.4-5"]),
        ("=a-b.dom", vec!["=a-b.dom"]),
        ("joe@1.2.3.4-5", vec!["joe@1.2.3.4-5"]),
        ("", vec![""]),
    ] {
        assert_eq!(keys(address), want, "{address}");
    }
}

#[test]
fn faults_say_where_they_are() {
    for (line, at, what) in [
        ("1.2.3.4:oops", 8, What::Action),
        ("1.2.3.4:Allow", 8, What::Action),
        ("1.2.3.4:deny\r\n", 12, What::Comma),
        ("1.2.3.4:deny # why", 12, What::Comma),
        ("1.2.3.4:allow,", 13, What::Name),
        ("1.2.3.4:allow,A", 13, What::Name),
        ("1.2.3.4:allow,A=", 16, What::Unquoted),
        ("1.2.3.4:allow,A=\"b", 16, What::Open),
        ("1.2.3.4:allow,A=\"b\" ,B=\"c\"", 19, What::Comma),
        ("foo-bar:deny", 0, What::Range),
        ("1.2.3.4-5-6:deny", 9, What::Range),
    ] {
        assert_eq!(Line::parse(line.as_bytes()), Err(Fault { at, what }), "{line}");
    }
    for line in ["", "\n", "  \t\n", "#:deny", "# 1.2.3.4:oops\n"] {
        assert_eq!(Line::parse(line.as_bytes()), Ok(Line::Nothing), "{line:?}");
    }
    assert_eq!(Line::parse(b"1.2.3.4\n"), Ok(Line::Ignored));
    assert!(matches!(Line::parse(b" #:deny"), Ok(Line::Rule(_))), "no comment: not in front");
}

#[test]
fn rules_that_can_never_match_are_doubted_and_others_are_not() {
    for address in [
        "",
        "1.2.3.4",
        "1.2.3.",
        "1.",
        "1.2.3.4-5",
        "1.2-3.",
        "=",
        "=.dom",
        "=host.dom",
        "joe@1.2.3.4",
        "joe@=host.dom",
        "@1.2.3.4",
        "2001:db8::1",
        "2001:db8:",
        "2001:db8::5:",
        "2001:db8:0:",
        "::",
        "::1",
        "fe80::",
        "::ffff:1.2.3.4",
    ] {
        assert_eq!(doubt(address.as_bytes()), None, "{address}");
    }
    for address in [
        " 1.2.3.4",
        "1.2.3.4 ",
        "1.2.3",
        "1.2.3.300",
        "1.2.3.04",
        "10.0.0.0/8",
        "*",
        "1.2.3.4.",
        "1.2.3.4.5",
        "joe@1.2.3.",
        "joe@=.dom",
        "joe@",
        "=Host.dom",
        "1.2.3.9-3",
        "1.2-3.4-5",
        "1.2.3-4",
        "2001:DB8::1",
        "2001:db8:0:0::1",
        "host.dom",
        "2001:db8",
        "2001:0db8:",
        "2001:db8::5::",
        "1:2:3:4:5:6:7:8:",
        "12345:",
        "=host.dom.",
        "=.",
    ] {
        assert!(doubt(address.as_bytes()).is_some(), "{address}");
    }
}

#[test]
fn no_key_that_is_looked_up_is_doubted() {
    let parts = [0_u16, 0, 0, 1, 0xdb8, 0xffff];
    let mut addresses: Vec<String> = ["192.0.2.7", "0.0.0.0"].map(str::to_owned).into();
    for number in 0..6_usize.pow(4) {
        let part = |at: usize| parts[number / 6_usize.pow(u32::try_from(at % 4).unwrap()) % 6];
        let groups: [u16; 8] =
            std::array::from_fn(|at| if at < 5 { part(at) } else { part(at / 2) });
        addresses.push(std::net::Ipv6Addr::from(groups).to_string());
    }
    for address in &addresses {
        let (host, info) = (Some(&b"a.b-c.example.org"[..]), Some(&b"joe"[..]));
        let peer = Peer { address: address.as_bytes(), host, info };
        let none = look_up(&peer, |key| {
            assert_eq!(doubt(key), None, "{}", String::from_utf8_lossy(key));
            Ok::<_, ()>(None::<()>)
        });
        assert_eq!(none, Ok(None));
    }
}

#[test]
fn a_plain_line_is_read_as_any_other() {
    for line in [
        "1.2.3.4:allow",
        "1.2.3.4:deny\n",
        "255.255.255.255:deny\n",
        "0.0.0.0:allow\n",
        "1.2.3.4:deny \n",
        "1.2.3.4:deny\n\n",
        "1.2.3.4:denyx\n",
        "1.2.3.4:allow,A=\"b\"\n",
        "1.2.3.256:deny\n",
        "1.2.3.04:deny\n",
        "1.2.3:deny\n",
        "1.2.3.4.5:deny\n",
        "1.2.3.4.:deny\n",
        "1.2.3.4-9:deny\n",
        "1.2.3.4deny\n",
        "1.2.3.4",
        ":deny\n",
        "#1.2.3.4:deny\n",
        " 1.2.3.4:deny\n",
        "",
    ] {
        let Some((address, action)) = plain(line.as_bytes()) else { continue };
        let whole = Line::parse(line.as_bytes());
        let want = Rule { address, action, settings: Vec::new() };
        assert_eq!(whole, Ok(Line::Rule(want.clone())), "{line}");
        assert_eq!(doubt(address), None, "{line}");
        assert!(!Addresses::of(address).unwrap().is_range(), "{line}");
        assert_eq!(data(&want), if action == Action::Deny { DENY } else { b"" }, "{line}");
    }
    for line in ["1.2.3.4:allow", "1.2.3.4:deny\n", "255.255.255.255:deny\n", "0.0.0.0:allow\n"] {
        assert!(plain(line.as_bytes()).is_some(), "{line}");
    }
}
