//! The breaker in the door: told of when it opens and closes, closed by its time or by hand.

use crate::door::Door;
use portreeve_policy::Trip;
use portreeve_wire::control::Answer;
use portreeve_wire::event::What;

/// How the alarm begins that stands while it is open.
const ALARM: &str = "judges shut nobody out at present: ";

impl Door {
    /// It has just opened.
    pub(crate) fn breaker_opened(&mut self, why: Trip) {
        let pause = self.current.config.settings.ban.breaker.pause.as_secs();
        let seconds = u32::try_from(pause).unwrap_or(u32::MAX);
        let why = why.sentence();
        self.event(What::BreakerOpened { why: why.clone(), seconds });
        self.alarm(&format!(
            "{ALARM}{why}; `portreeve bans` shows whom they have shut out, `portreeve breaker close` \
             lets them go on"
        ));
    }

    /// Closes it when its time is over.
    pub(crate) fn tick_breaker(&mut self) {
        if self.judging.breaker.tick(self.now.mono) {
            self.breaker_closed(None);
        }
    }

    /// Closes it for an asker.
    pub(crate) fn close_breaker(&mut self, uid: u32) -> Answer {
        let why = self.judging.breaker.close();
        if why.is_some() {
            self.breaker_closed(Some(uid));
        }
        Answer::BreakerClosed(why.map(Trip::sentence))
    }

    fn breaker_closed(&mut self, by: Option<u32>) {
        self.alarms.retain(|alarm| !alarm.starts_with(ALARM));
        self.event(What::BreakerClosed { by });
    }

    /// Why it is open, and for how many seconds more.
    pub(crate) fn breaker_status(&self) -> Option<(String, u32)> {
        let (why, until) = self.judging.breaker.open()?;
        let left = until.saturating_sub(self.now.mono).as_secs();
        Some((why.sentence(), u32::try_from(left).unwrap_or(u32::MAX)))
    }

    /// A predecessor's, at its successor: the alarm stands again.
    pub(crate) fn inherit_breaker(&mut self) {
        if let Some((why, _)) = self.judging.breaker.open() {
            self.alarm(&format!("{ALARM}{}", why.sentence()));
        }
    }
}
