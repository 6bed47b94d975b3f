//! Addresses asked for again now, or given back to the program that had them: the two requests by
//! which a takeover moves a service, and the sessions among some processes.

use crate::control::report::listener_status;
use crate::door::{Door, Stage};
use portreeve_model::Service;
use portreeve_wire::control::{Answer, MOST_ANCESTORS, ProcessSession};
use portreeve_wire::event::What;
use std::time::Duration;

impl Door {
    /// Keys of the services of that key or name.
    fn keys_of(&self, name: &str) -> Vec<String> {
        let fits = |s: &&Service| s.key.as_str() == name || s.name.as_str() == name;
        self.current.config.services.iter().filter(fits).map(|s| s.key.to_string()).collect()
    }

    /// Tries to listen at once wherever a service should.
    pub(crate) fn claim(&mut self, service: &str) -> Answer {
        let keys = self.keys_of(service);
        if let Some(refused) = self.cannot_move(service, &keys) {
            return refused;
        }
        let changes = self.listeners.claim(&keys, self.now.mono);
        self.tell(changes);
        self.listening(&keys)
    }

    /// Stops listening for a service; its sessions go on.
    pub(crate) fn give_back(&mut self, service: &str) -> Answer {
        let keys = self.keys_of(service);
        if let Some(refused) = self.cannot_move(service, &keys) {
            return refused;
        }
        self.listeners.give_back(&self.poller, &keys);
        for key in &keys {
            self.event(What::GivenBack { key: key.clone() });
        }
        self.listening(&keys)
    }

    fn cannot_move(&self, service: &str, keys: &[String]) -> Option<Answer> {
        let failed = |text: String| Some(Answer::Failed(text));
        match (self.stage, keys) {
            (_, []) => failed(format!("there is no service `{}`", service.escape_debug())),
            (Stage::Closing, _) => failed("the door is closing".into()),
            (Stage::Waiting(_), _) => failed("the door is not open yet; try again".into()),
            (Stage::Open, _) => None,
        }
    }

    fn listening(&self, keys: &[String]) -> Answer {
        let mine = self.listeners.iter().filter(|l| keys.contains(&l.want.key));
        let now = self.now.mono;
        Answer::Listening(mine.map(|l| (l.want.key.clone(), listener_status(l, now))).collect())
    }

    /// The sessions among these processes.
    pub(crate) fn sessions_of(&self, pids: &[u32]) -> Vec<ProcessSession> {
        let pids = pids.iter().take(MOST_ANCESTORS);
        let found = pids.filter_map(|pid| {
            let process = portreeve_sys::Pid::from_raw(i32::try_from(*pid).ok()?)?;
            let session = self.sessions.get(self.sessions.of_process(process)?)?;
            let service = session.reference.key.clone();
            Some(ProcessSession { pid: *pid, service, since: millis(session.since) })
        });
        found.collect()
    }
}

/// Milliseconds of a clock.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
