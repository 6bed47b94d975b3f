//! Where a service listens, and for whom.

use portreeve_tests::compare::Step::Visit;
use portreeve_tests::compare::{Scene, from};

const ENTRIES: &[(&str, &str)] = &[
    ("nothing said", "bind = -"),
    ("one address", "bind = 192.168.0.1"),
    ("another address", "bind = 88.1.2.3"),
    ("interface is bind", "interface = 88.1.2.3"),
    ("an IPv6 address", "bind = 2001:db8::1"),
    ("every IPv4 address", "bind = 0.0.0.0"),
    ("every address", "bind = ::"),
    ("IPv4 alone", "bind = -\nflags = IPv4"),
    ("IPv6 asked for", "bind = -\nflags = IPv6"),
    ("both asked for", "bind = -\nflags = IPv4 IPv6"),
    ("IPv6 alone", "bind = -\nv6only = yes"),
    ("IPv6 asked for and alone", "bind = -\nflags = IPv6\nv6only = yes"),
    ("not IPv6 alone", "bind = -\nv6only = no"),
    ("every IPv6 address alone", "bind = ::\nv6only = yes"),
    ("an IPv4 address and its flag", "bind = 192.168.0.1\nflags = IPv4"),
    ("an IPv6 address and its flag", "bind = 2001:db8::1\nflags = IPv6"),
    ("a name", "bind = door.example\nflags = IPv4"),
    ("an address that is not here", "bind = 203.0.113.99"),
    ("two addresses", "bind = 192.168.0.1 127.0.0.1"),
];

pub(crate) fn scene() -> Scene {
    let mut scene = Scene::new("listening");
    scene.prepare = |world| {
        let hosts = world.read("/etc/hosts");
        world.write("/etc/hosts", format!("{hosts}192.168.0.1\tdoor.example\n"));
        Box::new(())
    };
    for (name, lines) in ENTRIES {
        let steps = [
            Visit(from("192.168.0.50").to("192.168.0.1")),
            Visit(from("203.0.113.7").to("88.1.2.3")),
            Visit(from("2001:db8:f::7").to("2001:db8::1")),
            Visit(from("127.0.0.1").to("127.0.0.1")),
        ];
        scene.script(name, lines, steps);
    }
    scene
}
