//! Answers of look-ups that somebody supposes who asks what would be decided: none is made then.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What is supposed. What is not is unknown, as if nobody had asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supposed {
    /// About the peer's host names.
    pub names: Option<SupposedNames>,
    /// About the host names of the address that the peer comes to.
    pub server_names: Option<SupposedNames>,
    /// What the peer's ident server says.
    pub ident: Option<SupposedIdent>,
    /// The zones of the DNS lists that have the peer; the others have it not.
    pub listed: Option<Vec<String>>,
    /// Which address of the service the peer comes to; without it, the first that is written.
    pub to: Option<(IpAddr, Option<u16>)>,
}

/// About host names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SupposedNames {
    /// These lead back to the address: lower case, without a final dot.
    Confirmed(Vec<String>),
    /// The address has none.
    None,
    /// It has one that does not lead back.
    Unconfirmed,
    /// The look-up failed.
    Failed,
}

/// About the ident server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SupposedIdent {
    /// It names this user.
    User(String),
    /// It does not answer.
    Missing,
}
