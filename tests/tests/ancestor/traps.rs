//! Sensors, and whom they shut out.

use portreeve_tests::compare::Step::{Burst, Visit};
use portreeve_tests::compare::{Scene, from};

/// A sensor and a service, each on an address of its own or of both families.
fn sensor(sensor: &str, service: &str) -> String {
    format!(
        "service trap\n{{\ntype = INTERNAL UNLISTED\nflags = SENSOR\n{sensor}\n}}\n\
         service victim\n{{\n{service}\n}}\n"
    )
}

/// (what is shown, lines of the trap, lines of the service, who touches it and who does not)
type Row = (&'static str, &'static str, &'static str, [&'static str; 2]);

const TRAPS: &[Row] = &[
    (
        "a trap shuts its peer out",
        "id = t1\ndeny_time = 60",
        "id = v1",
        ["198.51.100.1", "198.51.100.2"],
    ),
    (
        "a trap for ever",
        "id = t2\ndeny_time = FOREVER",
        "id = v2",
        ["198.51.100.3", "198.51.100.4"],
    ),
    (
        "a trap that records",
        "id = t3\ndeny_time = NEVER",
        "id = v3",
        ["198.51.100.5", "198.51.100.6"],
    ),
    ("a trap without a time records", "id = t4", "id = v4", ["198.51.100.7", "198.51.100.8"]),
    (
        "a trap of both families and a service of IPv4",
        "id = t5\ndeny_time = 60\nbind = -",
        "id = v5\nflags = IPv4",
        ["198.51.100.9", "198.51.100.10"],
    ),
    (
        "a trap and a service of both families",
        "id = t6\ndeny_time = 60\nbind = -",
        "id = v6\nbind = -",
        ["198.51.100.11", "198.51.100.12"],
    ),
    (
        "a trap of IPv4 and a service of both families",
        "id = t7\ndeny_time = 60",
        "id = v7\nbind = -",
        ["198.51.100.13", "198.51.100.14"],
    ),
    (
        "an IPv6 peer",
        "id = t8\ndeny_time = 60\nbind = 2001:db8::1",
        "id = v8\nbind = 2001:db8::1",
        ["2001:db8:a:8::1", "2001:db8:a:9::1"],
    ),
    (
        "an IPv6 peer and its neighbour",
        "id = t9\ndeny_time = 60\nbind = 2001:db8::1",
        "id = v9\nbind = 2001:db8::1",
        ["2001:db8:a:10::1", "2001:db8:a:10::2"],
    ),
    (
        "an address that ends in zero",
        "id = t10\ndeny_time = 60",
        "id = v10",
        ["172.16.9.0", "172.16.9.77"],
    ),
    (
        "the host itself",
        "id = t11\ndeny_time = 60\nbind = 127.0.0.1",
        "id = v11\nbind = 127.0.0.1",
        ["127.0.0.1", "127.0.0.1"],
    ),
    (
        "a trap with a banner",
        "id = t12\ndeny_time = 60\nbanner_fail = /etc/b/fail",
        "id = v12\nbanner_fail = /etc/b/fail",
        ["198.51.100.15", "198.51.100.16"],
    ),
    (
        "lists on a trap do nothing",
        "id = t13\ndeny_time = 60\nno_access = 198.51.100.17",
        "id = v13",
        ["198.51.100.17", "198.51.100.18"],
    ),
];

pub(crate) fn scene() -> Scene {
    let mut scene = Scene::new("traps");
    for (name, trap, service, peers) in TRAPS {
        let text = sensor(trap, service);
        let [caught, other] = *peers;
        let steps = [
            Visit(from(caught).entry(1)),
            Visit(from(caught)),
            Visit(from(caught).entry(1)),
            Visit(from(other).entry(1)),
            Visit(from(caught)),
        ];
        scene.script(name, &text, steps);
    }
    scene.script(
        "a trap that is hammered at goes on",
        "service trap\n{\nid = t14\ntype = INTERNAL UNLISTED\nflags = SENSOR\n}",
        [Burst(from("198.51.100.19"), 51), Visit(from("198.51.100.20"))],
    );
    scene.file("/etc/b/fail", "take a hike\n");
    scene
}
