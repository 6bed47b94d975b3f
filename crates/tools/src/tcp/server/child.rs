//! One connection in a copy of the server, which asks who is there, says what it finds, and becomes the
//! program.

use super::options::Wanted;
use crate::chain::Program;
use crate::options::shown;
use crate::say;
use crate::tcp::ends::{Ends, interface};
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
pub(super) const NO_PROGRAM: i32 = 111;

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
#[derive(Debug)]
pub(super) enum Ended {
    /// The rules let it not in.
    Denied,
    /// Why it does not, as it is to be said.
    Failed(String),
}

impl Ended {
    pub(super) fn failed(deed: &str, error: &io::Error) -> Self {
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
    let pid = Pid::own();
    let tells = wanted.tells == Tells::All;
    if tells {
        let remote = shown_as(accepted.peer, wanted.families == Families::V6);
        say(format!("tcpserver: pid {pid} from {}\n", remote.0));
    }
    let socket = &accepted.fd;
    prepare(wanted, accepted);
    print(socket.as_fd(), &wanted.banner)
        .map_err(|error| Ended::failed("unable to print banner", &error.into()))?;
    let ends = ends(wanted, accepted)?;
    let rules = Obeyed::by(wanted, &ends)?;
    if tells {
        let verdict = if rules.granted { "ok" } else { "deny" };
        say(format!("tcpserver: {verdict} {pid} {}\n", fields(&ends)));
    }
    if !rules.granted {
        return Err(Ended::Denied);
    }
    let mut program = wanted.program.clone();
    ends.tell(&mut program);
    if let Some((name, value)) = interface(socket, accepted.peer) {
        program.set(name.as_bytes(), &value);
    }
    for (name, value) in &rules.settings {
        program.set(name, value);
    }
    let both = [(socket.as_fd(), 0), (socket.as_fd(), 1)];
    place(&both).map_err(|error| Ended::failed(descriptors, &error))?;
    Ok(program)
}

/// Makes the socket what programs expect.
pub(super) fn prepare(wanted: &Wanted, accepted: &Accepted) {
    let (socket, wide) = (&accepted.fd, wanted.families == Families::V6);
    if accepted.peer.is_ipv4() && !wide {
        let _ = as_ipv4(socket); // it is one already
    }
    if accepted.peer.is_ipv4() && !wanted.keep_ip_options {
        let _ = drop_ip_options(socket); // there are none
    }
}

/// Who is there; this takes as long as looking up what is asked for does.
pub(super) fn ends(wanted: &Wanted, accepted: &Accepted) -> Result<Ends, Ended> {
    let wide = wanted.families == Families::V6;
    let local = local_address(&accepted.fd);
    let local = local.map_err(|error| Ended::failed("unable to get local address", &error))?;
    Ok(Ends::find(&wanted.ask, shown_as(local, wide), shown_as(accepted.peer, wide)))
}

/// What the rules say of a peer.
#[derive(Debug)]
pub(super) struct Obeyed {
    /// Whether it is let in.
    pub(super) granted: bool,
    /// Names and values for its program.
    pub(super) settings: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Obeyed {
    /// Asks them.
    pub(super) fn by(wanted: &Wanted, ends: &Ends) -> Result<Self, Ended> {
        let all = Self { granted: true, settings: Vec::new() };
        let Some(file) = &wanted.rules else { return Ok(all) };
        let address = ends.remote.0.to_string();
        let peer = Peer {
            address: address.as_bytes(),
            host: ends.remote_host.as_deref().map(str::as_bytes),
            info: ends.remote_info.as_deref(),
        };
        let data = match rules::ask(file, &peer) {
            Ok(Some(data)) => data,
            Ok(None) => return Ok(all),
            Err(Errno::NOENT) if wanted.rules_may_miss => return Ok(all),
            Err(error) => {
                let deed = format!("unable to read {}", shown(file));
                return Err(Ended::failed(&deed, &error.into()));
            }
        };
        let stored = Stored::parse(&data);
        let settings = stored.settings.iter().map(|it| (it.name.to_vec(), it.value.to_vec()));
        Ok(Self { granted: stored.action == Action::Allow, settings: settings.collect() })
    }
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
