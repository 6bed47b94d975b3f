//! Start, confinement, and end.

use crate::relay::{PATIENT, Relay, UID, connection, start};
use portreeve_model::Internal;
use portreeve_testkit::{open_descriptors, poll_for, read_until};
use portreeve_wire::relay::ToRelay;
use portreeve_wire::{QuestionId, SessionId};
use std::io::Write;
use std::os::fd::AsFd;

on_a_private_host! {
    fn it_has_no_right_and_one_thread() {
        let relay = Relay::start(&[]);
        let status = relay.status();
        assert_eq!(status.uids(), [UID; 4]);
        assert_eq!(status.gids(), [UID; 4]);
        assert!(status.groups().is_empty());
        for (field, want) in [("Seccomp", "2"), ("NoNewPrivs", "1"), ("Threads", "1")] {
            assert_eq!(status.get(field), want, "{field}");
        }
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            assert_eq!(status.set(set), 0, "{set}");
        }
        let open = open_descriptors(relay.pid());
        assert!(open.get(&3).is_some_and(|what| what.starts_with("socket:")));
        let kinds: Vec<_> = open.values().skip(4).map(|what| what.split(':').next()).collect();
        assert!(kinds.iter().all(|kind| *kind == Some("anon_inode")), "{open:?}");
    }
}

on_a_private_host! {
    fn it_does_not_run_as_root() {
        let (mut child, _channel) = start(&["/usr/bin/setpriv", "--no-new-privs"], &[]);
        assert_eq!(child.wait().unwrap().code(), Some(77));
    }
}

on_a_private_host! {
    fn wrong_starts_have_their_codes() {
        let (mut child, _channel) = start(&["/usr/bin/setpriv"], &["--listen"]);
        assert_eq!(child.wait().unwrap().code(), Some(64));
        let mut child = std::process::Command::new(crate::private::program())
            .stdin(std::process::Stdio::null())
            .spawn()
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(71));
    }
}

on_a_private_host! {
    fn it_ends_with_the_monitor_if_nobody_is_served() {
        let mut relay = Relay::start(&[]);
        let peer = "192.0.2.7".parse().unwrap();
        relay.say(&ToRelay::Names { question: QuestionId(1), peer }, &[]);
        relay.channel = None;
        assert_eq!(relay.exit_code(), Some(0));
    }
}

on_a_private_host! {
    fn it_outlives_the_monitor_for_its_sessions() {
        let mut relay = Relay::start(&[]);
        let (mut peer, accepted) = connection();
        let message = ToRelay::Serve { session: SessionId(1), internal: Internal::Echo };
        relay.say(&message, &[accepted.as_fd()]);
        drop(accepted);
        relay.channel = None;
        for _ in 0..3 {
            std::thread::sleep(std::time::Duration::from_millis(50));
            peer.write_all(b"here\n").unwrap();
            assert_eq!(read_until(&peer, b"\n", PATIENT).text(), "here\n");
        }
        assert_eq!(relay.ended(), None);
        drop(peer);
        assert_eq!(relay.exit_code(), Some(0));
    }
}

on_a_private_host! {
    fn what_makes_no_sense_ends_it() {
        let (_peer, accepted) = connection();
        let nonsense: [(&[u8], bool); 4] = [
            (b"\x07what", false),
            (b"\x01\xff\xff\xff", false),
            // A session without its connection; a name question with one.
            (&[1, 0, 1, 0], false),
            (&[1, 2, 1, 0, 127, 0, 0, 1], true),
        ];
        for (bytes, with) in nonsense {
            let mut relay = Relay::start(&[]);
            let fds = if with { vec![accepted.as_fd()] } else { vec![] };
            relay.channel.as_ref().unwrap().send(bytes, &fds).unwrap();
            assert_eq!(relay.exit_code(), Some(70), "{bytes:?}");
        }
    }
}

on_a_private_host! {
    fn a_session_or_question_cannot_be_open_twice() {
        let mut relay = Relay::start(&[]);
        let (_peer, accepted) = connection();
        for _ in 0..2 {
            let message = ToRelay::Serve { session: SessionId(1), internal: Internal::Echo };
            relay.say(&message, &[accepted.as_fd()]);
        }
        assert_eq!(poll_for(PATIENT, "its end", || relay.ended()).code(), Some(70));
    }
}
