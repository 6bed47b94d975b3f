//! How grave each kind of event is, for the system log and the journal.

use crate::entry::Entry;
use portreeve_model::Severity;

const CRIT: Severity = Severity(2);
const ERR: Severity = Severity(3);
const WARNING: Severity = Severity(4);
const NOTICE: Severity = Severity(5);
const INFO: Severity = Severity(6);

impl Entry {
    /// Its severity, the same for every event of a kind; `docs/events.md` has the table.
    pub(crate) fn severity(&self) -> Severity {
        match self {
            // Nobody is served.
            Self::Exhausted { .. } => CRIT,
            // The owner has something to mend.
            Self::ListenerDown { .. }
            | Self::ServiceDown { .. }
            | Self::StartFailed { .. }
            | Self::ReloadRefused { .. }
            | Self::SourceRefused { .. }
            | Self::HelperDied { .. }
            | Self::BreakerOpened { .. }
            | Self::Alarm { .. } => ERR,
            // The owner should know.
            Self::EvidenceDropped { .. }
            | Self::Paused { .. }
            | Self::TrapTouched { .. }
            | Self::SourceLate { .. }
            | Self::WatchLost { .. }
            | Self::SuspiciousLogin { .. }
            | Self::FirewallChanged { .. }
            | Self::EventsLost { .. }
            | Self::EventsSkipped { .. }
            | Self::PastNotKept => WARNING,
            // The door and who was kept out of it.
            Self::DoorOpened { .. }
            | Self::DoorSucceeded { .. }
            | Self::DoorClosing { .. }
            | Self::ServiceUp { .. }
            | Self::WatchFound { .. }
            | Self::ServiceKept { .. }
            | Self::ServiceReleased { .. }
            | Self::GracePassed { .. }
            | Self::SessionEnding { .. }
            | Self::Refused { .. }
            | Self::Offence { .. }
            | Self::Resumed { .. }
            | Self::Banned { .. }
            | Self::BanEnded { .. }
            | Self::BanRefused { .. }
            | Self::BreakerClosed { .. }
            | Self::Reloaded { .. }
            | Self::SourceChanged { .. }
            | Self::RuleCommand { .. }
            | Self::Enforcement { .. }
            | Self::GivenBack { .. }
            | Self::TrialBegan { .. }
            | Self::TrialConfirmed { .. }
            | Self::TrialRolledBack { .. }
            | Self::Recovered { .. } => NOTICE,
            // As usual.
            Self::ListenerUp { .. }
            | Self::SessionStarted { .. }
            | Self::Authenticated { .. }
            | Self::SessionEnded { .. }
            | Self::Identified { .. }
            | Self::Evidence { .. }
            | Self::HelperStarted { .. } => INFO,
        }
    }
}
