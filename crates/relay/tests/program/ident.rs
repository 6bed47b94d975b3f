//! Ident, against servers that answer, misbehave, or are not there.

use crate::relay::{PATIENT, Relay};
use portreeve_sys::socket::stream_from;
use portreeve_testkit::read_until;
use portreeve_wire::relay::{FromRelay, ToRelay};
use portreeve_wire::{End, QuestionId};
use std::io::Write;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

fn end(address: &str, port: u16) -> End {
    End { address: address.parse().unwrap(), port }
}

/// An ident server that says the same to everybody (or nothing, if nothing is given), and tells
/// who asked what.
fn server(address: &str, reply: Option<&'static [u8]>) -> Receiver<(String, String)> {
    let listener = TcpListener::bind((address, 113)).expect("serve ident");
    let (tell, told) = channel();
    spawn(move || {
        while let Ok((mut stream, from)) = listener.accept() {
            let question = read_until(&stream, b"\n", PATIENT).text();
            tell.send((from.ip().to_string(), question)).unwrap();
            match reply {
                Some(reply) => stream.write_all(reply).unwrap_or(()),
                None => sleep(PATIENT),
            }
        }
    });
    told
}

fn ask(relay: &Relay, peer: End, local: End, bound: bool, seconds: u32) -> Result<String, String> {
    let question = QuestionId(7);
    let message = ToRelay::Ident { question, peer, local, seconds };
    if bound {
        relay.say(&message, &[stream_from(local.address).unwrap().as_fd()]);
    } else {
        relay.say(&message, &[]);
    }
    match relay.next() {
        FromRelay::Ident { question: QuestionId(7), answer } => answer.told(),
        other => panic!("no answer but {other:?}"),
    }
}

on_a_private_host! {
    fn the_question_comes_from_the_connections_own_address() {
        let relay = Relay::start(&[]);
        let told = server("192.0.2.7", Some(b"6193, 23 : USERID : UNIX : joe\r\n"));
        let (peer, local) = (end("192.0.2.7", 6193), end("192.0.2.3", 23));
        assert_eq!(ask(&relay, peer, local, true, 30), Ok("UNIX : joe".into()));
        assert_eq!(told.recv().unwrap(), ("192.0.2.3".into(), "6193,23\r\n".into()));
        // Without a bound socket the kernel chooses, here another address: then nobody is asked.
        assert_eq!(ask(&relay, peer, local, false, 30), Err("system error".into()));
        // Unless it chooses the right one.
        let local = end("192.0.2.7", 23);
        assert_eq!(ask(&relay, peer, local, false, 30), Ok("UNIX : joe".into()));
    }
}

on_a_private_host! {
    fn both_families_work_and_mapped_addresses_are_ipv4() {
        let relay = Relay::start(&[]);
        let _six = server("2001:db8::7", Some(b"1,2:USERID:OTHER:six\n"));
        let six = (end("2001:db8::7", 1), end("2001:db8::1", 2));
        assert_eq!(ask(&relay, six.0, six.1, true, 30), Ok("OTHER:six".into()));
        let _four = server("192.0.2.7", Some(b"1,2:USERID:OTHER:four\n"));
        let mapped = (end("::ffff:192.0.2.7", 1), end("::ffff:192.0.2.1", 2));
        assert_eq!(ask(&relay, mapped.0, mapped.1, true, 30), Ok("OTHER:four".into()));
    }
}

on_a_private_host! {
    fn hostile_servers_are_told_apart() {
        let relay = Relay::start(&[]);
        let long: &'static [u8] = Box::leak(vec![b'x'; 1 << 20].into_boxed_slice());
        let rows: [(_, Option<&'static [u8]>, _); 6] = [
            ("192.0.2.1", Some(b"6193, 23 : ERROR : HIDDEN-USER\r\n"), Err("error : HIDDEN-USER")),
            ("192.0.2.2", Some(b"6193, 23 : USERID : UNIX : \x1b]0;x\x07\n"),
                Ok("UNIX : \\x1b]0;x\\x07")),
            ("192.0.2.3", Some(b"6193, 24 : USERID : UNIX : joe\r\n"), Err("bad response")),
            ("192.0.2.7", Some(long), Err("bad response")),
            ("192.0.2.8", Some(b"6193, 23 : USERID : UNIX : cut"), Err("bad response")),
            ("192.0.2.9", None, Err("timeout")),
        ];
        for (address, reply, want) in rows {
            let _told = server(address, reply);
            let seconds = if reply.is_none() { 1 } else { 30 };
            let got = ask(&relay, end(address, 6193), end("192.0.2.1", 23), true, seconds);
            let want = want.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(got, want, "{address}");
        }
        let nobody = ask(&relay, end("127.0.0.1", 6193), end("127.0.0.1", 23), true, 30);
        assert_eq!(nobody, Err("no server".into()));
    }
}

on_a_private_host! {
    fn idents_are_bounded_and_can_be_forgotten() {
        let relay = Relay::start(&["--max-idents", "1"]);
        let _told = server("192.0.2.7", None);
        let (peer, local) = (end("192.0.2.7", 6193), end("192.0.2.1", 23));
        let slow = QuestionId(1);
        let socket = stream_from(local.address).unwrap();
        let message = ToRelay::Ident { question: slow, peer, local, seconds: 30 };
        relay.say(&message, &[socket.as_fd()]);
        assert_eq!(ask(&relay, peer, local, true, 30), Err("busy".into()));
        relay.say(&ToRelay::Forget(slow), &[]);
        let start = Instant::now();
        let free = || ask(&relay, end("127.0.0.1", 1), end("127.0.0.1", 2), true, 5);
        while free() == Err("busy".into()) {
            assert!(start.elapsed() < PATIENT);
        }
        assert_eq!(free(), Err("no server".into()));
        assert_eq!(relay.next_within(Duration::from_millis(300)), None);
    }
}
