//! How many may come in, how fast, and when.

use portreeve_testkit::World;
use portreeve_tests::compare::Step::{Burst, Hold, Release, Visit, Wait};
use portreeve_tests::compare::{Scene, from};
use portreeve_tests::hours::{DAY, around, clock, interval, over_midnight, settled_minute};
use std::any::Any;

/// A server that stays until its peer leaves.
const STAYS: &str = "server_args = drain";

const LAN: &str = "192.168.0.50";
const FAR: &str = "203.0.113.7";

pub(crate) fn counts() -> Scene {
    let mut scene = Scene::new("counts");
    let entry = |lines: &str| format!("{STAYS}\n{lines}");
    scene.script(
        "two instances, no third, and one more after one has gone",
        &entry("instances = 2"),
        [Hold(from(LAN)), Hold(from(FAR)), Visit(from(LAN)), Release, Hold(from(LAN)), Release],
    );
    scene.script("no instance", "instances = 0", [Visit(from(LAN))]);
    scene.script("any number", &entry("instances = UNLIMITED"), [Hold(from(LAN)), Hold(from(LAN))]);
    scene.script(
        "one of each source",
        &entry("per_source = 1"),
        [
            Hold(from(LAN)),
            Visit(from(LAN)),
            Hold(from(FAR)),
            Visit(from(FAR)),
            Release,
            Hold(from(LAN)),
        ],
    );
    scene.script(
        "two of each source",
        &entry("per_source = 2"),
        [Hold(from(LAN)), Hold(from(LAN)), Visit(from(LAN)), Hold(from(FAR))],
    );
    scene.script("none of any source", "per_source = 0", [Visit(from(LAN))]);
    scene.script(
        "any of each source",
        &entry("per_source = UNLIMITED"),
        [Hold(from(LAN)), Hold(from(LAN))],
    );
    scene.script(
        "a source is a whole IPv6 address",
        &entry("per_source = 1\nbind = 2001:db8::1"),
        [Hold(from("2001:db8:a::1")), Visit(from("2001:db8:a::1")), Hold(from("2001:db8:a::2"))],
    );
    scene.script(
        "a source of both families on one socket",
        &entry("per_source = 1\nbind = -"),
        [Hold(from("2001:db8:a::1")), Hold(from(LAN)), Visit(from(LAN))],
    );
    together(&mut scene);
    scene
}

/// Limits beside others, and who does not count.
fn together(scene: &mut Scene) {
    let entry = |lines: &str| format!("{STAYS}\n{lines}");
    scene.script(
        "instances before sources",
        &entry("instances = 1\nper_source = 1"),
        [Hold(from(LAN)), Visit(from(LAN)), Visit(from(FAR))],
    );
    scene.script(
        "instances of the internal echo",
        "service echo\n{\ntype = INTERNAL UNLISTED\nid = echo-counted\ninstances = 1\n}",
        [Hold(from(LAN).says("{}\n")), Visit(from(LAN).says("{}\n").until("\n"))],
    );
    scene.script(
        "a name that xinetd keeps for itself",
        "service logging\n{\nonly_from = 10.1.2.3\n}\nservice intercept\n{\ninstances = 0\n}",
        [Visit(from(LAN)), Visit(from("10.1.2.3")), Visit(from(LAN).entry(1))],
    );
    scene.script(
        "who is refused takes no place",
        &entry("instances = 1\nonly_from = 10.1.2.3"),
        [Visit(from(LAN)), Hold(from("10.1.2.3")), Visit(from("10.1.2.3")), Visit(from(LAN))],
    );
}

pub(crate) fn rates() -> Scene {
    let mut scene = Scene::new("rates");
    scene.script(
        "the sixth of a second makes a pause, and it ends",
        "cps = 5 8",
        [Burst(from(LAN), 6), Visit(from(FAR)), Wait(10), Visit(from(LAN))],
    );
    scene.script("no limit", "cps = 0 2", [Burst(from(LAN), 12)]);
    scene.script("below the limit", "cps = 12 30", [Burst(from(LAN), 12)]);
    scene.script(
        "strangers make no pause",
        "cps = 3 30\nonly_from = 10.1.2.3",
        [Burst(from(LAN), 4), Visit(from("10.1.2.3"))],
    );
    scene.script(
        "a pause forgets no session",
        &format!("{STAYS}\ncps = 3 1\ninstances = 2"),
        [Hold(from(LAN)), Hold(from(LAN)), Burst(from(FAR), 2), Wait(3), Hold(from(FAR))],
    );
    scene
}

pub(crate) fn load() -> Scene {
    let mut scene = Scene::new("load");
    scene.prepare = |_| {
        busy();
        Box::new(()) as Box<dyn Any>
    };
    for (name, lines) in [
        ("above the load", "max_load = 0.01"),
        ("far below the load", "max_load = 5000"),
        ("with digits after the point", "max_load = 5000.25"),
    ] {
        scene.visit(name, lines, from(LAN));
    }
    scene
}

/// Works until the host has a load at all: the kernel looks every five seconds.
fn busy() {
    let high = || {
        #[expect(clippy::disallowed_methods, reason = "a test is all edge: it reads files")]
        let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        text.split(' ')
            .next()
            .and_then(|load| load.parse().ok())
            .is_some_and(|load: f64| load > 0.2)
    };
    for _ in 0..200_000_000_u64 {
        if std::hint::black_box(high()) {
            return;
        }
    }
    panic!("this host has no load however much it works");
}

/// Hours around now, by the clock of a zone that is no whole hour from UTC.
pub(crate) fn hours() -> Scene {
    let mut scene = Scene::new("hours");
    scene.prepare = |world: &World| {
        let zone = "/usr/share/zoneinfo/Asia/Kolkata";
        world.door_run(&["ln", "-sf", zone, "/etc/localtime"]);
        Box::new(()) as Box<dyn Any>
    };
    let now = settled_minute() + 5 * 60 + 30;
    let around = |before: u64, after: u64| around(now, before, after);
    let elsewhere = |after: u64| interval(now + after, now + after + 60);
    for (name, lines) in [
        ("always", "access_times = 0:00-23:59".to_owned()),
        ("around now", format!("access_times = {}", around(30, 30))),
        ("the first minute is inside", format!("access_times = {}", around(0, 60))),
        ("the last minute is inside", format!("access_times = {}", around(60, 0))),
        ("later", format!("access_times = {}", elsewhere(120))),
        ("later and now", format!("access_times = {} {}", elsewhere(180), around(1, 90))),
        ("later twice", format!("access_times = {} {}", elsewhere(180), elsewhere(400))),
        ("a minute without a number", "access_times = :-23:59".to_owned()),
        ("by the clock of UTC it would be open", format!("access_times = {}", utc(now))),
        ("to midnight", "access_times = 0:00-24:00".to_owned()),
        ("over midnight", format!("access_times = {}", over_midnight(now))),
    ] {
        scene.visit(name, &lines, from(LAN));
    }
    scene
}

/// Around now by UTC's clock, where the zone's does not come near.
fn utc(now: u64) -> String {
    let utc = (now + DAY - 330) % DAY;
    let (from, to) = if utc < DAY - 240 { (utc, utc + 120) } else { (utc - 120, utc) };
    format!("{}-{}", clock(from), clock(to))
}
