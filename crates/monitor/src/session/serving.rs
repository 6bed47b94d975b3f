//! What a granted connection is given to: the service's program as its configuration has it, or as
//! the rule that let the peer in wants it; another program in its place; or the relay.

use crate::errand::program::{as_wanted, shell};
use portreeve_model::{Environment, Internal, Offer, Service, Stderr, Syslog};
use portreeve_policy::{Effect, Effects};
use portreeve_sys::spawn::Program;
use std::sync::Arc;

/// Who serves.
#[derive(Debug)]
pub(crate) enum Serving {
    /// A program.
    Program(Arc<Program>, Manner),
    /// The relay.
    Relay(Internal),
    /// Nobody: it cannot be laid out.
    Nobody,
}

/// How a program is given the connection.
#[derive(Debug)]
pub(crate) struct Manner {
    pub(crate) stderr: Stderr,
    /// It gets a log socket of its own.
    pub(crate) private_log: bool,
    /// Its environment tells both ends.
    pub(crate) local_and_port: bool,
    /// And in tcpserver's words, what is known of the other.
    pub(crate) tcp: bool,
    /// Variables that the rule sets: they stay as they are.
    set: Vec<Vec<u8>>,
}

impl Manner {
    /// Whether a variable is the rule's.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.set.iter().any(|set| set == name.as_bytes())
    }
}

/// Who serves a connection of this service, whose program this is.
pub(crate) fn serving(
    service: &Service,
    program: Option<&Arc<Program>>,
    effects: &Effects,
    root: bool,
) -> Serving {
    let set = |effect: &Effect| {
        if let Effect::Variable(name, _) = effect { Some(name.clone()) } else { None }
    };
    let set = effects.iter().filter_map(set).collect();
    let manner = match &service.offer {
        Offer::Program(own) => {
            let Environment { local_and_port, tcp, .. } = own.environment;
            let private_log = own.syslog == Syslog::Private;
            Manner { stderr: own.stderr, private_log, local_and_port, tcp, set }
        }
        Offer::Internal(_) | Offer::Trap(_) => {
            let (stderr, private_log) = (Stderr::Socket, false);
            Manner { stderr, private_log, local_and_port: false, tcp: false, set }
        }
    };
    let laid_out = match (effects.twist(), &service.offer, program) {
        (Some(_), Offer::Program(_), None) => return Serving::Nobody,
        (Some(command), _, program) => {
            shell(program.map(|program| program.plan()), command, effects, root)
        }
        (None, Offer::Program(_), Some(program)) => as_wanted(program, effects),
        (None, Offer::Internal(internal), _) => return Serving::Relay(*internal),
        (None, Offer::Program(_) | Offer::Trap(_), _) => return Serving::Nobody,
    };
    laid_out.map_or(Serving::Nobody, |program| Serving::Program(program, manner))
}
