//! Rules of tcprules(1) as an access list.

use crate::{Origin, SourceId};
use serde::{Deserialize, Serialize};

/// What it means that the file of the rules is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MissingRules {
    /// A mistake: the configuration is refused, and a door that runs keeps the rules it has.
    #[default]
    Refuse,
    /// There are no rules, so that nobody is refused (tcpserver's `-X`).
    Allow,
}

/// When something is asked about a peer that a rule may compare with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Asked {
    /// When the decision, or what the service is told, hangs on it.
    #[default]
    Needed,
    /// Of every peer, for the service's sake (tcpserver's default).
    Always,
    /// Never: it is as if the peer had none (tcpserver's `-H` and `-R`).
    Never,
}

/// Rules that decide about the peers of a service, as tcpserver(1) obeys its `-x`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RulesUse {
    /// The rules: a [`SourceKind::Rules`](crate::SourceKind).
    pub source: SourceId,
    /// Whether the peer's host name is looked up. Only one that leads back to the peer counts
    /// (tcpserver's `-p`).
    pub names: Asked,
    /// Whether the peer's ident server is asked.
    pub ident: Asked,
    /// Where the service names them.
    pub origin: Origin,
}

impl PartialEq for RulesUse {
    fn eq(&self, other: &Self) -> bool {
        (self.source, self.names, self.ident) == (other.source, other.names, other.ident)
    }
}

impl Eq for RulesUse {}
