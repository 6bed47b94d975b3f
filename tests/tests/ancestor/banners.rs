//! What peers are told before they are served or refused.

use portreeve_tests::compare::Step::{Hold, Visit};
use portreeve_tests::compare::{Scene, from};
use portreeve_tests::hours;

const LAN: &str = "192.168.0.50";
const ALL: &str =
    "banner = /etc/b/always\nbanner_success = /etc/b/success\nbanner_fail = /etc/b/fail";

pub(crate) fn scene() -> Scene {
    let mut scene = Scene::new("banners");
    scene.file("/etc/b/always", "you are connected\r\n\tto %h\n");
    scene.file("/etc/b/success", "welcome \u{fc}\u{1}");
    scene.file("/etc/b/fail", "take a hike");
    scene.file("/etc/b/empty", "");
    scene.file("/etc/b/long", "0123456789abcdef".repeat(16 << 10));
    scene.files.push(("/etc/b/secret", "0600", "for root alone\n".to_owned()));
    for (name, lines) in [
        ("always", "banner = /etc/b/always"),
        ("when served", "banner_success = /etc/b/success"),
        ("when refused, by who is served", "banner_fail = /etc/b/fail"),
        ("all three, served", ALL),
        ("an empty one", "banner = /etc/b/empty"),
        ("a long one", "banner = /etc/b/long"),
        ("a long one when served", "banner_success = /etc/b/long"),
        ("one for root, by root", "banner_success = /etc/b/secret"),
        ("one for root, by a user", "user = thisuser\nbanner_success = /etc/b/secret"),
        ("one for root first, by a user", "user = thisuser\nbanner = /etc/b/secret"),
        ("one that is not there", "banner = /etc/b/missing"),
    ] {
        scene.visit(name, lines, from(LAN));
    }
    for (name, lines) in [
        ("refused by a list", "only_from = 10.1.2.3"),
        ("refused by a list, by a user", "user = thisuser\nonly_from = 10.1.2.3"),
        ("refused by a count", "instances = 0"),
        ("refused by a source", "per_source = 0"),
    ] {
        scene.visit(name, &format!("{ALL}\n{lines}"), from(LAN));
    }
    let hours = format!("{ALL}\naccess_times = {}", hours::closed());
    scene.visit("refused by hours", &hours, from(LAN));
    scene.visit("refused without words", "instances = 0", from(LAN));
    scene.visit("refused with a long one", "banner_fail = /etc/b/long\ninstances = 0", from(LAN));
    scene.visit(
        "one for root when refused, by a user",
        "user = thisuser\nbanner_fail = /etc/b/secret\nonly_from = 10.1.2.3",
        from(LAN),
    );
    scene.visit(
        "who speaks first and is refused hears why",
        "banner_fail = /etc/b/fail\ninstances = 0",
        from(LAN).says("SSH-2.0-client\r\n"),
    );
    scene.script(
        "the internal echo",
        &format!("service echo\n{{\ntype = INTERNAL UNLISTED\nid = echo-banner\n{ALL}\nonly_from = {LAN}\n}}"),
        [Visit(from(LAN).says("hello\n").until("hello\n")), Visit(from("203.0.113.7"))],
    );
    scene.script(
        "a full service",
        &format!("{ALL}\nserver_args = drain\ninstances = 1"),
        [Hold(from(LAN)), Visit(from(LAN))],
    );
    scene
}
