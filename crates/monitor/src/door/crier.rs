//! Alarms on the daemon's standard error: whoever started it in the foreground, or reads the
//! service manager's journal, need not ask for the status to learn of them.

use crate::door::Door;
use portreeve_sys::notice::write_notice;
use std::time::Duration;

/// Lines within [`PERIOD`] at most; the status and the event log have all.
const MOST: u32 = 10;
/// Then lines are cried again.
const PERIOD: Duration = Duration::from_secs(60);
/// Characters of an alarm that are shown.
const SHOWN: usize = 500;

/// How much was said lately.
#[derive(Debug, Default)]
pub(crate) struct Crier {
    since: Duration,
    said: u32,
}

impl Crier {
    /// The line for an alarm, unless there were too many.
    fn line(&mut self, text: &str, now: Duration) -> Option<String> {
        if now.saturating_sub(self.since) >= PERIOD {
            *self = Self { since: now, said: 0 };
        }
        self.said = self.said.saturating_add(1);
        let shown = |c: char| if c.is_control() { ' ' } else { c };
        match self.said {
            n if n < MOST => {
                let text: String = text.chars().take(SHOWN).map(shown).collect();
                Some(format!("portreeved: {text}\n"))
            }
            MOST => Some("portreeved: more alarms: `portreeve status` shows them all\n".into()),
            _ => None,
        }
    }
}

impl Door {
    /// Tells standard error of an alarm, if it takes the line at once and does not get it as an
    /// event.
    pub(crate) fn cry(&mut self, text: &str) {
        if self.current.config.settings.log.stderr.is_some() {
            return;
        }
        if let Some(line) = self.crier.line(text, self.now.mono) {
            // nobody may be reading, or not fast enough
            let _ = write_notice(&*self.outputs.stderr, line.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_and_the_next_minute_begins_anew() {
        let mut crier = Crier::default();
        let at = |seconds: u64| Duration::from_secs(100 + seconds);
        let lines: Vec<_> =
            (0..50).filter_map(|n| crier.line(&format!("a\x1b{n}"), at(n))).collect();
        assert_eq!(lines.len(), 10);
        assert_eq!(lines[0], "portreeved: a 0\n");
        assert!(lines[9].contains("portreeve status"), "{}", lines[9]);
        assert_eq!(crier.line("b", at(61)).as_deref(), Some("portreeved: b\n"));
        assert!(crier.line(&"ä".repeat(5000), at(62)).unwrap().len() < 4096);
    }
}
