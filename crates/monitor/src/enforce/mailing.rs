//! The door's part in reports: what the clerk has written is sent.

use crate::door::Door;
use crate::enforce::oneshot::Means;
use crate::enforce::post::Sent;
use portreeve_sys::Exit;
use portreeve_wire::event::{Enforcement, What};

/// How the alarm begins that reports are not sent.
const UNSENT: &str = "reports cannot be sent: ";

impl Door {
    /// The clerk has written a report.
    pub(crate) fn report_written(&mut self, letter: Vec<u8>) {
        self.enforcers.post.take(letter);
    }

    pub(super) fn tick_mail(&mut self) {
        let mut means = Means {
            paths: &self.paths,
            spawner: &mut self.spawner,
            outputs: &self.outputs,
            now: self.now.mono,
        };
        let sent = self.enforcers.post.tick(&mut means);
        sent.into_iter().for_each(|sent| self.tell_sent(sent));
    }

    pub(super) fn mail_ended(&mut self, exit: Exit) -> bool {
        let sent = self.enforcers.post.ended(exit, self.now.mono);
        let ours = sent.is_some();
        sent.into_iter().for_each(|sent| self.tell_sent(sent));
        ours
    }

    fn tell_sent(&mut self, sent: Sent) {
        self.alarms.retain(|known| !known.starts_with(UNSENT));
        let outcome = match sent {
            Sent::Done => "done".to_owned(),
            Sent::Later(why) => {
                self.alarm(&format!("{UNSENT}{why}"));
                format!("{why}; it is tried again")
            }
            Sent::Lost(why) => {
                self.alarm(&format!("{UNSENT}{why}"));
                format!("given up: {why}")
            }
        };
        self.event(What::Enforcement(Enforcement {
            enforcer: "mail".to_owned(),
            act: "send".to_owned(),
            network: None,
            outcome,
            output: String::new(),
            count: 1,
        }));
    }
}
