//! Names, ident and address families: what the relay finds out decides, and what it cannot find out
//! never opens the door.
#![forbid(unsafe_code)]

use portreeve_testkit::{
    DnsServer, IdentReply, IdentServer, Misbehaviour, World, Zone, read_to_end_bounded,
};
use portreeve_tests::{Door, SOON};

fn told(world: &World, client: &str, to: &str) -> String {
    match world.connect(client, to) {
        Ok(stream) => read_to_end_bounded(&stream, 1 << 16, SOON).text(),
        Err(error) => format!("{error}"),
    }
}

#[test]
fn a_rule_by_name_admits_who_confirms_it_and_nobody_else() {
    let world = World::standard();
    world.add_client_address("far", "192.0.2.53");
    world.add_client("liar", &["198.51.100.9"]);
    world.add_client("slow", &["198.51.100.10"]);
    world.set_resolver("192.0.2.53");
    let zone = Zone::new()
        .host("friend.example.org", "192.168.0.50")
        // says to be a friend, but the friend's name does not lead to it
        .name("198.51.100.9", "friend.example.org")
        .ill("198.51.100.10", Misbehaviour::Drop);
    let _dns = DnsServer::start(&world, "far", "192.0.2.53:53", zone);
    let configuration = "\
        [service.allowed]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/echo\", \"in\"]\n\
        allow = [\".example.org\"]\n\
        [service.denied]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"/bin/echo\", \"in\"]\n\
        deny = [\"friend.example.org\"]\n\
        [service.address]\nlisten = [\"192.168.0.1:702\"]\nrun = [\"/bin/echo\", \"in\"]\n\
        allow = [\"198.51.100.10\", \".example.org\"]\n";
    let door = Door::native(&world, configuration);
    assert_eq!(told(&world, "lan", "192.168.0.1:700"), "in\n", "confirmed both ways");
    assert_eq!(told(&world, "liar", "192.168.0.1:700"), "", "a reverse name proves nothing");
    assert_eq!(told(&world, "slow", "192.168.0.1:700"), "", "a failed look-up admits nobody");
    assert_eq!(told(&world, "lan", "192.168.0.1:701"), "");
    assert_eq!(told(&world, "liar", "192.168.0.1:701"), "in\n", "not the friend");
    assert_eq!(
        told(&world, "slow", "192.168.0.1:701"),
        "",
        "where a name denies, a failed look-up refuses"
    );
    assert_eq!(told(&world, "slow", "192.168.0.1:702"), "in\n", "an address rule needs no name");
    let failed =
        door.expect("refused", |e| e["peer"] == "198.51.100.10" && e["service"] == "denied");
    assert_eq!(failed["reason"], "names-failed", "{failed:#}");
}

#[test]
fn a_peer_that_waits_for_names_holds_up_nobody() {
    let world = World::standard();
    world.add_client_address("far", "192.0.2.53");
    world.add_client("slow", &["198.51.100.0/24"]);
    world.set_resolver("192.0.2.53");
    let mut zone = Zone::new();
    for last in 1..=60 {
        zone = zone.ill(&format!("198.51.100.{last}"), Misbehaviour::Drop);
    }
    let _dns = DnsServer::start(&world, "far", "192.0.2.53:53", zone);
    let configuration = "\
        [service.named]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/echo\", \"in\"]\n\
        allow = [\".example.org\", \"192.168.0.50\"]\n";
    let _door = Door::native(&world, configuration);
    let waiting: Vec<_> = (1..=60)
        .map(|n| world.connect_from("slow", &format!("198.51.100.{n}"), "192.168.0.1:700"))
        .collect();
    for _ in 0..5 {
        assert_eq!(told(&world, "lan", "192.168.0.1:700"), "in\n");
    }
    drop(waiting);
}

#[test]
fn ident_is_recorded_without_waiting_and_required_where_asked() {
    let world = World::standard();
    let log = world.dir().join("log/services");
    let _ident = IdentServer::start(
        &world,
        "lan",
        "192.168.0.50:113",
        IdentReply::User("joe\n FAIL".into()),
    );
    let entry = |name: &str, port: u16, flags: &str| {
        format!(
            "service {name}\n{{\n type = UNLISTED\n socket_type = stream\n protocol = tcp\n wait = no\n \
             user = root\n flags = NOLIBWRAP {flags}\n bind = 192.168.0.1\n port = {port}\n \
             server = /bin/echo\n server_args = in\n log_type = FILE {}\n \
             log_on_success = HOST USERID\n log_on_failure = HOST\n}}\n",
            log.display()
        )
    };
    let door = Door::xinetd(&world, &(entry("record", 700, "") + &entry("require", 701, "IDONLY")));
    assert_eq!(told(&world, "lan", "192.168.0.1:700"), "in\n");
    assert_eq!(told(&world, "lan", "192.168.0.1:701"), "in\n");
    assert_eq!(told(&world, "far", "192.168.0.1:700"), "in\n", "no ident server, recorded only");
    assert_eq!(told(&world, "far", "192.168.0.1:701"), "", "no ident server, required");
    door.expect("refused", |e| e["service"] == "require" && e["reason"] == "ident");
    for id in ["record", "require"] {
        portreeve_testkit::wait_for(SOON, format!("{id}'s USERID record"), || {
            let records = portreeve_testkit::Record::read_all(&log);
            records.iter().any(|r| r.kind == "USERID" && r.id == id && r.rest.contains("joe"))
        });
    }
    let text = world.read(&log);
    assert!(!text.lines().any(|l| l.trim_start().starts_with("FAIL")), "nothing injected: {text}");
}

#[test]
fn families_and_several_addresses() {
    let world = World::standard();
    let configuration = "\
        [service.dual]\nlisten = [\"*:700\"]\nrun = [\"/usr/bin/env\"]\n\
        allow = [\"203.0.113.7\", \"2001:db8:f::/64\"]\n\
        [service.six]\nlisten = [\"[::]:701\"]\nrun = [\"/bin/echo\", \"six\"]\n\
        [service.four]\nlisten = [\"0.0.0.0:701\", \"192.168.0.1:702\", \"[2001:db8::1]:702\"]\n\
        run = [\"/bin/echo\", \"four\"]\n";
    let door = Door::native(&world, configuration);
    let v4 = told(&world, "far", "88.1.2.3:700");
    assert!(v4.contains("REMOTE_HOST=203.0.113.7\n"), "mapped IPv4 is IPv4: {v4}");
    assert!(v4.contains("LOCAL_HOST=88.1.2.3\n") && v4.contains("LOCAL_PORT=700\n"), "{v4}");
    let v6 = told(&world, "far", "[2001:db8::1]:700");
    assert!(v6.contains("REMOTE_HOST=2001:db8:f::7\n"), "{v6}");
    assert_eq!(told(&world, "lan", "192.168.0.1:700"), "");
    assert_eq!(told(&world, "far", "[2001:db8::1]:701"), "six\n");
    assert_eq!(told(&world, "far", "88.1.2.3:701"), "four\n");
    assert_eq!(told(&world, "lan", "192.168.0.1:702"), "four\n");
    assert_eq!(told(&world, "far", "[2001:db8::1]:702"), "four\n");
    let refused = door.expect("refused", |e| e["service"] == "dual");
    assert_eq!(refused["peer"], "192.168.0.50", "{refused:#}");
}

#[test]
fn long_banners_reach_their_peer_and_a_peer_that_never_reads_holds_up_nobody() {
    let world = World::standard();
    let dir = world.dir().display().to_string();
    let long = "a line of a very long banner\n".repeat(30_000);
    world.write(format!("{dir}/long"), &long);
    let configuration = format!(
        "[service.long]\nlisten = [\"192.168.0.1:700\"]\nrun = [\"/bin/echo\", \"in\"]\n\
         banner-success = \"{dir}/long\"\nbanner-refused = \"{dir}/long\"\n\
         allow = [\"192.168.0.50\"]\n\
         [service.other]\nlisten = [\"192.168.0.1:701\"]\nrun = [\"/bin/echo\", \"other\"]\n"
    );
    let _door = Door::native(&world, &configuration);
    let deaf: Vec<_> = (0..8)
        .flat_map(|_| {
            ["lan", "far"].map(|client| world.connect(client, "192.168.0.1:700").unwrap())
        })
        .collect();
    assert_eq!(told(&world, "lan", "192.168.0.1:701"), "other\n");
    let all = |client| {
        let peer = world.connect(client, "192.168.0.1:700").unwrap();
        read_to_end_bounded(&peer, 4 << 20, SOON).text()
    };
    assert!(all("lan") == format!("{long}in\n"), "the whole banner, then the service");
    assert!(all("far") == long, "the whole banner, then the end");
    drop(deaf);
}
