//! tcpserver by rules for IPv6, made by either house's words.

use crate::kit::Kit;
use portreeve_testkit::{poll_for, read_to_end_bounded};
use portreeve_tests::SOON;
use std::fs::{self, File};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// A server that is killed with its test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn rules_decide_of_both_families_at_once() {
    let kit = Kit::new();
    let ours = &kit.houses[1];
    let rules = "::1:allow,RULE=\"six\"\n127.0.0.1:allow,RULE=\"four\"\n127.7.:deny\n\
                 2001:db8:5::7:deny\n:allow,RULE=\"any\"\n";
    let place = kit.path("rules.cdb").display().to_string();
    let words = ["tcprules", &place, "rules.tmp"];
    assert_eq!(kit.run(ours, &words, rules), (Some(0), String::new(), String::new()));
    let out = File::create(kit.path("port")).unwrap();
    let mut command = Command::new(ours.join("tcpserver"));
    command.args(["-1RHl0", "-x", &place, "0", "0", "sh", "-c", "echo $RULE $PROTO $TCPREMOTEIP"]);
    command.stdin(Stdio::null()).stdout(out).stderr(Stdio::null());
    let _server = Server(command.spawn().unwrap());
    let port: u16 = poll_for(SOON, "its port", || {
        fs::read_to_string(kit.path("port")).ok()?.strip_suffix('\n')?.parse().ok()
    });
    for (to, want) in
        [("::1", "six TCP6 ::1\n"), ("127.0.0.1", "four TCP 127.0.0.1\n"), ("127.7.0.1", "")]
    {
        // the own address is the other end's own choice too, on loopback
        let from = if to == "::1" { "::1" } else { to };
        let mut client = Command::new("timeout");
        client.args(["60"]).arg(ours.join("tcpclient")).args(["-RHl0", "-i", from]);
        client.args([if to == "::1" { "::1" } else { "127.0.0.1" }, &port.to_string()]);
        let output = client.args(["sh", "-c", "exec cat <&6"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), want, "{to}");
    }
    let stream = TcpStream::connect(("::1", port)).unwrap();
    assert_eq!(read_to_end_bounded(&stream, 100, SOON).text(), "six TCP6 ::1\n");
    // what they say of an address that is not here
    for (peer, want) in [
        ("2001:db8:5::7", "rule 2001:db8:5::7:\ndeny connection\n"),
        ("2001:db8:5::8", "rule :\nset environment variable RULE=any\nallow connection\n"),
    ] {
        let told = kit.run_with(ours, &["tcprulescheck", &place], "", |command| {
            command.env("TCPREMOTEIP", peer);
        });
        assert_eq!(told, (Some(0), want.into(), String::new()), "{peer}");
    }
}
