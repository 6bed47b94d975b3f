//! The configuration in force, compiled.

use crate::door::plan::{self, Inherited};
use crate::sources::images::{self, Held};
use portreeve_model::{
    Config, KeptFacts, Offer, Origin, Problem, Resolved, Service, ServiceFacts, Sited, Syslog,
};
use portreeve_policy::Tables;
use portreeve_sys::log_socket::may_mount;
use portreeve_sys::spawn::Program;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Swapped whole or not at all. A copy costs little: another image makes another one, in which all
/// else is shared.
#[derive(Clone, Debug)]
pub(crate) struct Current {
    pub(crate) config: Arc<Config>,
    pub(crate) resolved: Arc<Resolved>,
    pub(crate) tables: Tables,
    /// For each source, what is in force of it.
    pub(crate) held: Vec<Held>,
    /// For each service, if it is a program that can run.
    pub(crate) programs: Arc<[Option<Arc<Program>>]>,
    /// For each service, what those it refuses are told.
    words: Arc<[Arc<[u8]>]>,
    /// For each service, why its program cannot be laid out.
    unfit: Arc<[Option<Problem>]>,
    /// Counts configurations.
    pub(crate) generation: u64,
}

/// One address that should be listened on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) service: u32,
    pub(crate) key: String,
    pub(crate) address: SocketAddr,
    pub(crate) dual: bool,
    pub(crate) options: portreeve_model::SocketOptions,
}

impl Current {
    /// All must be about the same services and sources; whoever decodes them looks.
    pub(crate) fn new(
        config: Arc<Config>,
        resolved: Arc<Resolved>,
        held: Vec<Held>,
        inherited: &Inherited,
        generation: u64,
    ) -> Self {
        let prepare = |(service, facts): (&Service, &ServiceFacts)| {
            let Offer::Program(program) = &service.offer else { return (None, None) };
            let plan = plan::prepare(program, facts, inherited);
            let plan = plan.and_then(|plan| match program.syslog {
                Syslog::Private if !may_mount() => Err(
                    "`syslog = \"private\"` needs a door with the right to mount (CAP_SYS_ADMIN)"
                        .to_owned(),
                ),
                Syslog::Private | Syslog::Host => Ok(plan),
            });
            match plan {
                Ok(plan) => (Some(plan), None),
                Err(reason) => {
                    let Sited { origin, .. } = service.origin;
                    (None, Some(Problem { what: "program".into(), reason, origin }))
                }
            }
        };
        let (programs, unfit): (Vec<_>, Vec<_>) =
            config.services.iter().zip(&resolved.services).map(prepare).unzip();
        let (programs, unfit) = (programs.into(), unfit.into());
        let mut tables = Tables::compile(&config);
        images::put(&mut tables, &held);
        let nothing: Arc<[u8]> = Arc::default();
        let words =
            |facts: &ServiceFacts| match [facts.banners.always.as_slice(), &facts.banners.failure]
                .concat()
            {
                none if none.is_empty() => Arc::clone(&nothing),
                words => words.into(),
            };
        let words = resolved.services.iter().map(words).collect();
        Self { config, resolved, tables, held, programs, words, unfit, generation }
    }

    /// Why a service cannot run.
    pub(crate) fn problems(&self, index: u32) -> Vec<Problem> {
        let facts = self.facts(index).map(|facts| facts.problems.as_slice()).unwrap_or_default();
        let unfit = self.unfit.get(index as usize).and_then(Option::as_ref);
        facts.iter().chain(unfit).cloned().collect()
    }

    pub(crate) fn service(&self, index: u32) -> Option<&Service> {
        self.config.services.get(index as usize)
    }

    pub(crate) fn facts(&self, index: u32) -> Option<&ServiceFacts> {
        self.resolved.services.get(index as usize)
    }

    pub(crate) fn program(&self, index: u32) -> Option<&Arc<Program>> {
        self.programs.get(index as usize)?.as_ref()
    }

    /// What those are told whom the service refuses.
    pub(crate) fn words(&self, index: u32) -> Arc<[u8]> {
        self.words.get(index as usize).map(Arc::clone).unwrap_or_default()
    }

    pub(crate) fn show(&self, origin: Origin) -> String {
        origin.show(&self.config.files)
    }

    /// Services with their indices.
    pub(crate) fn indexed(&self) -> impl Iterator<Item = (u32, &Service, &ServiceFacts)> {
        let pairs = self.config.services.iter().zip(&self.resolved.services);
        (0..).zip(pairs).map(|(index, (service, facts))| (index, service, facts))
    }

    /// Whether anything waits for the host to change.
    pub(crate) fn has_problems(&self) -> bool {
        let down = |facts: &ServiceFacts| !facts.problems.is_empty();
        let of_kept = |facts: &KeptFacts| !facts.problems.is_empty();
        !self.resolved.problems.is_empty()
            || self.resolved.services.iter().any(down)
            || self.resolved.kept.iter().any(of_kept)
    }

    /// Every address of every service that can run.
    pub(crate) fn wanted(&self) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for (index, service, facts) in self.indexed() {
            if !self.problems(index).is_empty() {
                continue;
            }
            for (listen, addresses) in service.listen.iter().zip(&facts.addresses) {
                let fits = |a: &&IpAddr| match listen.family {
                    portreeve_model::Family::V4 => a.is_ipv4(),
                    portreeve_model::Family::V6 => a.is_ipv6(),
                    // a name may have addresses of both
                    portreeve_model::Family::Dual => true,
                };
                wanted.extend(addresses.iter().filter(fits).map(|address| Wanted {
                    service: index,
                    key: service.key.to_string(),
                    address: SocketAddr::new(*address, listen.port),
                    dual: listen.family == portreeve_model::Family::Dual && address.is_ipv6(),
                    options: service.socket,
                }));
            }
        }
        wanted
    }
}
