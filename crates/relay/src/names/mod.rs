//! The names of peers: each peer looked up once at a time, answers kept for a while.

mod confirm;
mod host_name;
mod hosts;

use crate::dns::Sources;
use crate::lookups::{Busy, FAILED, Lookups, Weight};
pub(crate) use confirm::{Claim, Directory};
use confirm::{Known, confirm};
pub(crate) use host_name::HostName;
pub(crate) use hosts::Hosts;
use portreeve_model::unmapped;
use portreeve_wire::relay::NamesAnswer;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

/// Finds names.
#[derive(Clone)]
pub(crate) struct Names {
    sources: Rc<Sources>,
    lookups: Rc<Lookups<IpAddr, NamesAnswer>>,
}

impl Weight for NamesAnswer {
    fn weight(&self) -> usize {
        match self {
            Self::Confirmed(names) => names.iter().map(|name| name.len() + 24).sum(),
            Self::Failed(why) => why.len(),
            Self::None | Self::Unconfirmed => 0,
        }
    }
}

impl Names {
    /// At most `most` peers at once, each within `limit`.
    pub(crate) fn new(sources: Rc<Sources>, most: usize, limit: Duration) -> Self {
        Self { sources, lookups: Lookups::new(most, limit) }
    }

    /// The names of `peer`. Who stops waiting for it stops the look-up, if nobody else waits.
    pub(crate) async fn of(self, peer: IpAddr) -> NamesAnswer {
        let peer = unmapped(peer);
        let (tables, generation) = self.sources.tables();
        let tables = match tables {
            Ok(tables) => tables,
            Err(why) => return NamesAnswer::Failed(why),
        };
        let work = async move {
            match confirm(&tables.names, &tables.hosts, peer).await {
                Ok(found) => (told(&found.what), found.life),
                Err(failure) => (NamesAnswer::Failed(failure.to_string()), FAILED),
            }
        };
        let late = NamesAnswer::Failed("timeout".to_owned());
        match self.lookups.find(peer, generation, late, work).await {
            Ok(answer) => answer,
            Err(Busy) => NamesAnswer::Failed("busy".to_owned()),
        }
    }
}

fn told(known: &Known) -> NamesAnswer {
    match known {
        Known::Confirmed(names) => {
            NamesAnswer::Confirmed(names.iter().map(ToString::to_string).collect())
        }
        Known::None => NamesAnswer::None,
        Known::Unconfirmed => NamesAnswer::Unconfirmed,
    }
}
