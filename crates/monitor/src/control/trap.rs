//! Traps: who touches one is shut out, unless that would hit the wrong one.

use crate::accept::pending::Arrival;
use crate::ban::surroundings::reason;
use crate::door::Door;
use crate::door::current::Current;
use portreeve_model::{Network, Origin, Sentence};
use portreeve_policy::State;
use portreeve_wire::clerk::BanRecord;
use portreeve_wire::event::{Refused, What};
use std::net::IpAddr;
use std::sync::Arc;

impl Door {
    pub(crate) fn sprung(
        &mut self,
        current: &Arc<Current>,
        arrival: Arrival,
        sentence: Sentence,
        origin: Origin,
    ) {
        let Some(service) = current.service(arrival.service) else { return };
        let key = service.key.to_string();
        self.tally.refused(&key, self.now.mono);
        let (peer, now) = (arrival.peer, self.now.unix());
        let until = match sentence {
            Sentence::For(time) => {
                Some(now.saturating_add(i64::try_from(time.as_secs()).unwrap_or(i64::MAX)))
            }
            Sentence::Forever | Sentence::Never => None,
        };
        let judged = match sentence {
            Sentence::Never => Err("the trap only records".to_owned()),
            Sentence::For(_) | Sentence::Forever => self.judge(current, peer.address),
        };
        let spared = judged.as_ref().err().cloned();
        if let Some(why) = &spared
            && !self.gets_own_event(&arrival, &key, why)
        {
            return self.turn_away(current, arrival);
        }
        self.event(What::TrapTouched {
            service: arrival.service,
            key: key.clone(),
            peer,
            sentence,
            spared,
            origin: Some(current.show(origin)),
        });
        if let Ok(network) = judged {
            let reason = format!("touched the trap {key} from port {}", peer.port);
            let origin = Some(current.show(origin));
            let (only, judge) = (String::new(), String::new());
            let ban =
                BanRecord { network, since: now, until, service: key, reason, origin, only, judge };
            self.ban(ban, None);
        }
        self.turn_away(current, arrival);
    }

    /// Whether a peer may be banned, and how widely.
    fn judge(&mut self, current: &Current, peer: IpAddr) -> Result<Network, String> {
        self.look_around();
        let judged =
            self.with_surroundings(|around| State::judge_ban(&current.tables, peer, around))?;
        judged.map_err(|why| reason(current, why))
    }

    /// Whether a touch that bans nobody gets an event of its own; a flood is counted instead.
    fn gets_own_event(&mut self, arrival: &Arrival, key: &str, why: &str) -> bool {
        let kind = (arrival.service, arrival.peer.address, "trap");
        let touched = || Refused {
            service: arrival.service,
            key: key.to_owned(),
            peer: arrival.peer,
            class: "trap".into(),
            reason: "trap".into(),
            xinetd: "address".into(),
            text: format!("touched the trap; not banned, since {why}"),
            origin: None,
            count: 1,
        };
        self.gather.take(kind, self.now.mono, touched).is_some()
    }
}
