//! The door: everything the monitor holds, and the loop that keeps it moving.

pub(crate) mod closing;
pub(crate) mod crier;
pub(crate) mod current;
pub(crate) mod dice;
pub(crate) mod failed;
pub(crate) mod finish;
pub(crate) mod manager;
pub(crate) mod paths;
pub(crate) mod places;
pub(crate) mod plan;
pub(crate) mod start;
pub(crate) mod tally;
pub(crate) mod token;

use crate::accept::accepting::Scarce;
use crate::accept::delayed::Tarpit;
use crate::accept::farewell::Farewells;
use crate::accept::gather::Gather;
use crate::accept::listeners::Listeners;
use crate::accept::pending::{Arrival, Waiting};
use crate::args::Args;
use crate::ban::Judging;
use crate::ban::unstored::Unstored;
use crate::configuration::compiler::Run;
use crate::configuration::reload::Asked;
use crate::configuration::trial::Trials;
use crate::control::Clients;
use crate::door::closing::Closing;
use crate::door::crier::Crier;
use crate::door::current::Current;
use crate::door::dice::Dice;
use crate::door::manager::Manager;
use crate::door::paths::Paths;
use crate::door::plan::Inherited;
use crate::door::tally::Tally;
use crate::door::token::Token;
use crate::enforce::Enforcers;
use crate::errand::Jobs;
use crate::errand::tell::Teller;
use crate::helper::outbox::Outbox;
use crate::helper::retired::Retired;
use crate::helper::{HelperProcess, Outputs};
use crate::session::Sessions;
use crate::session::evidence::Handover;
use crate::session::pings::Pings;
use crate::sources::Sources;
use crate::succession::inherit::RELAY_WITHIN;
use crate::succession::{Started, Upgrade};
use portreeve_policy::State;
use portreeve_sys::diag::Diag;
use portreeve_sys::poll::{Event, Poller};
use portreeve_sys::signals::{Caught, Signals};
use portreeve_sys::spawn::Spawner;
use portreeve_sys::{Signal, clock, descriptor};
use portreeve_wire::clerk::BookedCounts;
use portreeve_wire::event::{Ending, What};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

/// How far the door is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Waits for the clerk's bans before it listens, until this time at most.
    Waiting(Duration),
    /// Open.
    Open,
    /// Accepts nobody any more; ends with the last session.
    Closing,
}

/// The two clocks, read once for each turn of the loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) mono: Duration,
    pub(crate) wall: Duration,
}

impl Now {
    pub(crate) fn read() -> Self {
        Self { mono: clock::monotonic(), wall: clock::wall() }
    }

    pub(crate) fn unix(&self) -> i64 {
        i64::try_from(self.wall.as_secs()).unwrap_or(i64::MAX)
    }
}

/// Raised when the door opens without its ledger, until the ledger answers.
pub(crate) const WITHOUT_BANS: &str =
    "the ledger did not answer: the door opened without the bans of before";

/// Everything the monitor holds.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) args: Args,
    pub(crate) paths: Paths,
    pub(crate) root: bool,
    pub(crate) inherited: Inherited,
    pub(crate) outputs: Outputs,
    pub(crate) now: Now,
    pub(crate) opened: Duration,
    pub(crate) stage: Stage,
    pub(crate) poller: Poller,
    pub(crate) signals: Signals,
    pub(crate) spawner: Spawner,
    pub(crate) current: Arc<Current>,
    pub(crate) state: State,
    pub(crate) dice: Dice,
    pub(crate) load: LoadReading,
    pub(crate) listeners: Listeners,
    pub(crate) scarce: Option<Scarce>,
    pub(crate) sessions: Sessions,
    /// What rules of access lists have run.
    pub(crate) jobs: Jobs,
    pub(crate) teller: Teller,
    pub(crate) waiting: Waiting,
    pub(crate) farewells: Farewells,
    pub(crate) tarpit: Tarpit,
    /// Asks the kernel when connections were last used, while any session has a limit.
    pub(crate) diag: Option<Diag>,
    pub(crate) clerk: HelperProcess,
    pub(crate) relay: HelperProcess,
    pub(crate) pings: Pings,
    pub(crate) outbox: Outbox,
    pub(crate) unstored: Unstored,
    /// Who else is to know of bans.
    pub(crate) enforcers: Enforcers,
    /// What judging bans remembers.
    pub(crate) judging: Judging,
    pub(crate) handover: Handover,
    pub(crate) control: OwnedFd,
    pub(crate) clients: Clients,
    /// When the control socket is looked at again, after accepting failed.
    pub(crate) control_again: Option<Duration>,
    /// Held as long as this door is the one of its folder.
    pub(crate) lock: File,
    pub(crate) compile: Option<(Run, Asked)>,
    pub(crate) reload_again: Option<Asked>,
    pub(crate) resolve_at: Option<Duration>,
    pub(crate) gather: Gather,
    pub(crate) tally: Tally,
    pub(crate) alarms: BTreeSet<String>,
    pub(crate) crier: Crier,
    /// DNS lists that fail.
    pub(crate) list_health: crate::helper::dns_lists::ListHealth,
    /// Those that the clerk raised and ends.
    pub(crate) clerk_alarms: BTreeSet<String>,
    /// What clerks have booked, since this process began.
    pub(crate) booked: BookedCounts,
    /// Whether the ledger has told all bans of before.
    pub(crate) bans_known: bool,
    pub(crate) closing: Closing,
    /// Another process has everything: this one ends without a word.
    pub(crate) handed_over: bool,
    /// The service manager, if there is one.
    pub(crate) manager: Manager,
    /// Room for one message of a helper: made once, not at each of them.
    pub(crate) packet: Vec<u8>,
    /// The configuration on trial.
    pub(crate) trials: Trials,
    /// How this process was started.
    pub(crate) started: Started,
    /// When it was.
    pub(crate) began: Duration,
    pub(crate) upgrade: Option<Upgrade>,
    /// A predecessor's relays.
    pub(crate) retired: BTreeMap<u32, Retired>,
    /// Connections that a predecessor had not decided.
    pub(crate) undecided: Vec<Arrival>,
    /// What access lists are read from.
    pub(crate) sources: Sources,
    /// Log files that are watched.
    pub(crate) watched: crate::watched::Watched,
    /// How far the folders of services that are kept up are.
    pub(crate) kept: crate::kept::Work,
    /// A predecessor's configuration is in force, and the one on disk has not been read yet.
    pub(crate) unread: bool,
}

/// The load average, read once a second at most.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LoadReading {
    pub(crate) at: Option<Duration>,
    pub(crate) value: Option<portreeve_model::Load>,
}

impl Door {
    /// Lends the room for a message.
    pub(crate) fn with_packet(&mut self, hear: impl FnOnce(&mut Self, &mut [u8])) {
        let mut packet = std::mem::take(&mut self.packet);
        packet.resize(portreeve_wire::MAX_PACKET, 0);
        hear(self, &mut packet);
        self.packet = packet;
    }

    /// Adds an event.
    pub(crate) fn event(&mut self, what: What) {
        self.outbox.event(self.now, what);
    }

    /// Turns until the door is closed and nobody is left inside.
    pub(crate) fn run(&mut self) -> io::Result<()> {
        let mut events = Vec::new();
        loop {
            self.read_clocks();
            self.tick();
            if self.handed_over {
                return Ok(());
            }
            if self.is_over() {
                self.finish();
                return Ok(());
            }
            let timeout = self.next_due().map(|due| due.saturating_sub(self.now.mono));
            self.poller.wait(&mut events, timeout)?;
            self.read_clocks();
            self.spawner.descriptors_open(self.about_open());
            for event in &events {
                self.dispatch(event);
            }
        }
    }

    /// Reads the clocks, for all that is decided until they are read again.
    pub(crate) fn read_clocks(&mut self) {
        self.now = Now::read();
        let skew = self.judging.clock.skew(self.now.wall, clock::since_boot());
        self.state.set_ban_skew(skew);
    }

    /// About how many descriptors are open: those that can be many.
    fn about_open(&self) -> usize {
        let delayed = usize::try_from(self.tarpit.len()).unwrap_or(usize::MAX);
        let parked = self.sources.parked.len();
        let many = [self.waiting.len(), self.farewells.len(), delayed, parked];
        many.into_iter().fold(self.sessions.descriptors(), usize::saturating_add)
    }

    fn dispatch(&mut self, event: &Event) {
        match Token::from_bits(event.token) {
            Some(Token::Signals) => self.on_signals(),
            Some(Token::Control) => self.accept_clients(),
            Some(Token::Client(number)) => self.on_client(number),
            Some(Token::Clerk) => self.on_clerk(),
            Some(Token::Relay) => self.on_relay(),
            Some(Token::Firewall) => self.on_firewall(),
            Some(Token::Compiler) => self.on_compiler(),
            Some(Token::SourceCompiler) => self.on_source_compiler(),
            Some(Token::Sources) => self.hear_changes(),
            Some(Token::WatchedPlaces) => self.on_watched_places(),
            Some(Token::WatchedOpening) => self.on_watched_opening(),
            Some(Token::Listener(number)) => self.on_listener(number),
            Some(Token::Farewell(number)) => {
                self.farewells.on_readable(number);
            }
            Some(Token::Notify(number)) => self.on_notify(number),
            Some(Token::Adopted(number)) => self.session_over(number, Ending::Lost),
            Some(Token::Retired(pid)) => self.on_retired(u32::try_from(pid).unwrap_or(0)),
            Some(Token::Delayed(number)) => self.on_delayed(number),
            Some(Token::Enforcer(number)) => self.on_enforcer(number),
            None => {}
        }
    }

    fn on_signals(&mut self) {
        for Caught { signal, pid } in self.signals.read().unwrap_or_default() {
            match signal {
                Signal::Hup | Signal::Usr2 => self.ask_reload(None),
                Signal::Term | Signal::Int => self.told_to_stop(),
                Signal::Child => self.children_ended(pid),
                Signal::Usr1 => self.ask_upgrade(None),
                Signal::Quit
                | Signal::Kill
                | Signal::Pipe
                | Signal::Alarm
                | Signal::Continue
                | Signal::Stop
                | Signal::Window => {}
            }
        }
    }

    /// Everything whose time has come.
    fn tick(&mut self) {
        let now = self.now.mono;
        self.reap_starts();
        self.tick_exits();
        self.tick_helpers();
        if let Stage::Waiting(until) = self.stage
            && now >= until
        {
            self.alarm(WITHOUT_BANS);
            self.open();
        }
        let changes = self.listeners.retry(now);
        self.tell(changes);
        self.tick_waiting();
        self.tick_jobs();
        self.tick_graces();
        self.tick_idle();
        self.tick_delayed();
        self.tick_bans();
        self.tick_enforcers();
        self.tick_handover();
        self.tick_trial();
        self.tick_compile();
        self.tick_sources();
        self.tick_watched();
        self.tick_kept();
        self.tick_undecided();
        self.tick_upgrade();
        self.tick_closing();
        self.tick_manager();
        self.farewells.tick(now);
        self.clients.tick(now);
        self.tick_control();
        for refused in self.gather.flush(now) {
            self.event(What::Refused(refused));
        }
        self.flush_clerk();
        descriptor::close_all(self.outbox.take_spent());
        self.regulate();
    }

    fn next_due(&self) -> Option<Duration> {
        let now = self.now.mono;
        let pending_starts = self.spawner.wait_hint().map(|hint| now.saturating_add(hint));
        let waiting = match self.stage {
            Stage::Waiting(until) => Some(until),
            Stage::Open | Stage::Closing => None,
        };
        let bans = self.state.next_ban_end().map(|end| {
            let left = end.saturating_sub(self.now.unix()).max(0);
            now.saturating_add(Duration::from_secs(u64::try_from(left).unwrap_or(0)))
        });
        let compile = self.compile.as_ref().map(|(run, _)| run.deadline);
        [
            pending_starts,
            self.sessions.exits.next_due(),
            waiting,
            bans.map(|due| due.max(now.saturating_add(Duration::from_millis(100)))),
            compile,
            self.clerk.next_due(),
            self.clerk.takes_more().then(|| self.outbox.next_due()).flatten(),
            self.handover.next_due(),
            self.relay.next_due(),
            self.scarce.as_ref().and_then(|s| s.until),
            self.listeners.next_due(),
            self.waiting.next_due(),
            self.jobs.next_due(),
            self.teller.next_due(),
            self.state.next_grace(),
            self.state.next_pause_end(),
            self.sessions.next_kill(),
            self.sessions.next_idle(),
            self.tarpit.next_due(),
            self.farewells.next_due(),
            self.clients.next_due(),
            self.gather.next_due(),
            self.resolve_at.filter(|_| self.compile.is_none() && self.stage == Stage::Open),
            self.control_again,
            self.closing.next_due(),
            self.manager.next_due(),
            self.trials.next_due(),
            self.upgrade.as_ref().and_then(Upgrade::next_due),
            (!self.undecided.is_empty()).then(|| self.began.saturating_add(RELAY_WITHIN)),
            self.pings.next_due(),
            self.enforcers.next_due(),
            self.judging.next_due(now),
            self.surroundings_due(),
            self.kept.next_due(now),
            self.sources.next_due(self.may_read()),
            self.watched.next_due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Records something to mend; once for each text while it lasts.
    pub(crate) fn alarm(&mut self, text: &str) {
        const MOST: usize = 64;
        if self.alarms.len() < MOST && self.alarms.insert(text.to_owned()) {
            self.event(What::Alarm { text: text.to_owned() });
            self.cry(text);
        }
    }
}
