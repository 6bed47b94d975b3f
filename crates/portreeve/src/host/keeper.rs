//! What is known about a program that has a wanted port.

use std::fmt;
use std::net::SocketAddr;

/// A unit of the service manager.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unit {
    /// Its name, `ssh.service`.
    pub(crate) name: String,
    /// Whether it is running, or listening.
    pub(crate) active: bool,
    /// The file that defines it; empty when there is none.
    pub(crate) file: String,
    /// `KillMode=`: what stopping it does to the processes it started.
    pub(crate) kill_mode: String,
    /// Sockets that start it, or what such a socket starts.
    pub(crate) related: Vec<String>,
}

impl Unit {
    /// Whether it is a socket.
    pub(crate) fn is_socket(&self) -> bool {
        self.name.ends_with(".socket")
    }

    /// Whether a file in `/etc` defines it, which a mask cannot stand above.
    pub(crate) fn is_local(&self) -> bool {
        self.file.starts_with("/etc/systemd/system/")
    }

    /// Whether nothing is left of it once it is stopped.
    pub(crate) fn is_transient(&self) -> bool {
        self.file.is_empty() || self.file.starts_with("/run/systemd/transient/")
    }
}

/// What keeps a holder running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Keeper {
    /// The running door itself.
    Door,
    /// Another portreeved.
    OtherDoor,
    /// A unit of the system's service manager.
    Unit(String),
    /// A unit of a user's own service manager.
    UserUnit(String),
    /// A script of `/etc/init.d`.
    Init(String),
    /// Somebody's login: it was started by hand.
    Login(String),
    /// A program that publishes a container's port.
    Container,
    /// Nothing that is known here.
    Unknown,
}

/// A program that listens where a service wants to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Whether it listens on `[::]` and takes IPv4 connections too.
    pub(crate) takes_ipv4: bool,
    /// Its process; `None` when it is not visible to the caller.
    pub(crate) pid: Option<u32>,
    /// Its name as the kernel keeps it; empty when it is not visible.
    pub(crate) program: String,
    /// Whose it is.
    pub(crate) user: Option<String>,
    /// What keeps it running.
    pub(crate) keeper: Keeper,
    /// The entry of xinetd's or inetd's configuration, where it is one of these.
    pub(crate) entry: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        if self.takes_ipv4 {
            f.write_str(" (with IPv4)")?;
        }
        match (self.pid, &self.keeper) {
            (Some(pid), _) => write!(f, " by {}, process {pid}", self.program)?,
            (None, Keeper::Unit(_)) => f.write_str(" by the service manager")?,
            (None, _) => f.write_str(" by a program that cannot be seen from here")?,
        }
        if let Some(user) = &self.user {
            write!(f, " of {user}")?;
        }
        match &self.keeper {
            Keeper::Door => f.write_str(": the door itself")?,
            Keeper::OtherDoor => f.write_str(": another door")?,
            Keeper::Unit(unit) if unit.ends_with(".socket") => write!(f, ": socket unit {unit}")?,
            Keeper::Unit(unit) => write!(f, ": unit {unit}")?,
            Keeper::UserUnit(unit) => write!(f, ": {unit} of a user's own service manager")?,
            Keeper::Init(script) => write!(f, ": started by {script}")?,
            Keeper::Login(scope) => write!(f, ": started by hand in the login {scope}")?,
            Keeper::Container => f.write_str(": it publishes a container's port")?,
            Keeper::Unknown if self.pid.is_some() => {
                f.write_str(": no unit and no init script of this host starts it")?;
            }
            Keeper::Unknown => {}
        }
        match &self.entry {
            Some(entry) => write!(f, ", entry {entry}"),
            None => Ok(()),
        }
    }
}
