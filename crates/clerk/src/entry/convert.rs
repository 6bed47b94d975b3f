//! From the monitor's events to entries, with every text made harmless.

use crate::entry::{Cost, Dated, Entry, HowEnded, Loser, Session, stamp};
use portreeve_model::Sentence;
use portreeve_model::{Offence, Success};
use portreeve_model::{escape, escape_lines};
use portreeve_wire::event::{
    BanRefused, EndCause, Ending, Enforcement, Event, Refused, RuleCommand, SessionRef, What,
};

/// The line for an event.
pub(crate) fn dated(event: &Event) -> Dated {
    let dated = Dated::new(stamp::utc_ms(event.at), entry(&event.what));
    let Some(level) = event.level else { return dated };
    let facility = level.facility.map(|facility| facility.name().to_owned());
    Dated { severity: Some(level.severity.name().to_owned()), facility, ..dated }
}

/// A session as entries name it.
pub(crate) fn session(of: &SessionRef) -> Session {
    Session {
        service: clean(&of.key),
        session: of.session.0,
        peer: of.peer.address,
        peer_port: of.peer.port,
        local: of.local.address,
        local_port: of.local.port,
        pid: of.pid,
    }
}

/// An offence as it is told.
pub(crate) fn offence(of: &Offence) -> Dated {
    let entry = Entry::Offence {
        kind: of.kind.clone(),
        peer: of.peer,
        peer_port: of.port,
        service: clean(&of.service),
        user: of.user.clone(),
        source: of.source.clone(),
        watch: of.watch.as_deref().map(clean),
        detector: of.detector.as_deref().map(clean),
        session: of.session,
        certain: of.certain,
        count: of.count,
        why: of.why.clone(),
        file: None,
        inode: None,
        offset: None,
        cursor: None,
    };
    Dated::new(stamp::utc_ms(of.at), entry)
}

/// Somebody has authenticated from where a judge wanted nobody to.
pub(crate) fn suspicious_login(of: &Success, judge: &str) -> Dated {
    let entry = Entry::SuspiciousLogin {
        peer: of.peer,
        service: clean(&of.service),
        user: of.user.clone(),
        source: of.source.clone(),
        judge: clean(judge),
    };
    Dated::new(stamp::utc_ms(of.at), entry)
}

pub(crate) fn clean(text: &str) -> String {
    escape(text.as_bytes())
}

#[expect(clippy::too_many_lines, reason = "one arm for each event, counted by the compiler")]
fn entry(what: &What) -> Entry {
    match what {
        What::DoorOpened { version, pid, services } => {
            Entry::DoorOpened { version: clean(version), pid: *pid, services: *services }
        }
        What::DoorClosing { sessions } => Entry::DoorClosing { sessions: *sessions },
        What::Succeeded { from, version, pid, sessions, lost } => Entry::DoorSucceeded {
            from: clean(from),
            version: clean(version),
            pid: *pid,
            sessions: *sessions,
            lost: lost.iter().map(|what| clean(what)).collect(),
        },
        What::ListenerUp { key, address, dual } => Entry::ListenerUp {
            service: clean(key),
            address: address.address,
            port: address.port,
            dual: *dual,
        },
        What::ListenerDown { key, address, reason, retry } => Entry::ListenerDown {
            service: clean(key),
            address: address.address,
            port: address.port,
            reason: clean(reason),
            retry: *retry,
        },
        What::ServiceDown { key, reason, origin } => Entry::ServiceDown {
            service: clean(key),
            reason: clean(reason),
            origin: origin.as_deref().map(clean),
        },
        What::ServiceUp { key } => Entry::ServiceUp { service: clean(key) },
        What::ServiceKept { key, new } => Entry::ServiceKept { service: clean(key), new: *new },
        What::ServiceReleased { key } => Entry::ServiceReleased { service: clean(key) },
        What::Paused { key, seconds, .. } => {
            Entry::Paused { service: clean(key), seconds: *seconds }
        }
        What::Resumed { key, .. } => Entry::Resumed { service: clean(key) },
        What::Refused(refused) => self::refused(refused),
        What::Reloaded { changes } => {
            Entry::Reloaded { changes: changes.iter().map(|change| clean(change)).collect() }
        }
        What::ReloadRefused { text } => Entry::ReloadRefused { findings: escape_lines(text) },
        What::SourceChanged { path, entries, before, duration } => Entry::SourceChanged {
            path: clean(path),
            entries: *entries,
            before: *before,
            duration_ms: *duration,
        },
        What::SourceRefused { path, reason, text } => Entry::SourceRefused {
            path: clean(path),
            reason: clean(reason),
            findings: escape_lines(text),
        },
        What::WatchLost { path } => Entry::WatchLost { path: clean(path) },
        What::WatchFound { path } => Entry::WatchFound { path: clean(path) },
        What::SourceLate { path, reason } => {
            Entry::SourceLate { path: clean(path), reason: clean(reason) }
        }
        What::HelperStarted { helper, pid } => {
            Entry::HelperStarted { helper: helper.name().into(), pid: *pid }
        }
        What::HelperDied { helper, reason, retry } => {
            Entry::HelperDied { helper: helper.name().into(), reason: clean(reason), retry: *retry }
        }
        What::Exhausted { what } => Entry::Exhausted { what: clean(what) },
        What::Recovered { what } => Entry::Recovered { what: clean(what) },
        What::FirewallChanged { table, by, what } => {
            Entry::FirewallChanged { table: clean(table), by: clean(by), change: clean(what) }
        }
        What::Alarm { text } => Entry::Alarm { text: clean(text) },
        What::EventsLost { count } => {
            Entry::EventsLost { by: Loser::Monitor, target: None, count: *count }
        }
        What::SessionStarted(of) => Entry::SessionStarted { session: session(of) },
        What::Authenticated(of) => Entry::Authenticated { session: session(of) },
        What::GracePassed { session: of, ended } => {
            Entry::GracePassed { session: session(of), ended: *ended }
        }
        What::StartFailed { session: of, reason } => {
            Entry::StartFailed { session: session(of), reason: clean(reason) }
        }
        What::SessionEnding { session: of, cause } => Entry::SessionEnding {
            session: session(of),
            reason: cause.word().to_owned(),
            by_uid: match cause {
                EndCause::Command { uid } => Some(*uid),
                EndCause::Grace | EndCause::Idle | EndCause::Shutdown | EndCause::Banned => None,
            },
        },
        What::SessionEnded { session: of, ending, duration, cause, .. } => {
            ended(of, *ending, *duration, *cause)
        }
        What::Identified { session: of, answer } => Entry::Identified {
            session: session(of),
            answer: answer.as_deref().ok().map(clean),
            failure: answer.as_deref().err().map(|failure| clean(failure)),
        },
        What::TrapTouched { key, peer, sentence, spared, origin, .. } => {
            let (cost, seconds) = match sentence {
                Sentence::For(time) => (Cost::Ban, Some(time.as_secs())),
                Sentence::Forever => (Cost::ForEver, None),
                Sentence::Never => (Cost::Nothing, None),
            };
            Entry::TrapTouched {
                service: clean(key),
                peer: peer.address,
                peer_port: peer.port,
                cost,
                seconds,
                spared: spared.as_deref().map(clean),
                origin: origin.as_deref().map(clean),
            }
        }
        What::Banned { network, until, key, reason, only, judge, by } => Entry::Banned {
            network: network.to_string(),
            until: until.map(stamp::utc),
            service: some(key),
            reason: clean(reason),
            only: some(only),
            judge: some(judge),
            by_uid: *by,
        },
        What::BanEnded { network, only, why, by } => Entry::BanEnded {
            network: network.to_string(),
            only: some(only),
            why: clean(why),
            by_uid: *by,
        },
        What::BanRefused(BanRefused { network, judge, class, why, count }) => Entry::BanRefused {
            network: network.to_string(),
            judge: clean(judge),
            class: clean(class),
            why: clean(why),
            count: *count,
        },
        What::BreakerOpened { why, seconds } => {
            Entry::BreakerOpened { why: clean(why), seconds: *seconds }
        }
        What::BreakerClosed { by } => Entry::BreakerClosed { by_uid: *by },
        What::RuleCommand(RuleCommand { key, peer, option, command, outcome, session, count }) => {
            Entry::RuleCommand {
                service: clean(key),
                peer: peer.address,
                peer_port: peer.port,
                option: clean(option),
                command: clean(command),
                outcome: clean(outcome),
                session: session.map(|session| session.0),
                count: *count,
            }
        }
        What::Enforcement(Enforcement { enforcer, act, network, outcome, output, count }) => {
            Entry::Enforcement {
                enforcer: clean(enforcer),
                act: clean(act),
                network: network.map(|network| network.to_string()),
                outcome: clean(outcome),
                output: clean(output),
                count: *count,
            }
        }
        What::GivenBack { key } => Entry::GivenBack { service: clean(key) },
        What::TrialBegan { seconds } => Entry::TrialBegan { seconds: *seconds },
        What::TrialConfirmed { by } => Entry::TrialConfirmed { by: clean(by) },
        What::TrialRolledBack { reason } => Entry::TrialRolledBack { reason: clean(reason) },
    }
}

fn ended(of: &SessionRef, ending: Ending, duration_ms: u64, cause: Option<EndCause>) -> Entry {
    let (ending, status, signal) = match ending {
        Ending::Exit(status) => (HowEnded::Exit, Some(status), None),
        Ending::Signal(signal) => (HowEnded::Signal, None, Some(signal)),
        Ending::Closed => (HowEnded::Closed, None, None),
        Ending::Lost => (HowEnded::Lost, None, None),
    };
    let reason = cause.map(|cause| cause.word().to_owned());
    Entry::SessionEnded { session: session(of), ending, status, signal, duration_ms, reason }
}

/// A text that may be empty, and is left out then.
fn some(text: &str) -> Option<String> {
    Some(clean(text)).filter(|text| !text.is_empty())
}

fn refused(refused: &Refused) -> Entry {
    Entry::Refused {
        service: clean(&refused.key),
        peer: refused.peer.address,
        peer_port: refused.peer.port,
        class: clean(&refused.class),
        reason: clean(&refused.reason),
        text: clean(&refused.text),
        origin: refused.origin.as_deref().map(clean),
        count: refused.count,
    }
}
