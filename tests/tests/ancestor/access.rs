//! Who may come in: every form of an address, both lists, their operators, names.

use portreeve_testkit::{DnsServer, World, Zone};
use portreeve_tests::compare::{Scene, Step, from};
use std::any::Any;

/// (what is shown, the lines of the entry, peers)
type Row = (&'static str, &'static str, &'static [&'static str]);

const ALLOWED: &[Row] = &[
    ("an address", "only_from = 10.1.2.3", &["10.1.2.3", "10.1.2.4", "192.168.0.50"]),
    ("a final zero", "only_from = 10.1.2.0", &["10.1.2.0", "10.1.2.255", "10.1.3.0", "10.1.1.255"]),
    ("two final zeros", "only_from = 10.1.0.0", &["10.1.0.0", "10.1.255.255", "10.2.0.0"]),
    ("three final zeros", "only_from = 10.0.0.0", &["10.255.255.254", "11.0.0.1", "192.168.0.50"]),
    ("four zeros", "only_from = 0.0.0.0", &["10.1.2.3", "203.0.113.7"]),
    ("a zero in the middle", "only_from = 10.0.2.3", &["10.0.2.3", "10.0.2.4", "10.9.2.3"]),
    (
        "a prefix",
        "only_from = 10.1.2.64/26",
        &["10.1.2.64", "10.1.2.127", "10.1.2.128", "10.1.2.63"],
    ),
    (
        "bits below the prefix",
        "only_from = 10.1.2.77/26",
        &["10.1.2.64", "10.1.2.127", "10.1.2.63"],
    ),
    ("a prefix of 32", "only_from = 10.1.2.0/32", &["10.1.2.0", "10.1.2.1"]),
    ("a prefix of 31", "only_from = 10.1.2.2/31", &["10.1.2.2", "10.1.2.3", "10.1.2.4"]),
    ("a prefix of 1", "only_from = 128.0.0.0/1", &["203.0.113.7", "10.1.2.3"]),
    ("a prefix of 0", "only_from = 10.1.2.3/0", &["10.1.2.3", "203.0.113.7"]),
    ("members of the third octet", "only_from = 10.1.{2,3}", &["10.1.2.9", "10.1.3.0", "10.1.4.1"]),
    ("members of the second octet", "only_from = 10.{1,3}", &["10.1.9.9", "10.3.0.1", "10.2.0.1"]),
    (
        "members of the fourth octet",
        "only_from = 10.1.2.{3,4}",
        &["10.1.2.3", "10.1.2.4", "10.1.2.5"],
    ),
    ("one member", "only_from = 10.1.{2}", &["10.1.2.9", "10.1.3.9"]),
    (
        "a member that is zero",
        "only_from = 10.1.2.{0,4}",
        &["10.1.2.0", "10.1.2.4", "10.1.2.9", "10.1.3.4"],
    ),
    ("a zero in the third octet", "only_from = 10.1.{0,4}", &["10.1.0.7", "10.1.4.7", "10.1.9.9"]),
    ("a zero alone", "only_from = 10.1.{0}", &["10.1.0.7", "10.1.9.9"]),
    ("zeros before members", "only_from = 10.0.0.{1,2}", &["10.0.0.1", "10.0.0.3", "10.0.1.1"]),
    (
        "members of the first octet",
        "only_from = {10,203}",
        &["10.9.9.9", "203.0.113.7", "192.168.0.50"],
    ),
    (
        "zero denied among members",
        "no_access = 10.1.2.{0,4}",
        &["10.1.2.0", "10.1.2.4", "10.1.2.9"],
    ),
    ("short forms", "only_from = 10.1", &["10.0.0.1", "10.1.0.1"]),
    ("hexadecimal", "only_from = 0x0a010203", &["10.1.2.3", "10.1.2.4"]),
    ("octal", "only_from = 012.1.2.3", &["10.1.2.3", "12.1.2.3"]),
    ("several items", "only_from = 10.1.2.3 203.0.113.7", &["10.1.2.3", "203.0.113.7", "10.1.2.4"]),
    (
        "items added",
        "only_from = 10.1.2.3\nonly_from += 10.1.2.4",
        &["10.1.2.3", "10.1.2.4", "10.1.2.5"],
    ),
    (
        "items taken away",
        "only_from = 10.1.2.3 10.1.2.4\nonly_from -= 10.1.2.4",
        &["10.1.2.3", "10.1.2.4"],
    ),
    ("the last `=` wins", "only_from = 10.1.2.3\nonly_from = 10.1.2.4", &["10.1.2.3", "10.1.2.4"]),
    ("nobody", "only_from =", &["10.1.2.3"]),
    ("everything taken away", "only_from = 10.1.2.3\nonly_from -= 10.1.2.3", &["10.1.2.3"]),
];

const DENIED: &[Row] = &[
    ("denied", "no_access = 10.1.2.3", &["10.1.2.3", "10.1.2.4"]),
    ("a network denied", "no_access = 10.1.0.0", &["10.1.0.1", "10.2.0.1"]),
    ("a prefix denied", "no_access = 10.1.2.0/25", &["10.1.2.127", "10.1.2.128"]),
    ("members denied", "no_access = 10.1.{2,3}", &["10.1.2.1", "10.1.4.1"]),
    ("everybody denied", "no_access = 0.0.0.0", &["10.1.2.1"]),
    ("nobody denied", "no_access =", &["10.1.2.1"]),
    (
        "denials added",
        "no_access = 10.1.2.3\nno_access += 10.1.2.4",
        &["10.1.2.3", "10.1.2.4", "10.1.2.5"],
    ),
    (
        "denials taken away",
        "no_access = 10.1.2.3 10.1.2.4\nno_access -= 10.1.2.3",
        &["10.1.2.3", "10.1.2.4"],
    ),
    (
        "both lists",
        "only_from = 10.0.0.0\nno_access = 10.1.0.0",
        &["10.2.0.1", "10.1.0.1", "11.0.0.1"],
    ),
    (
        "a denial wins over a closer item",
        "only_from = 10.1.2.3\nno_access = 10.1.2.0",
        &["10.1.2.3", "10.1.2.4"],
    ),
    (
        "a denial wins over the same item",
        "only_from = 10.1.2.3\nno_access = 10.1.2.3",
        &["10.1.2.3"],
    ),
    ("a dotted mask", "only_from = 10.1.2.0/255.255.255.0", &["10.1.2.0", "10.1.2.9", "10.1.3.0"]),
    ("a dotted mask denied", "no_access = 10.1.2.0/255.255.255.0", &["10.1.2.9", "10.1.3.0"]),
    (
        "a user's service refuses too",
        "user = thisuser\nonly_from = 10.1.2.3",
        &["10.1.2.3", "10.1.2.4"],
    ),
];

const V6: &[Row] = &[
    ("an IPv6 address", "only_from = 2001:db8:a::5", &["2001:db8:a::5", "2001:db8:a::6"]),
    (
        "an IPv6 prefix",
        "only_from = 2001:db8:a::/64",
        &["2001:db8:a::ffff", "2001:db8:a:1::1", "2001:db8:f::7"],
    ),
    (
        "an IPv6 prefix on no octet's border",
        "only_from = 2001:db8:a:2::/63",
        &["2001:db8:a:3::1", "2001:db8:a:4::1"],
    ),
    ("an IPv6 prefix of 3", "only_from = 2000::/3", &["2001:db8:a::1"]),
    (
        "IPv6 bits below the prefix",
        "only_from = 2001:db8:a:1::9/63",
        &["2001:db8:a::1", "2001:db8:a:2::1"],
    ),
    ("an IPv6 prefix of 127", "only_from = 2001:db8:a::4/127", &["2001:db8:a::5", "2001:db8:a::6"]),
    ("an IPv6 prefix of 128", "only_from = 2001:db8:a::5/128", &["2001:db8:a::5", "2001:db8:a::6"]),
    (
        "an IPv6 prefix of 128 denied",
        "no_access = 2001:db8:a::5/128",
        &["2001:db8:a::5", "2001:db8:a::6"],
    ),
    ("all of IPv6", "only_from = ::/0", &["2001:db8:a::5"]),
    ("IPv4 alone", "only_from = 0.0.0.0", &["2001:db8:a::5"]),
    (
        "an IPv6 network denied",
        "no_access = 2001:db8:a::/48",
        &["2001:db8:a:9::1", "2001:db8:f::7"],
    ),
    (
        "an IPv6 address in capitals",
        "only_from = 2001:DB8:A:0:0:0:0:5",
        &["2001:db8:a::5", "2001:db8:a::6"],
    ),
];

/// On one socket for both families.
const DUAL: &[Row] = &[
    (
        "an address on a socket of both",
        "only_from = 10.1.2.3",
        &["10.1.2.3", "10.1.2.4", "2001:db8:a::5"],
    ),
    ("a network on a socket of both", "only_from = 10.1.0.0", &["10.1.2.3", "10.2.2.3"]),
    ("members on a socket of both", "only_from = 10.1.{2,3}", &["10.1.3.3", "10.1.4.3"]),
    ("a prefix on a socket of both", "only_from = 10.1.2.0/25", &["10.1.2.3", "10.1.2.200"]),
    (
        "both families",
        "only_from = 10.1.2.3 2001:db8:a::5",
        &["10.1.2.3", "2001:db8:a::5", "10.1.2.4", "2001:db8:a::6"],
    ),
    ("everybody", "only_from = ::/0", &["10.1.2.3", "2001:db8:a::5"]),
    ("everybody of IPv4", "only_from = 0.0.0.0", &["10.1.2.3", "2001:db8:a::5"]),
    ("a prefix around the mapped addresses", "only_from = ::1/64", &["10.1.2.3", "2001:db8:a::5"]),
    (
        "a prefix around the mapped addresses denied",
        "no_access = ::/8",
        &["10.1.2.3", "2001:db8:a::5"],
    ),
    ("a mapped address", "only_from = ::ffff:10.1.2.3", &["10.1.2.3", "10.1.2.4"]),
    ("a mapped prefix", "only_from = ::ffff:10.1.2.0/120", &["10.1.2.9", "10.1.3.9"]),
    (
        "denied on a socket of both",
        "no_access = 10.1.2.3",
        &["10.1.2.3", "10.1.2.4", "2001:db8:a::5"],
    ),
];

/// By name: 10.1.2.3 is good.example, 10.1.2.4 is other.example, 10.1.2.5 says it is good.example.
const NAMES: &[Row] = &[
    ("a name", "flags = IPv4\nonly_from = good.example", &["10.1.2.3", "10.1.2.4", "10.1.2.9"]),
    ("a name in another case", "flags = IPv4\nonly_from = Good.EXAMPLE", &["10.1.2.3", "10.1.2.4"]),
    (
        "a domain",
        "flags = IPv4\nonly_from = .example",
        &["10.1.2.3", "10.1.2.4", "10.1.2.9", "10.1.2.6"],
    ),
    ("a part of a name is no domain", "flags = IPv4\nonly_from = .xample", &["10.1.2.3"]),
    (
        "a name denied",
        "flags = IPv4\nno_access = other.example",
        &["10.1.2.3", "10.1.2.4", "10.1.2.9"],
    ),
    (
        "a name and an address",
        "flags = IPv4\nonly_from = good.example 10.1.2.9",
        &["10.1.2.3", "10.1.2.9", "10.1.2.4"],
    ),
    ("a name that is a claim", "flags = IPv4\nonly_from = good.example", &["10.1.2.5"]),
    ("a domain that is a claim", "flags = IPv4\nonly_from = .example", &["10.1.2.5"]),
    ("a domain twice in the name", "flags = IPv4\nonly_from = .foo", &["10.1.2.7"]),
    ("a name that nobody has", "flags = IPv4\nonly_from = nowhere.example", &["10.1.2.3"]),
    ("a name that nobody has denied", "flags = IPv4\nno_access = nowhere.example", &["10.1.2.3"]),
    ("a name on a socket of both", "bind = -\nonly_from = good.example", &["10.1.2.3", "10.1.2.4"]),
    (
        "a name denied on a socket of both",
        "bind = -\nno_access = other.example",
        &["10.1.2.3", "10.1.2.4"],
    ),
];

fn rows(scene: &mut Scene, rows: &[Row], more: &str) {
    for (name, lines, peers) in rows {
        let steps = peers.iter().map(|peer| Step::Visit(from(peer)));
        scene.script(name, &format!("{lines}\n{more}"), steps);
    }
}

// Above fifty refusals in a second the door counts those of one network together: no scene has
// so many.

pub(crate) fn allowed() -> Scene {
    let (first, _) = ALLOWED.split_at(ALLOWED.len() / 2);
    let mut scene = Scene::new("allowed");
    rows(&mut scene, first, "");
    scene
}

pub(crate) fn allowed_too() -> Scene {
    let (_, second) = ALLOWED.split_at(ALLOWED.len() / 2);
    let mut scene = Scene::new("allowed too");
    rows(&mut scene, second, "");
    scene
}

pub(crate) fn denied() -> Scene {
    let mut scene = Scene::new("denied");
    rows(&mut scene, DENIED, "");
    scene
}

pub(crate) fn ipv6() -> Scene {
    let mut scene = Scene::new("ipv6");
    rows(&mut scene, V6, "bind = 2001:db8::1");
    rows(&mut scene, DUAL, "bind = -");
    scene
}

pub(crate) fn names() -> Scene {
    let mut scene = Scene::new("names");
    scene.prepare = name_server;
    rows(&mut scene, NAMES, "");
    scene
}

fn name_server(world: &World) -> Box<dyn Any> {
    let zone = Zone::new()
        .host("good.example", "10.1.2.3")
        .host("other.example", "10.1.2.4")
        .name("10.1.2.5", "good.example")
        .host("deep.below.example", "10.1.2.6")
        .host("a.foo.foo", "10.1.2.7");
    Box::new(DnsServer::start(world, "door", "127.0.0.1:53", zone))
}
