//! One connection: who is there, what the rules say, and the program.

use super::options::Wanted;
use crate::chain::Program;
use crate::options::shown;
use crate::say;
use crate::tcp::ends::{Ends, tell_interface};
use crate::tcp::text::{field, shown_as};
use crate::tcp::{Families, Tells, rules};
use crate::trouble::Trouble;
use portreeve_sys::Pid;
use portreeve_sys::program::{leave, place};
use portreeve_sys::signals::normalise;
use portreeve_sys::socket::{Accepted, as_ipv4, drop_ip_options, local_address};
use portreeve_ucspi::rules::{Action, Peer, Stored};
use rustix::io::{Errno, retry_on_intr, write};
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

/// The exit code of a copy whose peer the rules refuse.
const DENIED: i32 = 100;

/// The exit code of a copy that could not become the program.
const NO_PROGRAM: i32 = 111;

/// In the copy: never comes back.
pub(super) fn serve_one(wanted: &Wanted, accepted: &Accepted) -> ! {
    let code = match become_program(wanted, accepted) {
        Ended::Denied => DENIED,
        Ended::Failed(why) => {
            if wanted.tells >= Tells::Errors {
                say(format!("tcpserver: warning: dropping connection, {why}\n"));
            }
            NO_PROGRAM
        }
    };
    leave(code)
}

/// How it ends where it does not become the program.
enum Ended {
    Denied,
    Failed(String),
}

impl Ended {
    fn failed(deed: &str, error: &io::Error) -> Self {
        Self::Failed(format!("{deed}: {}", crate::reason::reason(error)))
    }
}

fn become_program(wanted: &Wanted, accepted: &Accepted) -> Ended {
    match decided(wanted, accepted) {
        Err(ended) => ended,
        Ok(program) => match program.run() {
            Trouble::System(text) => Ended::Failed(text),
            Trouble::Usage | Trouble::Wrong(_) => Ended::Failed("no program".to_owned()),
        },
    }
}

/// The program, ready but for what takes its place, of a peer that is let in.
fn decided(wanted: &Wanted, accepted: &Accepted) -> Result<Program, Ended> {
    let descriptors = "unable to set up descriptors";
    // TERM ends it, as anybody's process
    normalise().map_err(|error| Ended::failed(descriptors, &error))?;
    let wide = wanted.families == Families::V6;
    let remote = shown_as(accepted.peer, wide);
    let pid = Pid::own();
    let tells = wanted.tells == Tells::All;
    if tells {
        say(format!("tcpserver: pid {pid} from {}\n", remote.0));
    }
    let socket = &accepted.fd;
    if accepted.peer.is_ipv4() && !wide {
        let _ = as_ipv4(socket); // it is one already
    }
    if accepted.peer.is_ipv4() && !wanted.keep_ip_options {
        let _ = drop_ip_options(socket); // there are none
    }
    print(socket.as_fd(), &wanted.banner)
        .map_err(|error| Ended::failed("unable to print banner", &error.into()))?;
    let local = local_address(socket);
    let local = local.map_err(|error| Ended::failed("unable to get local address", &error))?;
    let ends = Ends::find(&wanted.ask, shown_as(local, wide), remote);
    let mut program = wanted.program.clone();
    ends.tell(&mut program);
    tell_interface(&mut program, socket, accepted.peer);
    let granted = obey_rules(wanted, &ends, &mut program)?;
    if tells {
        let verdict = if granted { "ok" } else { "deny" };
        say(format!("tcpserver: {verdict} {pid} {}\n", fields(&ends)));
    }
    if !granted {
        return Err(Ended::Denied);
    }
    let both = [(socket.as_fd(), 0), (socket.as_fd(), 1)];
    place(&both).map_err(|error| Ended::failed(descriptors, &error))?;
    Ok(program)
}

/// Asks the rules, gives the program what they set, and says whether the peer is let in.
fn obey_rules(wanted: &Wanted, ends: &Ends, program: &mut Program) -> Result<bool, Ended> {
    let Some(file) = &wanted.rules else { return Ok(true) };
    let address = ends.remote.0.to_string();
    let peer = Peer {
        address: address.as_bytes(),
        host: ends.remote_host.as_deref().map(str::as_bytes),
        info: ends.remote_info.as_deref(),
    };
    let data = match rules::ask(file, &peer) {
        Ok(Some(data)) => data,
        Ok(None) => return Ok(true),
        Err(Errno::NOENT) if wanted.rules_may_miss => return Ok(true),
        Err(error) => {
            return Err(Ended::failed(&format!("unable to read {}", shown(file)), &error.into()));
        }
    };
    let stored = Stored::parse(&data);
    for setting in &stored.settings {
        program.set(setting.name, setting.value);
    }
    Ok(stored.action == Action::Allow)
}

/// Both ends as a log line has them.
fn fields(ends: &Ends) -> String {
    let local_host = field(ends.local_host.as_deref().unwrap_or_default());
    let remote_host = field(ends.remote_host.as_deref().unwrap_or_default().as_bytes());
    let info = field(ends.remote_info.as_deref().unwrap_or_default());
    let ((local, local_port), (remote, remote_port)): ((IpAddr, u16), (IpAddr, u16)) =
        (ends.local, ends.remote);
    format!("{local_host}:{local}:{local_port} {remote_host}:{remote}:{info}:{remote_port}")
}

fn print(socket: BorrowedFd<'_>, mut text: &[u8]) -> Result<(), Errno> {
    while !text.is_empty() {
        let count = retry_on_intr(|| write(socket, text))?;
        text = text.get(count..).unwrap_or_default();
    }
    Ok(())
}
