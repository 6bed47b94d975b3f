//! Long and late texts.

use crate::relay::{PATIENT, Relay, connection};
use portreeve_sys::file::memfd;
use portreeve_testkit::{End, read_to_end_bounded};
use portreeve_wire::QuestionId;
use portreeve_wire::relay::{FromRelay, Then, ToRelay};
use std::io::Write;
use std::net::TcpStream;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

fn write(number: u64, bytes: &[u8], then: Then, seconds: u32) -> ToRelay {
    ToRelay::Write { question: QuestionId(number), bytes: bytes.to_vec(), then, seconds }
}

fn written(number: u64, complete: bool) -> FromRelay {
    FromRelay::Written { question: QuestionId(number), complete }
}

/// A connection whose peer reads nothing, with nearly no room on the way.
fn full() -> (TcpStream, OwnedFd) {
    let (peer, accepted) = connection();
    let mut stuffing = TcpStream::from(accepted.try_clone().unwrap());
    stuffing.set_nonblocking(true).unwrap();
    while stuffing.write(&[b'-'; 65_536]).is_ok() {}
    stuffing.set_nonblocking(false).unwrap();
    (peer, accepted)
}

on_a_private_host! {
    fn a_banner_arrives_though_the_peer_spoke_first() {
        let relay = Relay::start(&[]);
        let (mut peer, accepted) = connection();
        peer.write_all(b"SSH-2.0-impatient\r\n").unwrap();
        relay.say(&write(1, b"not today\r\n", Then::Close, 30), &[accepted.as_fd()]);
        drop(accepted);
        assert_eq!(relay.next(), written(1, true));
        let got = read_to_end_bounded(&peer, 100, PATIENT);
        assert_eq!((got.text().as_str(), got.end), ("not today\r\n", End::Closed));
    }
}

on_a_private_host! {
    fn a_chatty_peer_is_lingered_on_for_a_second_only() {
        let relay = Relay::start(&[]);
        let (mut peer, accepted) = connection();
        let start = Instant::now();
        relay.say(&write(1, b"bye\n", Then::Close, 30), &[accepted.as_fd()]);
        drop(accepted);
        assert_eq!(relay.next(), written(1, true));
        while peer.write_all(&[b'x'; 1024]).is_ok() {
            assert!(start.elapsed() < PATIENT, "the connection was never closed");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(start.elapsed() > Duration::from_millis(700), "{:?}", start.elapsed());
    }
}

on_a_private_host! {
    fn a_returned_connection_goes_on_as_it_was() {
        let relay = Relay::start(&[]);
        let (peer, accepted) = connection();
        relay.say(&write(1, b"welcome\n", Then::Return, 30), &[accepted.as_fd()]);
        assert_eq!(relay.next(), written(1, true));
        let service = TcpStream::from(accepted);
        (&service).write_all(b"and more\n").unwrap();
        // Still blocking, as the service expects it.
        service.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let start = Instant::now();
        assert_eq!(read_to_end_bounded(&service, 1, Duration::from_millis(50)).end, End::Deadline);
        assert!(start.elapsed() >= Duration::from_millis(40));
        drop(service);
        assert_eq!(read_to_end_bounded(&peer, 100, PATIENT).text(), "welcome\nand more\n");
    }
}

on_a_private_host! {
    fn a_long_banner_comes_from_a_sealed_file() {
        let relay = Relay::start(&[]);
        let text: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 253).to_le_bytes()[0]).collect();
        let file = memfd("banner", &text).unwrap();
        let (peer, accepted) = connection();
        relay.say(&write(1, b"", Then::Close, 60), &[accepted.as_fd(), file.as_fd()]);
        drop(accepted);
        let reading = std::thread::spawn(move || {
            let mut got = Vec::new();
            std::io::Read::read_to_end(&mut &peer, &mut got).unwrap();
            got
        });
        assert_eq!(relay.next(), written(1, true));
        assert!(reading.join().unwrap() == text);
    }
}

on_a_private_host! {
    fn a_peer_that_does_not_read_has_until_the_deadline() {
        let relay = Relay::start(&[]);
        let (_peer, accepted) = full();
        let start = Instant::now();
        relay.say(&write(1, b"slow", Then::Close, 5), &[accepted.as_fd()]);
        let (quick, other) = connection();
        relay.say(&write(2, b"quick", Then::Close, 30), &[other.as_fd()]);
        drop(other);
        assert_eq!(relay.next(), written(2, true));
        assert_eq!(read_to_end_bounded(&quick, 9, PATIENT).text(), "quick");
        assert_eq!(relay.next(), written(1, false));
        assert!(start.elapsed() >= Duration::from_millis(4900));
    }
}

on_a_private_host! {
    fn past_the_bound_the_oldest_is_given_up() {
        let relay = Relay::start(&["--max-writes", "2"]);
        let stuck: Vec<_> = (1..=3).map(|_| full()).collect();
        for (number, (_, accepted)) in (1..).zip(&stuck) {
            relay.say(&write(number, b"slow", Then::Return, 60), &[accepted.as_fd()]);
        }
        assert_eq!(relay.next(), written(1, false));
        assert_eq!(relay.next_within(Duration::from_millis(200)), None);
    }
}

on_a_private_host! {
    fn a_forgotten_write_is_not_answered() {
        let relay = Relay::start(&[]);
        let (_peer, accepted) = full();
        relay.say(&write(1, b"slow", Then::Return, 1), &[accepted.as_fd()]);
        relay.say(&ToRelay::Forget(QuestionId(1)), &[]);
        assert_eq!(relay.next_within(Duration::from_millis(1500)), None);
    }
}

on_a_private_host! {
    fn a_peer_that_is_gone_is_an_incomplete_write() {
        let relay = Relay::start(&[]);
        let (peer, accepted) = full();
        drop(peer); // with unread bytes: a reset
        relay.say(&write(1, b"hello?", Then::Close, 5), &[accepted.as_fd()]);
        assert_eq!(relay.next(), written(1, false));
    }
}
