//! What a door is put under, and what must be left of it afterwards.

mod cgroup;
mod crowd;
mod vitals;

pub use cgroup::Cgroup;
pub use crowd::{Crowd, Manner};
pub use vitals::{Vitals, rests};

use crate::{Door, SOON};
use portreeve_testkit::{End, World, children, proc_status, read_to_end_bounded, read_until};
use std::io::Write;

/// What a peer is told before its connection ends; an error's words, where there is none.
#[must_use]
pub fn told(world: &World, client: &str, to: &str) -> String {
    match world.connect(client, to) {
        Ok(stream) => read_to_end_bounded(&stream, 1 << 16, SOON).text(),
        Err(error) => format!("{error}"),
    }
}

/// Whether a peer who says something hears it again.
#[must_use]
pub fn echoes(world: &World, client: &str, to: &str) -> bool {
    let Ok(mut peer) = world.connect(client, to) else { return false };
    peer.write_all(b"hello\n").is_ok() && read_until(&peer, b"hello\n", SOON).end == End::Enough
}

/// Whether a peer from this address is turned away without a word.
#[must_use]
pub fn shut_out(world: &World, client: &str, from: &str, to: &str) -> bool {
    let Ok(peer) = world.connect_from(client, from, to) else { return false };
    let told = read_to_end_bounded(&peer, 64, SOON);
    told.bytes.is_empty() && told.end != End::Deadline
}

/// The helper of this name, as the host numbers it, while there is one.
#[must_use]
pub fn helper(door: &Door<'_>, name: &str) -> Option<u32> {
    let alive = |pid: &u32| {
        proc_status(*pid).is_some_and(|s| s.get("Name") == name && !s.get("State").starts_with('Z'))
    };
    children(door.monitor()).into_iter().find(alive)
}

/// Sends a signal, such as `-KILL`, to a process of the world that may be gone already.
pub fn signal(world: &World, pid: u32, name: &str) {
    let Some(status) = proc_status(pid) else { return };
    let mut kill = world.door("kill");
    kill.args([name, &status.inner_pid().to_string()]);
    let _gone_already = world.run(kill, SOON);
}
