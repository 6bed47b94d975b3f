//! The questions that are asked of a host, and this host's answers.

use portreeve_sys::file::read_bounded;
use portreeve_sys::user::{self, Group, User};
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What a path leads to, symbolic links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// Something else.
    Other,
}

/// A file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its permission bits.
    pub mode: u32,
}

/// A host that can be asked.
pub trait Host {
    /// The user of a name.
    ///
    /// # Errors
    /// When the user database cannot be asked.
    fn user(&mut self, name: &str) -> io::Result<Option<User>>;

    /// The user of a number.
    ///
    /// # Errors
    /// When the user database cannot be asked.
    fn user_numbered(&mut self, uid: u32) -> io::Result<Option<User>>;

    /// The group of a name.
    ///
    /// # Errors
    /// When the group database cannot be asked.
    fn group(&mut self, name: &str) -> io::Result<Option<Group>>;

    /// Every group of a user.
    ///
    /// # Errors
    /// When the group database cannot be asked.
    fn groups_of(&mut self, name: &str, gid: u32) -> io::Result<Vec<u32>>;

    /// The addresses of a host name.
    ///
    /// # Errors
    /// When the name has none, or nobody answers.
    fn addresses(&mut self, name: &str) -> io::Result<Vec<IpAddr>>;

    /// What is at a path.
    ///
    /// # Errors
    /// When nothing is, or it cannot be seen.
    fn node(&mut self, path: &str) -> io::Result<Node>;

    /// A regular file's bytes, at most so many.
    ///
    /// # Errors
    /// `FileTooLarge`, `InvalidInput` for anything but a regular file, those of reading.
    fn read(&mut self, path: &str, most: usize) -> io::Result<Vec<u8>>;

    /// User and group of this very process.
    fn own(&mut self) -> (u32, u32);
}

/// This host.
#[derive(Clone, Copy, Debug)]
pub struct System;

impl Host for System {
    fn user(&mut self, name: &str) -> io::Result<Option<User>> {
        user::lookup_user(name)
    }

    fn user_numbered(&mut self, uid: u32) -> io::Result<Option<User>> {
        user::lookup_uid(uid)
    }

    fn group(&mut self, name: &str) -> io::Result<Option<Group>> {
        user::lookup_group(name)
    }

    fn groups_of(&mut self, name: &str, gid: u32) -> io::Result<Vec<u32>> {
        user::group_list(name, gid)
    }

    #[expect(clippy::disallowed_methods, reason = "the one-shot is where bind names are resolved")]
    fn addresses(&mut self, name: &str) -> io::Result<Vec<IpAddr>> {
        use std::net::ToSocketAddrs as _;
        let found = (name, 0).to_socket_addrs()?;
        Ok(found.map(|address| address.ip()).collect())
    }

    fn node(&mut self, path: &str) -> io::Result<Node> {
        let found = Path::new(path).metadata()?;
        let kind = match (found.is_file(), found.is_dir()) {
            (true, _) => NodeKind::File,
            (_, true) => NodeKind::Directory,
            _ => NodeKind::Other,
        };
        Ok(Node { kind, uid: found.uid(), gid: found.gid(), mode: found.mode() & 0o7777 })
    }

    fn read(&mut self, path: &str, most: usize) -> io::Result<Vec<u8>> {
        read_bounded(Path::new(path), most).map(|content| content.bytes)
    }

    fn own(&mut self) -> (u32, u32) {
        let own = portreeve_sys::privileges::Identity::own();
        own.map_or((u32::MAX, u32::MAX), |own| (own.uids[1], own.gids[1]))
    }
}
