//! The configuration in force, compiled.

use crate::plan::{self, Inherited};
use portreeve_model::{Config, Offer, Origin, Problem, Resolved, Service, ServiceFacts, Sited};
use portreeve_policy::Tables;
use portreeve_sys::spawn::Program;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Swapped whole or not at all.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) config: Config,
    pub(crate) resolved: Resolved,
    pub(crate) tables: Tables,
    /// For each service, if it is a program that can run.
    pub(crate) programs: Vec<Option<Arc<Program>>>,
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
    pub(crate) fn new(
        config: Config,
        mut resolved: Resolved,
        inherited: &Inherited,
        generation: u64,
    ) -> Self {
        resolved.services.resize(config.services.len(), ServiceFacts::default());
        let mut programs = Vec::with_capacity(config.services.len());
        for (service, facts) in config.services.iter().zip(&mut resolved.services) {
            let Offer::Program(program) = &service.offer else {
                programs.push(None);
                continue;
            };
            match plan::prepare(program, facts, inherited) {
                Ok(plan) => programs.push(Some(plan)),
                Err(reason) => {
                    let Sited { origin, .. } = service.origin;
                    facts.problems.push(Problem { what: "program".into(), reason, origin });
                    programs.push(None);
                }
            }
        }
        let tables = Tables::compile(&config);
        Self { config, resolved, tables, programs, generation }
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
        self.resolved.services.iter().any(|facts| !facts.problems.is_empty())
    }

    /// Every address of every service that can run.
    pub(crate) fn wanted(&self) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for (index, service, facts) in self.indexed() {
            if !facts.problems.is_empty() {
                continue;
            }
            for (listen, addresses) in service.listen.iter().zip(&facts.addresses) {
                let fits = |a: &&IpAddr| match listen.family {
                    portreeve_model::Family::V4 => a.is_ipv4(),
                    portreeve_model::Family::V6 | portreeve_model::Family::Dual => a.is_ipv6(),
                };
                wanted.extend(addresses.iter().filter(fits).map(|address| Wanted {
                    service: index,
                    key: service.key.to_string(),
                    address: SocketAddr::new(*address, listen.port),
                    dual: listen.family == portreeve_model::Family::Dual,
                    options: service.socket,
                }));
            }
        }
        wanted
    }
}
