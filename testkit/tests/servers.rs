//! The name server and the ident server answer as they are told.

#![forbid(unsafe_code)]

use std::io::Write;
use std::time::Duration;

use portreeve_testkit::{
    DnsServer, End, IdentReply, IdentServer, Misbehaviour, World, Zone, read_to_end_bounded,
};

const LIMIT: Duration = Duration::from_secs(60);

/// What the C library in the door makes of a name or address.
fn getent(world: &World, database: &str, key: &str) -> Option<String> {
    let mut command = world.door("getent");
    command.args([database, key]);
    let output = world.run(command, LIMIT);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

#[test]
fn names_are_answered_from_the_table() {
    let world = World::standard();
    world.add_client_address("far", "192.0.2.53");
    world.set_resolver("192.0.2.53");
    let zone = Zone::new()
        .host("mail.example.org", "203.0.113.7")
        .host("six.example.org", "2001:db8:f::7")
        .ill("broken.example.org", Misbehaviour::Fail)
        .ill("192.168.0.50", Misbehaviour::Drop)
        .name("192.168.0.50", "lan.example.org");
    let server = DnsServer::start(&world, "far", "192.0.2.53:53", zone.clone());
    let found = getent(&world, "ahostsv4", "mail.example.org").unwrap();
    assert!(found.starts_with("203.0.113.7"), "{found}");
    let found = getent(&world, "ahostsv6", "six.example.org").unwrap();
    assert!(found.starts_with("2001:db8:f::7"), "{found}");
    let found = getent(&world, "hosts", "203.0.113.7").unwrap();
    assert!(found.contains("mail.example.org"), "{found}");
    let found = getent(&world, "hosts", "2001:db8:f::7").unwrap();
    assert!(found.contains("six.example.org"), "{found}");
    for unknown in ["nobody.example.org", "broken.example.org", "192.168.0.50"] {
        assert_eq!(getent(&world, "hosts", unknown), None, "{unknown}");
    }
    server.replace(zone.ill("192.168.0.50", Misbehaviour::Late(Duration::from_millis(50))));
    let found = getent(&world, "hosts", "192.168.0.50").unwrap();
    assert!(found.contains("lan.example.org"), "{found}");
    assert!(server.queries().iter().any(|query| query.kind == "PTR"));
}

#[test]
fn ident_says_what_it_is_told() {
    let world = World::standard();
    let at = "192.168.0.50:113";
    let server = IdentServer::start(&world, "lan", at, IdentReply::User("joe".into()));
    let ask = |limit| {
        let mut stream = world.connect("door", at).unwrap();
        stream.write_all(b"6193, 23\r\n").unwrap();
        let received = read_to_end_bounded(&stream, 1000, limit);
        (received.text(), received.end)
    };
    assert_eq!(ask(LIMIT), ("6193, 23 : USERID : UNIX : joe\r\n".to_owned(), End::Closed));
    server.answer(IdentReply::Late(
        Duration::from_millis(10),
        Box::new(IdentReply::Error("NO-USER".into())),
    ));
    assert_eq!(ask(LIMIT), ("6193, 23 : ERROR : NO-USER\r\n".to_owned(), End::Closed));
    server.answer(IdentReply::Raw(b"\x1b[2J".to_vec()));
    assert_eq!(ask(LIMIT).0, "\x1b[2J");
    server.answer(IdentReply::Silence);
    assert_eq!(ask(Duration::from_millis(50)), (String::new(), End::Deadline));
    server.answer(IdentReply::Close);
    assert_eq!(ask(LIMIT).0, "");
    assert_eq!(server.queries(), ["6193, 23"; 5]);
}
