//! What others answer when they are asked about a peer: names that want to be commands, and netgroups
//! that nobody can say anything about.

use crate::kit::{netgroups, out, rules, service, told};
use portreeve_testkit::{DnsServer, World, Zone, wait_for};
use portreeve_tests::{Door, SOON};

const RUN: &str = "run = [\"/bin/echo\", \"in\"]\nuser = \"thisuser\"";

/// Names that lead back to their addresses, and that no host has.
const HOSTILE: [&str; 7] = [
    "x\u{1b}]0;hi\u{7}\n.example.org",
    "a;touch /run/out/hacked;.example.org",
    "$(touch /run/out/hacked).example.org",
    "`touch${IFS}/run/out/hacked`.example.org",
    "'\"|&<>*?\\%h%%.example.org",
    "198.51.100.77",
    "é\0.example.org",
];

#[test]
fn a_name_that_wants_to_be_a_command_is_none() {
    let world = World::standard();
    out(&world);
    world.add_client_address("far", "192.0.2.53");
    world.add_client("evil", &["198.51.100.0/24"]);
    world.set_resolver("192.0.2.53");
    let mut zone = Zone::new()
        .host("good.example.org", "198.51.100.100")
        // a name of somebody else's, which does not lead back
        .name("198.51.100.101", "good.example.org")
        // more bytes than a name may have
        .host(&format!("{}example.org", "a23456789.".repeat(40)), "198.51.100.102");
    for (last, name) in (1..).zip(HOSTILE) {
        zone = zone.host(name, &format!("198.51.100.{last}"));
    }
    let _dns = DnsServer::start(&world, "far", "192.0.2.53:53", zone);
    let allow = "told: ALL: spawn echo \"%h|%n\" '%h' %n %c >>/run/out/told\n\
        named: .example.org, KNOWN: spawn echo %h >>/run/out/named\n\
        twisted: ALL: twist echo \"%n\" %n\n";
    rules(&world, allow, "ALL: ALL\n");
    let services: String = ["told", "named", "twisted"]
        .iter()
        .zip(700..)
        .map(|(daemon, port)| service(daemon, port, RUN))
        .collect();
    let door = Door::native(&world, &services);
    let from = |last: u8, port: u16| {
        let (address, to) = (format!("198.51.100.{last}"), format!("192.168.0.1:{port}"));
        let stream = world.connect_from("evil", &address, &to).expect("connect");
        portreeve_testkit::read_to_end_bounded(&stream, 1 << 16, SOON).text()
    };
    let lines = |path: &str| match world.exists(path) {
        true => world.read(path).lines().map(str::to_owned).collect(),
        false => Vec::new(),
    };
    let last = |count: usize| -> String {
        wait_for(SOON, "a command to have written", || lines("/run/out/told").len() == count);
        lines("/run/out/told").pop().expect("a line")
    };
    let hostile = (1..).take(HOSTILE.len()).chain([101, 102]);
    for (number, who) in (1..).zip(hostile) {
        assert_eq!(from(who, 700), "in\n", "who comes in without a name comes in");
        let address = format!("198.51.100.{who}");
        let none = |name: &str| format!("{address}|{name} {address} {name} {address}");
        let line = last(number);
        assert!(line == none("paranoid") || line == none("unknown"), "{who}: {line:?}");
        assert_eq!(from(who, 701), "", "{who}: by no such name");
        let twisted = from(who, 702);
        assert!(["paranoid paranoid\n", "unknown unknown\n"].contains(&&*twisted), "{twisted:?}");
    }
    let all = HOSTILE.len() + 3;
    assert_eq!(from(100, 700), "in\n");
    let good = "good.example.org";
    assert_eq!(last(all), format!("{good}|{good} {good} {good} {good}"));
    assert_eq!(from(100, 701), "in\n");
    wait_for(SOON, "its rule to have written", || lines("/run/out/named") == [good]);
    door.stop();
    assert!(!world.exists("/run/out/hacked"), "nothing of it was run");
}

/// Who is asked about netgroups, but that it fails as `/run/out/how` says.
const ASKED: &str = "#!/bin/bash\n\
    if [ \"$1\" = netgroup ]; then\n\
    case $(cat /run/out/how) in\n\
    exits) exit 70 ;;\n\
    killed) kill -9 $$ ;;\n\
    hangs) exec sleep 600 ;;\n\
    esac\n\
    fi\n\
    exec -a portreeve-compile GOOD \"$@\"\n";

#[test]
fn a_netgroup_that_nobody_can_say_anything_about_lets_nobody_in() {
    let world = World::standard();
    out(&world);
    netgroups(&world);
    rules(
        &world,
        "members: @lans\nbut: ALL EXCEPT @others\n",
        "members but: ALL\nothers: @others\n",
    );
    let daemons = ["members", "but", "others"];
    let services: String =
        daemons.iter().zip(700..).map(|(daemon, port)| service(daemon, port, RUN)).collect();
    world.write("/etc/portreeve/portreeve.toml", &services);
    let own = format!("{}/own", world.dir().display());
    world.door_run(&["mkdir", "-m", "755", &own]);
    for program in ["portreeved", "portreeve-compile", "portreeve-clerk", "portreeve-relay"] {
        world.door_run(&["cp", &world.bin(program).display().to_string(), &own]);
    }
    let compiler = format!("{own}/portreeve-compile");
    world.door_run(&["mv", &compiler, &format!("{own}/good")]);
    world.write_program(&compiler, ASKED.replace("GOOD", &format!("{own}/good")));
    world.write("/run/out/how", "well\n");
    let door = Door::run(&world, world.door(format!("{own}/portreeved")));
    let come_in =
        || [700, 701, 702].map(|port| told(&world, "lan", &format!("192.168.0.1:{port}")));
    assert_eq!(come_in(), ["in\n"; 3], "while it is asked");
    for how in ["exits", "killed", "hangs"] {
        world.write("/run/out/how", format!("{how}\n"));
        assert_eq!(come_in(), [""; 3], "{how}");
    }
    world.write("/run/out/how", "well\n");
    assert_eq!(come_in(), ["in\n"; 3], "asked again");
    door.stop();
}
