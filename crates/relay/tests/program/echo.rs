//! Internal echo, and what a hostile peer cannot do with it.

use crate::relay::{PATIENT, Relay, connection};
use portreeve_model::Internal;
use portreeve_testkit::{End, poll_for, read_to_end_bounded, read_until};
use portreeve_wire::SessionId;
use portreeve_wire::relay::{FromRelay, ToRelay};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

fn serve(relay: &Relay, number: u64) -> TcpStream {
    let (peer, accepted) = connection();
    let message = ToRelay::Serve { session: SessionId(number), internal: Internal::Echo };
    relay.say(&message, &[accepted.as_fd()]);
    peer
}

fn ended(number: u64) -> FromRelay {
    FromRelay::Ended(SessionId(number))
}

on_a_private_host! {
    fn what_comes_goes_back_and_the_end_is_said_once() {
        let relay = Relay::start(&[]);
        let mut peer = serve(&relay, 1);
        peer.write_all(b"one\n").unwrap();
        assert_eq!(read_until(&peer, b"\n", PATIENT).text(), "one\n");
        peer.write_all(b"two").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        let rest = read_to_end_bounded(&peer, 100, PATIENT);
        assert_eq!((rest.text().as_str(), rest.end), ("two", End::Closed));
        assert_eq!(relay.next(), ended(1));
        assert_eq!(relay.next_within(Duration::from_millis(200)), None);
    }
}

on_a_private_host! {
    fn megabytes_come_back_whole_through_a_slow_reader() {
        let relay = Relay::start(&[]);
        let mut peer = serve(&relay, 1);
        let sent: Vec<u8> = (0..8_000_000_u32).map(|n| (n * 7 % 251).to_le_bytes()[0]).collect();
        let mut reader = peer.try_clone().unwrap();
        let reading = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            let mut got = Vec::new();
            reader.read_to_end(&mut got).unwrap();
            got
        });
        peer.write_all(&sent).unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        assert!(reading.join().unwrap() == sent);
        assert_eq!(relay.next(), ended(1));
    }
}

on_a_private_host! {
    fn a_peer_that_never_reads_blocks_nobody() {
        let relay = Relay::start(&[]);
        let mut stuck: Vec<TcpStream> = (0..8).map(|number| serve(&relay, number)).collect();
        for peer in &mut stuck {
            peer.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
            // Until neither kernel takes any more.
            while peer.write_all(&[b'x'; 65_536]).is_ok() {}
        }
        let mut peer = serve(&relay, 100);
        peer.write_all(b"still there?\n").unwrap();
        assert_eq!(read_until(&peer, b"\n", PATIENT).end, End::Enough);
        drop(peer);
        assert_eq!(relay.next(), ended(100));
        // Unread bytes make their close a reset: an end all the same.
        drop(stuck);
        let mut ends: Vec<_> = (0..8).map(|_| relay.next()).collect();
        ends.sort_by_key(|end| format!("{end:?}"));
        assert_eq!(ends, (0..8).map(ended).collect::<Vec<_>>());
    }
}

on_a_private_host! {
    fn sessions_are_bounded_and_the_one_too_many_ends_at_once() {
        let relay = Relay::start(&["--max-sessions", "2"]);
        let mut first = serve(&relay, 1);
        let second = serve(&relay, 2);
        let third = serve(&relay, 3);
        assert_eq!(relay.next(), ended(3));
        assert_eq!(read_to_end_bounded(&third, 1, PATIENT).end, End::Closed);
        drop(second);
        assert_eq!(relay.next(), ended(2));
        let mut fourth = serve(&relay, 4);
        for peer in [&mut first, &mut fourth] {
            peer.write_all(b"x").unwrap();
            assert_eq!(read_to_end_bounded(peer, 1, PATIENT).text(), "x");
        }
    }
}

on_a_private_host! {
    fn idle_sessions_cost_little_memory_and_no_time() {
        let relay = Relay::start(&["--max-sessions", "2000"]);
        let memory = || relay.status().get("VmRSS").split(' ').next().unwrap().parse::<u64>().unwrap();
        let before = memory();
        let peers: Vec<TcpStream> = (0..400).map(|number| serve(&relay, number)).collect();
        for mut peer in &peers {
            peer.write_all(b"hello").unwrap();
            assert_eq!(read_to_end_bounded(peer, 5, PATIENT).text(), "hello");
        }
        let each = (memory().saturating_sub(before)) * 1024 / 400;
        assert!(each < 4096, "an idle session costs {each} bytes");
        let ticks = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", relay.pid())).unwrap();
            // Fields 14 and 15 of proc_pid_stat(5), counted behind the name in parentheses.
            let fields: Vec<_> = stat.rsplit(") ").next().unwrap().split(' ').collect();
            fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
        };
        let start = ticks();
        std::thread::sleep(Duration::from_millis(500));
        assert!(ticks() - start <= 3, "idle sessions use the processor");
    }
}

on_a_private_host! {
    fn few_descriptors_mean_few_sessions_and_no_lost_message() {
        let relay = Relay::start_with(&["/usr/bin/prlimit", "--nofile=1500:1500"], &[]);
        let mut peers: Vec<TcpStream> = (0..300).map(|number| serve(&relay, number)).collect();
        // Each is served or has ended: its peer is told something or sees the end.
        let served = |mut peer: &TcpStream| {
            let _ = peer.write_all(b"x"); // it may have ended
            read_to_end_bounded(peer, 1, PATIENT).text() == "x"
        };
        let refused = peers.iter().filter(|peer| !served(peer)).count();
        assert!((200..=250).contains(&refused), "{refused}");
        for _ in 0..refused {
            let FromRelay::Ended(SessionId(number)) = relay.next() else { panic!("no end") };
            assert!(number >= 50, "{number}");
        }
        peers[0].write_all(b"x").unwrap();
        assert_eq!(read_to_end_bounded(&peers[0], 1, PATIENT).text(), "x");
        drop(peers);
        for _ in refused..300 {
            assert!(matches!(relay.next(), FromRelay::Ended(_)));
        }
    }
}

on_a_private_host! {
    fn what_is_no_connection_ends_at_once() {
        let relay = Relay::start(&[]);
        let file = std::fs::File::open("/proc/self/status").unwrap();
        let message = ToRelay::Serve { session: SessionId(5), internal: Internal::Echo };
        relay.say(&message, &[file.as_fd()]);
        assert_eq!(relay.next(), ended(5));
    }
}

on_a_private_host! {
    fn a_thousand_short_sessions_leave_no_descriptor() {
        let relay = Relay::start(&[]);
        let open = || portreeve_testkit::open_descriptors(relay.pid()).len();
        let before = open();
        for number in 0..1000 {
            let mut peer = serve(&relay, number);
            if number % 2 == 0 {
                peer.write_all(b"x").unwrap();
            }
            drop(peer);
            assert_eq!(relay.next(), ended(number));
        }
        poll_for(PATIENT, "closed descriptors", || (open() == before).then_some(()));
    }
}

on_a_private_host! {
    fn a_session_that_is_ended_closes_and_says_so_once_and_another_goes_on() {
        let relay = Relay::start(&[]);
        let (mut ended_peer, mut other) = (serve(&relay, 1), serve(&relay, 2));
        ended_peer.write_all(b"one\n").unwrap();
        assert_eq!(read_until(&ended_peer, b"\n", PATIENT).text(), "one\n");
        for _ in 0..2 {
            // one that is over already is none
            relay.say(&ToRelay::End(SessionId(1)), &[]);
        }
        assert_eq!(read_to_end_bounded(&ended_peer, 10, PATIENT).end, End::Closed);
        assert_eq!(relay.next(), ended(1));
        assert_eq!(relay.next_within(Duration::from_millis(200)), None);
        other.write_all(b"two\n").unwrap();
        assert_eq!(read_until(&other, b"\n", PATIENT).text(), "two\n");
    }
}
