//! Many peers at once, in a process of their own at a client.

use crate::SOON;
use portreeve_testkit::{Running, World, wait_for};
use std::process::{ChildStdin, Stdio};

/// What the peers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// They connect and say nothing.
    Silent,
    /// They have room for next to nothing, and read nothing of what they are told.
    Deaf,
}

/// Peers that hold their connections until this is dropped.
#[derive(Debug)]
pub struct Crowd {
    running: Running,
    input: Option<ChildStdin>,
}

/// Opens connections in threads, says how many there are, and holds them until its input ends.
const SCRIPT: &str = "
import socket, sys
host, port, count, deaf = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == 'deaf'
held = []
for _ in range(count):
    s = socket.socket()
    s.settimeout(20)
    if deaf:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    s.connect((host, port))
    held.append(s)
print('up', len(held), flush=True)
sys.stdin.read()
";

impl Crowd {
    /// Gathers so many peers from a client at an address such as `192.168.0.1:7`.
    ///
    /// # Panics
    /// When not all of them could connect.
    #[must_use]
    pub fn gather(world: &World, client: &str, to: &str, count: usize, manner: Manner) -> Self {
        let (host, port) = to.split_once(':').expect("an address and a port");
        let mut python = world.client(client, "python3");
        let manner = if manner == Manner::Deaf { "deaf" } else { "silent" };
        python.args(["-c", SCRIPT, host, port, &count.to_string(), manner]).stdin(Stdio::piped());
        let mut running = world.start("crowd", python);
        let input = running.take_stdin();
        // each may take its time on a busy machine
        wait_for(SOON * 6, format!("{count} {manner} peers"), || {
            assert!(running.try_wait().is_none(), "the crowd has gone: {}", running.stderr());
            running.stdout().contains("up")
        });
        Self { running, input }
    }

    /// They all leave.
    ///
    /// # Panics
    /// When they do not.
    pub fn leave(mut self) {
        drop(self.input.take());
        self.running.wait(SOON * 3);
    }
}
