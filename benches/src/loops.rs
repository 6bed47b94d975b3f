//! The bare loops that are Rust: this very program, started with `loop KIND PORT PROCESSES SERVICE`.
//!
//! They stand between the C loop and the door, to tell what a way of starting programs costs from
//! what the door does besides.

use std::ffi::CString;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::Arc;

use portreeve_sys::poll::{Interest, Poller};
use portreeve_sys::signals::{self, Signals};
use portreeve_sys::socket::{self, ListenOptions};
use portreeve_sys::spawn::{Connection, Plan, Program, Room, Spawner};
use portreeve_sys::{Signal, clock, process};

use crate::Failure;

/// The word for a listener that comes as standard input.
const GIVEN: &str = "given";

/// As many starts under way as the door allows itself.
const SLOTS: usize = 256;

/// Descriptors open, as the spawner is told: a child gets a copy of few, and shares many at first.
const FEW: usize = 10;
const MANY: usize = 10_000;

const LISTENER: u64 = 1;
const SIGNALS: u64 = 2;

/// Runs a loop until killed.
pub(crate) fn run(words: &[String]) -> Result<(), Failure> {
    let [kind, port, processes, service] = words else {
        return Err("loop KIND PORT PROCESSES SERVICE".to_owned());
    };
    let failed = |error: std::io::Error| error.to_string();
    // Before anything else: a child that is not reaped stays.
    signals::normalise().map_err(failed)?;
    let listener = if port == GIVEN {
        std::io::stdin().as_fd().try_clone_to_owned().map_err(failed)?
    } else {
        let port = port.parse().map_err(|_| format!("{port} is no port"))?;
        listen(port)?
    };
    // The others get the same listener, and end when this process is killed with the world.
    for _ in 1..processes.parse().unwrap_or(1) {
        let own = std::env::current_exe().map_err(failed)?;
        let copy = listener.try_clone().map_err(failed)?;
        let mut command = Command::new(own);
        command.args(["loop", kind, GIVEN, "1", service]).stdin(copy);
        command.spawn().map_err(failed)?;
    }
    match kind.as_str() {
        "posix-spawn" => by_standard_library(TcpListener::from(listener), service),
        "clone" => by_spawner(&listener, service, FEW),
        "clone-shared" => by_spawner(&listener, service, MANY),
        _ => return Err(format!("there is no loop `{kind}`")),
    }
    .map_err(failed)
}

fn listen(port: u16) -> Result<OwnedFd, Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let options = ListenOptions { backlog: 4096, ..ListenOptions::default() };
    socket::listen(address, &options).map_err(|error| error.to_string())
}

/// Accept, `posix_spawn`, reap.
fn by_standard_library(listener: TcpListener, service: &str) -> std::io::Result<()> {
    listener.set_nonblocking(false)?;
    loop {
        let (stream, _) = listener.accept()?;
        let socket = OwnedFd::from(stream);
        let (second, third) = (socket.try_clone()?, socket.try_clone()?);
        let mut command = Command::new(service);
        command.stdin(Stdio::from(socket)).stdout(second).stderr(third).env_clear();
        // It is reaped below, whichever it is.
        let _child = command.spawn()?;
        drop(command);
        while process::reap()?.is_some() {}
    }
}

/// Accept, clone without waiting, collect and reap: the door's own way, without the door.
fn by_spawner(listener: &OwnedFd, service: &str, open: usize) -> std::io::Result<()> {
    let path = CString::new(service)?;
    let program =
        Plan::new(path).prepare().map_err(|bad| std::io::Error::other(bad.to_string()))?;
    let program = Arc::new(program);
    let signals = Signals::new(&[Signal::Child])?;
    let mut poller = Poller::new()?;
    poller.add(listener, LISTENER, Interest::LISTENER)?;
    poller.add(&signals, SIGNALS, Interest::READ)?;
    let mut spawner = Spawner::new(SLOTS)?;
    spawner.descriptors_open(open);
    let mut events = Vec::new();
    loop {
        poller.wait(&mut events, spawner.wait_hint())?;
        for event in &events {
            if event.token == SIGNALS {
                signals.read()?;
                while process::reap()?.is_some() {}
            } else {
                accept(listener, &program, &mut spawner)?;
            }
        }
        spawner.collect(clock::monotonic());
    }
}

/// Takes a few connections, as many as there are places to start them.
fn accept(
    listener: &OwnedFd,
    program: &Arc<Program>,
    spawner: &mut Spawner,
) -> std::io::Result<()> {
    for _ in 0..16 {
        if spawner.has_room(program) != Room::Yes {
            return Ok(());
        }
        match socket::accept(listener) {
            Ok(Some(accepted)) => {
                let started = spawner.spawn(program, Connection::socket(accepted.fd));
                started.map_err(|error| std::io::Error::other(error.to_string()))?;
            }
            Ok(None) => return Ok(()),
            Err(error) => return Err(std::io::Error::other(error.to_string())),
        }
    }
    Ok(())
}
