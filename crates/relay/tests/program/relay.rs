//! The relay as a child, and the monitor's end of its channel.

use crate::private::program;
use portreeve_model::{DnsZone, ListAnswer};
use portreeve_sys::channel::{self, Channel};
use portreeve_testkit::{ProcStatus, poll_for, proc_status};
use portreeve_wire::relay::{FromRelay, NamesAnswer, ToRelay};
use portreeve_wire::{MAX_PACKET, QuestionId, decode, encode};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Longer than anything takes on a slow machine.
pub(crate) const PATIENT: Duration = Duration::from_secs(60);

/// Uid and gid that the relay runs with.
pub(crate) const UID: u32 = 59_011;

/// Gives descriptor 3 and takes every right, as the monitor does.
const START: [&str; 6] = [
    "--reuid=59011",
    "--regid=59011",
    "--clear-groups",
    "--no-new-privs",
    "--inh-caps=-all",
    "--bounding-set=-all",
];

/// A running relay; killed when dropped.
pub(crate) struct Relay {
    child: Child,
    pub(crate) channel: Option<Channel>,
    /// What it said first.
    pub(crate) landlock: Option<u32>,
}

/// Starts the program with `set_up` before it, and gives its channel.
pub(crate) fn start(set_up: &[&str], arguments: &[&str]) -> (Child, Channel) {
    let (ours, theirs) = channel::pair().expect("a channel");
    let mut words = set_up.to_vec();
    words.extend(["/bin/sh", "-c", "exec \"$0\" \"$@\" 3<&0 0</dev/null"]);
    let child = Command::new(words[0])
        .args(&words[1..])
        .arg(program())
        .args(arguments)
        .env_clear()
        .stdin(Stdio::from(theirs.into_fd()))
        .stdout(Stdio::null())
        .spawn()
        .expect("start the relay");
    (child, ours)
}

impl Relay {
    /// Starts it without a right, and waits until it is ready.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(&[], arguments)
    }

    /// The same, with a command before it.
    pub(crate) fn start_with(before: &[&str], arguments: &[&str]) -> Self {
        let mut set_up = before.to_vec();
        set_up.push("/usr/bin/setpriv");
        set_up.extend(START);
        let (child, channel) = start(&set_up, arguments);
        let mut relay = Self { child, channel: Some(channel), landlock: None };
        match relay.next() {
            FromRelay::Ready { landlock } => relay.landlock = landlock,
            other => panic!("not ready but {other:?}"),
        }
        relay
    }

    fn channel(&self) -> &Channel {
        self.channel.as_ref().expect("the channel is open")
    }

    /// Says something, with descriptors.
    pub(crate) fn say(&self, message: &ToRelay, fds: &[BorrowedFd<'_>]) {
        let bytes = encode(message, MAX_PACKET).expect("encode");
        poll_for(PATIENT, "room in the channel", || self.channel().send(&bytes, fds).ok());
    }

    /// What it says next, if it says something within `limit`.
    pub(crate) fn next_within(&self, limit: Duration) -> Option<FromRelay> {
        let mut buffer = vec![0; MAX_PACKET];
        let end = std::time::Instant::now() + limit;
        loop {
            match self.channel().recv(&mut buffer) {
                Ok(Some((length, fds))) => {
                    assert!(fds.is_empty(), "the relay sends no descriptors");
                    return Some(decode(&buffer[..length]).expect("a message"));
                }
                Ok(None) => panic!("the relay closed its channel"),
                Err(_) if std::time::Instant::now() > end => return None,
                Err(_) => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    }

    /// What it says next.
    pub(crate) fn next(&self) -> FromRelay {
        self.next_within(PATIENT).expect("the relay says something")
    }

    /// Asks for the names of a peer and waits for the answer to just that: `?` for names of which
    /// none leads back.
    pub(crate) fn names(&self, peer: &str) -> Result<Vec<String>, String> {
        let question = QuestionId(u64::MAX);
        let peer: IpAddr = peer.parse().expect("an address");
        self.say(&ToRelay::Names { question, peer }, &[]);
        match self.next() {
            FromRelay::Names { question: QuestionId(u64::MAX), answer } => match answer {
                NamesAnswer::Confirmed(names) => Ok(names),
                NamesAnswer::None => Ok(vec![]),
                NamesAnswer::Unconfirmed => Ok(vec!["?".to_owned()]),
                NamesAnswer::Failed(why) => Err(why),
            },
            other => panic!("no names but {other:?}"),
        }
    }

    /// Asks lists about a peer and waits for the answers to just that.
    pub(crate) fn listed(&self, peer: &str, zones: &[DnsZone]) -> Vec<ListAnswer> {
        let question = QuestionId(u64::MAX);
        let peer: IpAddr = peer.parse().expect("an address");
        self.say(&ToRelay::Listed { question, peer, zones: zones.to_vec() }, &[]);
        match self.next() {
            FromRelay::Listed { question: QuestionId(u64::MAX), answers } => answers,
            other => panic!("no lists but {other:?}"),
        }
    }

    /// Its number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the kernel says of it.
    pub(crate) fn status(&self) -> ProcStatus {
        proc_status(self.pid()).expect("the relay runs")
    }

    /// Whether it has ended, and how.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("wait for the relay")
    }

    /// Waits until it ends, and gives its exit code.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        poll_for(PATIENT, "the relay's end", || self.ended()).code()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Both ends of a connection: the peer's, and the one that the monitor accepted.
pub(crate) fn connection() -> (TcpStream, OwnedFd) {
    let listener = TcpListener::bind("192.0.2.1:0").expect("listen");
    let peer = TcpStream::connect(listener.local_addr().expect("an address")).expect("connect");
    let (accepted, _) = listener.accept().expect("accept");
    (peer, accepted.into())
}
