//! DNS lists (RFC 5782): whether a zone has an address, and why.
//!
//! A list is believed when it says yes only if it does not say the same of 127.0.0.1, which no list
//! may have (RFC 5782, 5): a zone that was given up or bought often has everybody.

mod health;
mod judge;
mod question;

use crate::dns::{Dns, Failure, Found, Sources};
use crate::lookups::{About, Busy, FAILED, Lookups, Weight};
use crate::printable::escape;
use health::Health;
use judge::{Judgement, judge};
use portreeve_model::{DnsZone, ListAnswer, MAX_LIST_TEXT, unmapped};
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::Duration;
use tokio::time::timeout;

/// How long a list's words are waited for, once it has said yes.
const WORDS: Duration = Duration::from_secs(1);

/// Whom no list may have.
const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What is asked of a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked {
    zone: Rc<DnsZone>,
    peer: IpAddr,
}

impl About for Asked {
    fn peer(&self) -> IpAddr {
        self.peer
    }
}

impl Weight for ListAnswer {
    fn weight(&self) -> usize {
        match self {
            Self::Listed(text) | Self::Unknown(text) => text.len(),
            Self::NotListed => 0,
        }
    }
}

/// Asks lists.
#[derive(Clone)]
pub(crate) struct Lists {
    sources: Rc<Sources>,
    lookups: Rc<Lookups<Asked, ListAnswer>>,
    health: Rc<Health>,
    limit: Duration,
}

impl Lists {
    /// At most `most` questions at once, one for each list and peer, each within `limit`.
    pub(crate) fn new(sources: Rc<Sources>, most: usize, limit: Duration) -> Self {
        let (lookups, health) = (Lookups::new(most, limit), Rc::new(Health::default()));
        Self { sources, lookups, health, limit }
    }

    /// What a list says of `peer`. Who stops waiting for it stops the look-up, if nobody else
    /// waits.
    pub(crate) async fn of(self, zone: Rc<DnsZone>, peer: IpAddr) -> ListAnswer {
        let limit = self.limit;
        let late = timeout(limit, self.believed(zone, unmapped(peer))).await;
        late.unwrap_or_else(|_| ListAnswer::Unknown("timeout".to_owned()))
    }

    async fn believed(self, zone: Rc<DnsZone>, peer: IpAddr) -> ListAnswer {
        let answer = self.clone().asked(zone.clone(), peer).await;
        if !matches!(answer, ListAnswer::Listed(_)) {
            return answer;
        }
        match self.asked(zone, NOBODY).await {
            ListAnswer::NotListed => answer,
            ListAnswer::Listed(_) => ListAnswer::Unknown(format!("it has {NOBODY}, so everybody")),
            unknown @ ListAnswer::Unknown(_) => unknown,
        }
    }

    async fn asked(self, zone: Rc<DnsZone>, peer: IpAddr) -> ListAnswer {
        let (tables, generation) = self.sources.tables();
        let dns = match tables {
            Ok(tables) => tables.lists.clone(),
            Err(why) => return ListAnswer::Unknown(why),
        };
        let work = {
            let (zone, health) = (zone.clone(), self.health.clone());
            // A little less than those who wait for it give it: they hear what became of it.
            let limit = self.limit.saturating_sub(self.limit / 8);
            async move {
                let turns = health.turns(&zone.name);
                let _turn = turns.acquire().await;
                if health.is_down(&zone.name) {
                    return (ListAnswer::Unknown("silent lately".to_owned()), Duration::ZERO);
                }
                let said = timeout(limit, ask(&dns, &zone, peer)).await;
                let said = said.unwrap_or(Err(Failure::Timeout));
                health.note(&zone.name, &said);
                match said {
                    Ok(found) => (found.what, found.life),
                    Err(failure) => (ListAnswer::Unknown(failure.to_string()), FAILED),
                }
            }
        };
        let late = ListAnswer::Unknown("timeout".to_owned());
        match self.lookups.find(Asked { zone, peer }, generation, late, work).await {
            Ok(answer) => answer,
            Err(Busy) => ListAnswer::Unknown("busy".to_owned()),
        }
    }
}

/// Addresses first; words only for whom the list has.
async fn ask(dns: &Dns, zone: &DnsZone, peer: IpAddr) -> Result<Found<ListAnswer>, Failure> {
    let nonsense = || Failure::Server("no name of a zone".to_owned());
    let name = question::name(peer, &zone.name).ok_or_else(nonsense)?;
    let Found { what: addresses, life } = dns.addresses(name.clone()).await?;
    let what = match judge(zone, &addresses) {
        Judgement::NotListed => ListAnswer::NotListed,
        Judgement::Unknown(why) => ListAnswer::Unknown(why),
        Judgement::Listed => {
            let words = timeout(WORDS, dns.texts(name)).await;
            let words = words.ok().and_then(Result::ok).map(|found| found.what);
            ListAnswer::Listed(escape(&words.unwrap_or_default().join(&b' '), MAX_LIST_TEXT))
        }
    };
    // Nonsense is not kept for as long as it says itself.
    let life = if matches!(what, ListAnswer::Unknown(_)) { FAILED.min(life) } else { life };
    Ok(Found { what, life })
}
