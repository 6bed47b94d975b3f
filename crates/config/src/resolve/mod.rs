//! What the host says about a configuration: users, groups, files, names.
//!
//! Every want is a sentence with the place that asks for it; a service with one is down, the
//! others run. For the one-shot alone: NSS and DNS may block, and load code of others.

mod ban;
mod files;
mod host;
mod ids;
mod kept;
mod listen;
mod own;
mod resolvers;

pub use host::{Host, Node, NodeKind, System};

use portreeve_model::{Config, Ids, Offer, Origin, Problem, Resolved, Service, ServiceFacts};

/// Asks this host what a configuration needs. `as_root` says whether the door is root's.
#[must_use]
pub fn resolve(config: &Config, as_root: bool) -> Resolved {
    resolve_with(config, as_root, &mut System)
}

/// Asks a host what a configuration needs.
pub fn resolve_with(config: &Config, as_root: bool, host: &mut dyn Host) -> Resolved {
    let mut resolved = own::accounts(&config.settings, as_root, host);
    let reserved: Vec<&Ids> = resolved.clerk.iter().chain(&resolved.relay).collect();
    let mut names = listen::Names::default();
    let each = |service| facts(service, as_root, &reserved, &mut names, host);
    let services = config.services.iter().map(each).collect();
    resolved.kept = kept::all(config, as_root, &reserved, host);
    resolved.services = services;
    ban::identities(&mut resolved, &config.settings.ban, as_root, host);
    resolved.resolvers = resolvers::all(host);
    resolved
}

/// The problems of one service, as they are found.
struct Wants {
    problems: Vec<Problem>,
    origin: Origin,
}

impl Wants {
    /// Adds a problem of the service as a whole.
    fn add(&mut self, what: &str, reason: String) {
        self.add_at(what, reason, self.origin);
    }

    /// Adds a problem with a place of its own.
    fn add_at(&mut self, what: &str, reason: String, origin: Origin) {
        self.problems.push(Problem { what: what.into(), reason, origin });
    }
}

fn facts(
    service: &Service,
    as_root: bool,
    reserved: &[&Ids],
    names: &mut listen::Names,
    host: &mut dyn Host,
) -> ServiceFacts {
    let mut wants = Wants { problems: Vec::new(), origin: service.origin.origin };
    let addresses = listen::addresses(&mut wants, service, names, host);
    let mut ids = None;
    if let Offer::Program(program) = &service.offer {
        let found = ids::of(&mut wants, program, as_root, host);
        if let (ids::Found::Ids(found), true) = (&found, as_root) {
            ids::reserved(&mut wants, found, reserved);
        }
        files::program(&mut wants, program, &found, as_root, host);
        ids = found.into_ids();
    }
    let mut banners = files::banners(&mut wants, &service.banners, host);
    if let Some(words) = &service.refusals.words {
        banners.failure = words.as_bytes().to_vec();
    }
    ServiceFacts { problems: wants.problems, ids, addresses, banners }
}
