//! Against this kernel, over loopback.

use super::*;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::sleep;

fn pair(listen: &str, to: &str) -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(listen).unwrap();
    let port = listener.local_addr().unwrap().port();
    let near = TcpStream::connect(format!("{to}:{port}")).unwrap();
    (near, listener.accept().unwrap().0)
}

fn idle(diag: &mut Diag, of: &Identity) -> Duration {
    match diag.ask(of).unwrap() {
        Seen::Idle(time) => time,
        Seen::Gone => panic!("it is open"),
    }
}

#[test]
fn every_family_tells_when_data_last_moved_either_way() {
    let mut diag = Diag::open().unwrap().raise().unwrap();
    diag.probe().unwrap();
    for (listen, to) in
        [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "[::1]"), ("[::]:0", "127.0.0.1")]
    {
        let (mut near, mut far) = pair(listen, to);
        let of = Identity::of(&far).unwrap();
        assert_ne!(of.cookie, 0);
        assert_eq!(of.peer.0, near.local_addr().unwrap().ip(), "{listen}: unmapped");
        let mut last = Duration::ZERO;
        for sender in 0..2 {
            while idle(&mut diag, &of) < Duration::from_millis(300) {
                sleep(Duration::from_millis(20));
            }
            let (from, into) =
                if sender == 0 { (&mut near, &mut far) } else { (&mut far, &mut near) };
            from.write_all(b"x").unwrap();
            into.read_exact(&mut [0]).unwrap();
            last = idle(&mut diag, &of);
            assert!(last < Duration::from_millis(300), "{listen}: {sender}: {last:?}");
        }
        assert!(last < Duration::from_millis(300));
    }
}

#[test]
fn the_same_ends_with_another_cookie_are_another_connection() {
    let (_near, far) = pair("127.0.0.1:0", "127.0.0.1");
    let of = Identity::of(&far).unwrap();
    let mut diag = Diag::open().unwrap();
    let other = Identity { cookie: of.cookie ^ (1 << 40), ..of };
    assert_eq!(diag.ask(&other).unwrap(), Seen::Gone);
    idle(&mut diag, &of);
}

#[test]
fn a_connection_that_is_over_is_gone_though_its_listener_stays() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    let of = Identity::of(&far).unwrap();
    let mut diag = Diag::open().unwrap();
    idle(&mut diag, &of);
    drop(far);
    assert_eq!(diag.ask(&of).unwrap(), Seen::Gone, "no process has it");
    drop(near);
    assert_eq!(diag.ask(&of).unwrap(), Seen::Gone);
}

#[test]
fn a_protocol_without_its_module_is_told_apart() {
    // no kernel has sock_diag for IPPROTO_IGMP
    let error = Diag::open().unwrap().probe_for(libc::IPPROTO_IGMP).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}

#[test]
fn odd_answers_are_errors() {
    for length in 0..MESSAGE {
        let answer = vec![1; length];
        assert_eq!(seen(&answer).is_err(), length < INODE + 4, "{length}");
    }
    let mut short = vec![1; MESSAGE];
    short.extend_from_slice(&[8, 0, 2, 0, 1, 1, 1, 1]); // a tcp_info of four bytes
    assert!(seen(&short).is_err() || cfg!(target_endian = "big"));
    let mut endless = vec![1; MESSAGE];
    endless.extend_from_slice(&[0; 64]); // attributes without a length
    assert_eq!(seen(&endless).unwrap(), Seen::Gone);
}
