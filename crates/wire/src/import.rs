//! Bans that another program made, brought along: [`crate::control::Request::Import`].

use portreeve_model::Network;
use serde::{Deserialize, Serialize};

/// Bans of one request, at most: with texts as long as they may be they fit into
/// [`crate::control::MAX_REQUEST`].
pub const MOST_IMPORTED: usize = 200;

/// Bytes of what a ban is said to be for, of who made it and of a judge's name, at most.
pub const MAX_TEXT: usize = 96;

/// A ban that another program made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedBan {
    /// Who is shut out.
    pub network: Network,
    /// Since when, seconds since the epoch.
    pub since: i64,
    /// Until when; `None` for ever.
    pub until: Option<i64>,
    /// Why, at most [`MAX_TEXT`] bytes.
    pub reason: String,
    /// What made it is called so there, such as a jail; where the configuration has a judge of that
    /// name, the ban counts as that judge's. May be empty; at most [`MAX_TEXT`] bytes.
    pub judge: String,
}

/// What became of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Imported {
    /// It is in force.
    Taken,
    /// The network was shut out already, for as long or longer.
    Known,
    /// It was over.
    Over,
    /// It may not be, or there is no room: why.
    Refused(String),
}
