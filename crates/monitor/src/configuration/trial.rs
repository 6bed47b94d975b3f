//! A configuration on trial: the one before comes back by itself unless somebody who came in
//! meanwhile confirms the new one. The timer is the monitor's own, so that it needs nobody.
//!
//! Who confirms is judged by the kernel's word (the asker's process) and the door's own table of
//! sessions. Only for an asker who did not come in through the door, the time since the login is
//! the asker's own word: whoever may ask could as well reload without a trial.

use crate::accept::claim::millis;
use crate::door::current::Current;
use crate::door::{Door, Stage};
use crate::sources::book::Moment;
use portreeve_wire::control::{Answer, LONGEST_TRIAL, SHORTEST_TRIAL, TrialStatus};
use portreeve_wire::event::What;
use std::sync::Arc;
use std::time::Duration;

/// The one under way, and how the last one went.
#[derive(Debug, Default)]
pub(crate) struct Trials {
    running: Option<Trial>,
    last: Option<(Duration, bool)>,
    count: u32,
}

#[derive(Debug)]
struct Trial {
    began: Duration,
    until: Duration,
    /// What comes back.
    before: Arc<Current>,
}

impl Trials {
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.running.as_ref().map(|trial| trial.until)
    }

    /// Why the configuration may not change now.
    pub(crate) fn refusal(&self, now: Duration) -> Option<String> {
        let trial = self.running.as_ref()?;
        let left = trial.until.saturating_sub(now).as_secs();
        Some(format!(
            "a configuration is on trial for another {left} s: confirm it from a new connection \
             with `portreeve confirm`, or wait until the one before is back"
        ))
    }

    pub(crate) fn status(&self, now: Duration) -> Option<TrialStatus> {
        let left = |until: Duration| {
            u32::try_from(until.saturating_sub(now).as_secs().max(1)).unwrap_or(u32::MAX)
        };
        let (began, left, kept) = match (&self.running, self.last) {
            (Some(trial), _) => (trial.began, left(trial.until), None),
            (None, Some((began, kept))) => (began, 0, Some(kept)),
            (None, None) => return None,
        };
        Some(TrialStatus { number: self.count, began: millis(began), left, kept })
    }
}

impl Door {
    /// Asks for a reload on trial. One trial at a time, and no reload beside it.
    pub(crate) fn ask_trial(&mut self, client: u64, seconds: u32) {
        let within = SHORTEST_TRIAL..=LONGEST_TRIAL;
        if within.contains(&seconds) {
            return self.ask_reload_for(client, Duration::from_secs(seconds.into()));
        }
        let why = format!("a trial lasts {SHORTEST_TRIAL} to {LONGEST_TRIAL} seconds");
        self.reply(client, &Answer::Failed(why));
    }

    /// A new configuration has just come into force, on trial.
    pub(crate) fn begin_trial(&mut self, before: Arc<Current>, time: Duration) {
        let began = self.now.mono;
        self.trials.count = self.trials.count.saturating_add(1);
        self.trials.running = Some(Trial { began, until: began.saturating_add(time), before });
        let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        self.event(What::TrialBegan { seconds });
    }

    /// Brings the configuration before back when nobody has confirmed in time.
    pub(crate) fn tick_trial(&mut self) {
        let now = self.now.mono;
        let Some(trial) = self.trials.running.take_if(|trial| trial.until <= now) else { return };
        self.trials.last = Some((trial.began, false));
        if self.stage == Stage::Closing {
            return;
        }
        let reason = "nobody confirmed it from a new connection in time".to_owned();
        self.event(What::TrialRolledBack { reason });
        self.listeners.take_all_again();
        let Current { config, resolved, held, .. } = Current::clone(&trial.before);
        let (on_trial, worth) = (Arc::clone(&self.current), Moment::default());
        let held = self.newest(held, &config, worth);
        self.swap(config, resolved, held);
        self.follow_sources(&on_trial, worth, self.now.unix());
        self.follow_watches();
        // what the host says may have changed meanwhile
        self.resolve_at = Some(now);
    }

    /// Keeps the configuration on trial, if the asker came in since it began.
    pub(crate) fn confirm(&mut self, asker: i32, ancestors: &[u32], login: Option<u64>) -> Answer {
        let Some(began) = self.trials.running.as_ref().map(|trial| trial.began) else {
            return Answer::NotConfirmed("no configuration is on trial".into());
        };
        match self.came_in_since(began, asker, ancestors, login) {
            Ok(by) => {
                self.trials.running = None;
                self.trials.last = Some((began, true));
                self.event(What::TrialConfirmed { by });
                Answer::Confirmed
            }
            Err(why) => Answer::NotConfirmed(why),
        }
    }

    fn came_in_since(
        &self,
        began: Duration,
        asker: i32,
        ancestors: &[u32],
        login: Option<u64>,
    ) -> Result<String, String> {
        // 0: of another namespace of processes, whose numbers mean nothing here
        if asker == 0 || ancestors.first().copied() != u32::try_from(asker).ok() {
            return Err("which process asks is not known".into());
        }
        let sessions = self.sessions_of(ancestors);
        if let Some(new) = sessions.iter().find(|session| session.since >= millis(began)) {
            return Ok(format!("a session of {}, process {}", new.service, new.pid));
        }
        if let Some(old) = sessions.first() {
            return Err(format!(
                "this connection (a session of {}, process {}) was there before the trial began",
                old.service, old.pid
            ));
        }
        let age = self.now.mono.saturating_sub(began);
        match login {
            Some(login) if login < millis(age) => {
                Ok("a login that did not come through the door".into())
            }
            Some(_) => Err("this login was there before the trial began".into()),
            None => Err("this command is not run in a login".into()),
        }
    }
}
