//! What passes between monitor and firewall. The door waits for nothing here: it shuts out by its own
//! table, and the kernel follows.

use crate::door::Door;
use crate::door::token::Token;
use crate::enforce::Made;
use crate::enforce::feed::{Feed, Places};
use crate::helper::HelperProcess;
use crate::helper::clerk::{TURN, cut};
use portreeve_model::{EndOnBan, Pattern};
use portreeve_policy::{Ban, State};
use portreeve_sys::Capability;
use portreeve_sys::spawn::Ids;
use portreeve_wire::clerk::BanRecord;
use portreeve_wire::control::FirewallStatus;
use portreeve_wire::event::{Helper, What};
use portreeve_wire::firewall::{
    Change, Counts, Cut, FIREWALL_NEVER, FromFirewall, Shut, Table, ToFirewall,
};
use portreeve_wire::{MAX_PACKET, Phase, decode, encode};
use std::path::Path;

/// Messages that are written in one turn of the loop: pages of a great synchronisation must not hold
/// up the door.
const PAGES: usize = 2;
/// How alarms about it begin.
const ALARM: &str = "the kernel's packet filter does not hold all bans, the door still does: ";
/// Nobody, for hosts without a user of its own.
const NOBODY: u32 = 65_534;

/// The firewall, and what it is to be told.
#[derive(Debug)]
pub(crate) struct Firewall {
    pub(crate) process: HelperProcess,
    feed: Feed,
    /// How the table is to be; `None` when the kernel is not to enforce.
    wanted: Option<Table>,
    /// What it was told of that.
    told: Option<Table>,
    /// It is to remove its table and to end.
    leaving: bool,
    /// A message that the channel did not take.
    packet: Option<Vec<u8>>,
    synchronised: bool,
    counts: Counts,
    trouble: Option<String>,
    /// Changes of the table by others.
    changed: u32,
}

impl Default for Firewall {
    fn default() -> Self {
        Self {
            process: HelperProcess::new(Helper::Firewall, Token::Firewall.bits()),
            feed: Feed::default(),
            wanted: None,
            told: None,
            leaving: false,
            packet: None,
            synchronised: false,
            counts: Counts::default(),
            trouble: None,
            changed: 0,
        }
    }
}

impl Firewall {
    /// A ban is in force; those of before are told with all the others, at the next beginning.
    pub(crate) fn added(&mut self, ban: &BanRecord, made: Made) {
        if made != Made::Before && ban.only.is_empty() && self.hears() {
            let shut = Shut { network: ban.network, until: ban.until };
            self.feed.change(Change::Shut(shut));
        }
    }

    /// One is over.
    pub(crate) fn ended(&mut self, ban: &BanRecord) {
        if ban.only.is_empty() && self.hears() {
            self.feed.change(Change::Free(ban.network));
        }
    }

    fn hears(&self) -> bool {
        self.process.is_working() && self.told.is_some()
    }

    /// It has ended: the next one knows nothing.
    pub(crate) fn forget(&mut self) {
        self.feed = Feed::default();
        self.told = None;
        self.packet = None;
        self.synchronised = false;
    }

    /// The next message, if there is one to send.
    fn next(&mut self, state: &State, bans_known: bool) -> Option<ToFirewall> {
        if self.leaving {
            return std::mem::take(&mut self.leaving).then_some(ToFirewall::Remove);
        }
        if self.told != self.wanted
            && let Some(table) = &self.wanted
        {
            self.told = Some(table.clone());
            return Some(ToFirewall::Configure(table.clone()));
        }
        self.feed.next(&Bans(state), bans_known)
    }
}

struct Bans<'s>(&'s State);

impl Places for Bans<'_> {
    fn from(&self, from: u32) -> Box<dyn Iterator<Item = (u32, &Ban)> + '_> {
        Box::new(self.0.bans_from(from))
    }

    fn skew(&self) -> i64 {
        self.0.ban_skew()
    }
}

impl Door {
    /// What the firewall is to do, from the configuration in force.
    pub(crate) fn set_firewall(&mut self, program: &Path) {
        let settings = &self.current.config.settings;
        let never = settings.never_ban.iter().filter_map(|rule| match &rule.pattern {
            Pattern::Network(network) => Some(*network),
            Pattern::Range(_) | Pattern::Host(_) | Pattern::Listed(_) => None,
        });
        let wanted = settings.ban.nftables.as_ref().map(|nftables| Table {
            name: nftables.table.clone(),
            priority: nftables.priority,
            most: nftables.most,
            cut: match settings.ban.ends {
                EndOnBan::All => Cut::Everything,
                EndOnBan::Startups | EndOnBan::None => Cut::Beginnings,
            },
            never: never.take(FIREWALL_NEVER).collect(),
        });
        let ids = self.current.resolved.firewall.as_ref().map(crate::door::plan::ids);
        let nobody = Ids { uid: NOBODY, gid: NOBODY, groups: Vec::new() };
        let firewall = &mut self.enforcers.nftables;
        firewall.leaving = wanted.is_none() && firewall.told.is_some();
        match (&wanted, self.root) {
            (None, _) => firewall.process.refuse("no ban is to be in the kernel"),
            (Some(_), false) => firewall.process.refuse("needs a door of root's"),
            (Some(_), true) => {
                let ids = Some(ids.unwrap_or(nobody));
                firewall.process.set_program_with(program, &[], ids, &[Capability::NetAdmin]);
            }
        }
        firewall.wanted = wanted;
        self.flush_firewall();
    }

    pub(crate) fn on_firewall(&mut self) {
        self.with_packet(Self::hear_firewall);
        self.flush_firewall();
    }

    fn hear_firewall(&mut self, buffer: &mut [u8]) {
        for _ in 0..TURN {
            let Some(running) = self.enforcers.nftables.process.running.as_ref() else { return };
            let phase = running.phase;
            let message = match running.channel.recv(buffer) {
                Ok(Some((bytes, _))) => {
                    decode::<FromFirewall>(buffer.get(..bytes).unwrap_or_default())
                }
                Ok(None) => return self.misbehaved(Helper::Firewall, "closed its channel"),
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(e) => return self.misbehaved(Helper::Firewall, &e.to_string()),
            };
            match message {
                Ok(message) if message.permitted(phase) => self.heard_from_firewall(message),
                Ok(_) => return self.misbehaved(Helper::Firewall, "spoke out of turn"),
                Err(error) => return self.misbehaved(Helper::Firewall, &error.to_string()),
            }
        }
    }

    fn heard_from_firewall(&mut self, message: FromFirewall) {
        let firewall = &mut self.enforcers.nftables;
        match message {
            FromFirewall::Ready { landlock } => {
                let started = firewall.process.ready();
                firewall.process.trouble =
                    landlock.is_none().then(|| "no Landlock on this kernel".to_owned());
                started.into_iter().for_each(|what| self.event(what));
            }
            FromFirewall::Synchronise => {
                firewall.synchronised = false;
                firewall.feed.synchronise();
            }
            FromFirewall::Synchronised => firewall.synchronised = true,
            FromFirewall::Applied(serial) => firewall.feed.applied(serial),
            FromFirewall::Trouble(mut text) => {
                cut(&mut text);
                if firewall.trouble.as_ref() != Some(&text) {
                    firewall.trouble = Some(text.clone());
                    self.alarms.retain(|alarm| !alarm.starts_with(ALARM));
                    self.alarm(&format!("{ALARM}{text}"));
                }
            }
            FromFirewall::TroubleOver => {
                firewall.trouble = None;
                self.alarms.retain(|alarm| !alarm.starts_with(ALARM));
            }
            FromFirewall::Changed { mut by, mut what } => {
                cut(&mut by);
                cut(&mut what);
                firewall.changed = firewall.changed.saturating_add(1);
                let table = firewall.told.as_ref().map(|table| table.name.clone());
                let table = table.unwrap_or_default();
                self.event(What::FirewallChanged { table, by, what });
            }
            FromFirewall::Counts(counts) => firewall.counts = counts,
            FromFirewall::Removed => {
                firewall.forget();
                firewall.counts = Counts::default();
                // with a table wanted again meanwhile, the next message is about that
                if firewall.wanted.is_none() {
                    firewall.process.end("its table is removed");
                }
            }
        }
    }

    /// Sends what the firewall takes, some messages at a time.
    pub(crate) fn flush_firewall(&mut self) {
        let firewall = &mut self.enforcers.nftables;
        for _ in 0..PAGES {
            let working = |r: &&crate::helper::Running| r.phase == Phase::Working;
            if firewall.process.running.as_ref().filter(working).is_none() {
                return;
            }
            if firewall.packet.is_none() {
                let Some(message) = firewall.next(&self.state, self.bans_known) else { break };
                firewall.packet = encode(&message, MAX_PACKET).ok();
            }
            let Some(running) = firewall.process.running.as_ref() else { return };
            let Some(packet) = &firewall.packet else { continue };
            match running.channel.send(packet, &[]) {
                Ok(()) => firewall.packet = None,
                // an error means that it is dying; SIGCHLD tells the rest
                Err(_) => break,
            }
        }
        let more = firewall.packet.is_some() || firewall.feed.has_more(self.bans_known);
        firewall.process.wait_to_write(&self.poller, more);
    }

    /// How the kernel's part is, where it has one.
    pub(crate) fn firewall_status(&self) -> Option<FirewallStatus> {
        let firewall = &self.enforcers.nftables;
        Some(FirewallStatus {
            table: firewall.wanted.as_ref()?.name.clone(),
            synchronised: firewall.synchronised,
            waiting: firewall.feed.waiting(),
            elements: firewall.counts.elements,
            packets: firewall.counts.packets,
            bytes: firewall.counts.bytes,
            changed: firewall.changed,
            trouble: firewall.trouble.clone(),
        })
    }
}
