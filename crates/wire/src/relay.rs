//! Monitor and relay.

use crate::{End, Phase, QuestionId, SessionId};
use portreeve_model::{DnsZone, Internal, ListAnswer};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Names of one peer that are looked at, at most; each of at most 253 bytes.
pub const MAX_NAMES: usize = 16;

/// Bytes of an ident answer that are kept, of its text as of the user in it (RFC 1413, 6).
pub const MAX_IDENT: usize = 512;

/// From the monitor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToRelay {
    /// Serve the connection that comes with it until it ends.
    Serve {
        /// Whose it is.
        session: SessionId,
        /// As what.
        internal: Internal,
    },
    /// Write these bytes to the connection that comes with it, for `seconds` at most; then either
    /// close it in an orderly way or only let go of it. Answered by [`FromRelay::Written`].
    Write {
        /// Which question.
        question: QuestionId,
        /// The bytes; a banner past [`crate::MAX_PACKET`] comes in a sealed memory file instead, as
        /// second descriptor.
        bytes: Vec<u8>,
        /// What then.
        then: Then,
        /// Deadline.
        seconds: u32,
    },
    /// The confirmed names of an address, a peer's or one of this host's own: those it resolves to
    /// that resolve back to it.
    Names {
        /// Which question.
        question: QuestionId,
        /// Of whom.
        peer: IpAddr,
    },
    /// Ask the peer's ident server (RFC 1413, port 113) who owns the connection. With it comes a
    /// non-blocking stream socket which the monitor bound to `local`'s address (the relay may not
    /// bind): the relay connects it.
    Ident {
        /// Which question.
        question: QuestionId,
        /// The other end.
        peer: End,
        /// This end, from whose address the question must come.
        local: End,
        /// Deadline.
        seconds: u32,
    },
    /// Whether DNS lists have a peer (RFC 5782); all of them are asked at once. Answered by
    /// [`FromRelay::Listed`].
    Listed {
        /// Which question.
        question: QuestionId,
        /// Whom.
        peer: IpAddr,
        /// The lists, at most [`portreeve_model::MAX_DNS_LISTS`].
        zones: Vec<DnsZone>,
    },
    /// The answer is not needed any more.
    Forget(QuestionId),
    /// Close the connection of a served session. It is over already, or [`FromRelay::Ended`]
    /// follows.
    End(SessionId),
}

/// What follows written bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Then {
    /// Shut down, discard what comes for up to a second, close.
    Close,
    /// Only let go of the descriptor: the monitor goes on with the connection.
    Return,
}

/// The outcome of a name look-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NamesAnswer {
    /// The confirmed names, lower case, without final dot, in the order given; one at least.
    Confirmed(Vec<String>),
    /// The address has no name.
    None,
    /// It has names, and none of them leads back to it: what TCP Wrappers calls paranoid.
    Unconfirmed,
    /// The look-up failed: time-out or broken server. Not the same as having no name.
    Failed(String),
}

/// What became of the question for the owner of a connection. It is the word of the peer's host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IdentReply {
    /// A user was named.
    User {
        /// The answer for people, control characters escaped: `UNIX : joe`.
        text: String,
        /// The user's octets as they came, blanks among them, neither zero nor line feed; at most
        /// [`MAX_IDENT`].
        user: Vec<u8>,
    },
    /// There is a server, and it names nobody: `error : HIDDEN-USER`.
    Declined(String),
    /// There is no answer: `no server`, `timeout`, `bad response`…
    Missing(String),
}

impl IdentReply {
    /// The answer for people, or why there is none.
    ///
    /// # Errors
    /// No user was named.
    pub fn told(&self) -> Result<String, String> {
        match self {
            Self::User { text, .. } => Ok(text.clone()),
            Self::Declined(why) | Self::Missing(why) => Err(why.clone()),
        }
    }
}

/// From the relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromRelay {
    /// Sandbox entered.
    Ready {
        /// Landlock's ABI in force, if any.
        landlock: Option<u32>,
    },
    /// A served session is over.
    Ended(SessionId),
    /// The bytes are written (or cannot be).
    Written {
        /// To which question.
        question: QuestionId,
        /// Whether the peer's kernel took all of them.
        complete: bool,
    },
    /// Names of a peer.
    Names {
        /// To which question.
        question: QuestionId,
        /// The outcome.
        answer: NamesAnswer,
    },
    /// What DNS lists say of a peer.
    Listed {
        /// To which question.
        question: QuestionId,
        /// One for each zone, in the order of the question.
        answers: Vec<ListAnswer>,
    },
    /// What the ident server said, or why it did not.
    Ident {
        /// To which question.
        question: QuestionId,
        /// The outcome.
        answer: IdentReply,
    },
}

impl FromRelay {
    /// Whether the relay may say it in its phase; anything else ends it.
    #[must_use]
    pub fn permitted(&self, phase: Phase) -> bool {
        match self {
            Self::Ready { .. } => phase == Phase::Starting,
            Self::Ended(_)
            | Self::Written { .. }
            | Self::Names { .. }
            | Self::Listed { .. }
            | Self::Ident { .. } => phase == Phase::Working,
        }
    }
}
