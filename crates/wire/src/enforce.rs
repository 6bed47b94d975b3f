//! Monitor and the one-shots that carry bans out of the door: into a hosts.deny, and by mail.

use portreeve_model::{Mark, Network, Reach};
use serde::{Deserialize, Serialize};

/// Bytes of a question on descriptor 0, at most: a million bans.
pub const MAX_QUESTION: usize = 64 << 20;

/// Bytes of an answer in the memory file on descriptor 3, at most.
pub const MAX_ANSWER: usize = 64 << 10;

/// What `portreeve-enforce hosts-deny PATH` is asked on descriptor 0, as one stream frame: what our part
/// of the file is to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostsDenyContent {
    /// What stands before each address; `None`: the bare address.
    pub daemon: Option<String>,
    /// Whether each has a marker line.
    pub markers: bool,
    /// The networks, and since when each is banned, in seconds since the epoch.
    pub bans: Vec<(Network, i64)>,
}

/// What it writes into the memory file on descriptor 3, as one stream frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostsDenyOutcome {
    /// The file holds what it is to hold.
    Kept {
        /// Entries of ours in it.
        entries: u32,
        /// Whether it had to be written.
        written: bool,
        /// Entries of ours that it lacked, and that it had too many: what others did to it counts too.
        added: u32,
        /// Likewise.
        removed: u32,
        /// How it was left.
        mark: Mark,
        /// Who changes files there.
        reach: Reach,
    },
    /// It could not be read or written, for this reason.
    Failed(String),
}

/// What `portreeve-enforce mail` is asked on descriptor 0, as one stream frame.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailOrder {
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether TLS begins with the first byte.
    pub tls: bool,
    /// Name and password.
    pub login: Option<(String, String)>,
    /// The address it comes from, bare.
    pub from: String,
    /// The addresses it goes to, bare.
    pub to: Vec<String>,
    /// The whole message, with its header.
    pub message: Vec<u8>,
}

impl std::fmt::Debug for MailOrder {
    /// Without the password, and without the message.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { host, port, tls, login, from, to, message } = self;
        let login = login.as_ref().map(|(user, _)| user);
        let mut shown = f.debug_struct("MailOrder");
        shown.field("host", host).field("port", port).field("tls", tls).field("login", &login);
        shown.field("from", from).field("to", to).field("bytes", &message.len()).finish()
    }
}

/// What it writes into the memory file on descriptor 3, as one stream frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MailOutcome {
    /// The server has taken it.
    Sent,
    /// It has not, and may later.
    Later(String),
    /// It will not: the order or the message is refused for good.
    Refused(String),
}
