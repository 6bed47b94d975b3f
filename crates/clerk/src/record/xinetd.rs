//! The text of records, as xinetd 2.3.15 writes them (`docs/events.md` lists the differences).

use portreeve_model::escape;
use portreeve_model::{FailureFields, Ident, ServiceLog, SuccessFields};
use portreeve_wire::event::{Ending, Refused, SessionRef, What};

/// A service as its records name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<'a> {
    /// xinetd's `id`.
    pub(crate) name: &'a str,
    /// What it records.
    pub(crate) log: &'a ServiceLog,
}

/// The record of an event, if the service has one for it.
pub(crate) fn record(of: Named<'_>, what: &What) -> Option<String> {
    let Named { name, log } = of;
    let (success, failure) = (log.records.success, log.records.failure);
    #[expect(clippy::wildcard_enum_match_arm, reason = "xinetd records no other events")]
    match what {
        What::SessionStarted(session) => start(name, success, session),
        What::SessionEnded { session, ending, duration, .. } => {
            exit(name, success, session, *ending, *duration)
        }
        What::StartFailed { session, .. } => {
            fail(name, failure, "fork", &session.peer.address.to_string(), 1)
        }
        What::Refused(refused) => refusal(name, failure, refused),
        // To xinetd a sensor is a service that refuses everybody.
        What::TrapTouched { peer, .. } => {
            fail(name, failure, "address", &peer.address.to_string(), 1)
        }
        What::Identified { answer: Ok(answer), .. } => (success.userid || failure.userid)
            .then(|| format!("USERID: {name} {}", escape(answer.as_bytes()))),
        What::Identified { session, answer: Err(why) } => (log.ident == Ident::Require)
            .then(|| format!("NOID: {name} {} {}", session.peer.address, escape(why.as_bytes()))),
        _ => None,
    }
}

fn start(name: &str, fields: SuccessFields, session: &SessionRef) -> Option<String> {
    if fields == SuccessFields::default() {
        return None;
    }
    let mut text = format!("START: {name}");
    if let Some(pid) = session.pid.filter(|_| fields.pid) {
        text.push_str(&format!(" pid={pid}"));
    }
    if fields.host {
        text.push_str(&format!(" from={}", session.peer.address));
    }
    Some(text)
}

fn exit(
    name: &str,
    fields: SuccessFields,
    session: &SessionRef,
    ending: Ending,
    duration: u64,
) -> Option<String> {
    if !fields.exit && !fields.duration {
        return None;
    }
    let mut text = format!("EXIT: {name}");
    if fields.exit {
        match ending {
            Ending::Exit(status) => text.push_str(&format!(" status={status}")),
            Ending::Signal(signal) => text.push_str(&format!(" signal={signal}")),
            Ending::Closed => text.push_str(" status=0"),
            Ending::Lost => {} // nobody saw it
        }
    }
    if let Some(pid) = session.pid.filter(|_| fields.pid) {
        text.push_str(&format!(" pid={pid}"));
    }
    if fields.duration {
        text.push_str(&format!(" duration={}(sec)", duration / 1000));
    }
    Some(text)
}

fn refusal(name: &str, fields: FailureFields, refused: &Refused) -> Option<String> {
    if refused.xinetd.is_empty() {
        return None;
    }
    let reason = escape(refused.xinetd.as_bytes());
    fail(name, fields, &reason, &refused.peer.address.to_string(), refused.count)
}

fn fail(name: &str, fields: FailureFields, reason: &str, peer: &str, count: u32) -> Option<String> {
    if fields == FailureFields::default() {
        return None;
    }
    let mut text = format!("FAIL: {name} {reason}");
    if fields.host {
        text.push_str(&format!(" from={peer}"));
    }
    if count > 1 {
        text.push_str(&format!(" count={count}"));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_model::{LogTarget, Records, Sentence};
    use portreeve_wire::{End, SessionId};

    fn session(pid: Option<u32>) -> SessionRef {
        let end = |port| End { address: "127.0.0.1".parse().unwrap(), port };
        let (peer, local) = (end(40000), end(22));
        SessionRef { session: SessionId(1), service: 0, key: "ssh".into(), peer, local, pid }
    }

    fn log(flags: &str) -> ServiceLog {
        let has = |flag| flags.split(' ').any(|f| f == flag);
        let success = SuccessFields {
            host: has("HOST"),
            duration: has("DURATION"),
            exit: has("EXIT"),
            pid: has("PID"),
            userid: has("USERID"),
        };
        let failure =
            FailureFields { host: has("-HOST"), attempt: has("-ATTEMPT"), userid: has("-USERID") };
        let ident = match (has("IDONLY"), has("USERID") || has("-USERID")) {
            (true, _) => Ident::Require,
            (false, true) => Ident::Record,
            (false, false) => Ident::No,
        };
        ServiceLog { target: LogTarget::None, records: Records { success, failure }, ident }
    }

    fn ended(ending: Ending) -> What {
        What::SessionEnded {
            session: session(Some(18)),
            ending,
            duration: 65_999,
            cause: None,
            authenticated: None,
        }
    }

    fn refused(xinetd: &str, count: u32) -> What {
        What::Refused(Refused {
            service: 0,
            key: "ssh".into(),
            peer: session(None).peer,
            class: "rule".into(),
            reason: "rule".into(),
            xinetd: xinetd.into(),
            text: "no".into(),
            origin: None,
            count,
        })
    }

    fn answered(answer: Result<&str, &str>) -> What {
        let answer = answer.map(str::to_owned).map_err(str::to_owned);
        What::Identified { session: session(Some(18)), answer }
    }

    #[test]
    fn records_are_in_xinetds_words() {
        let started = || What::SessionStarted(session(Some(18)));
        let touched = || What::TrapTouched {
            service: 0,
            key: "telnet".into(),
            peer: session(None).peer,
            sentence: Sentence::Never,
            spared: None,
            origin: None,
        };
        let failed = || What::StartFailed { session: session(None), reason: "cannot fork".into() };
        for (flags, what, want) in [
            ("PID HOST", started(), "START: sshd pid=18 from=127.0.0.1"),
            ("HOST", started(), "START: sshd from=127.0.0.1"),
            ("PID", What::SessionStarted(session(None)), "START: sshd"),
            ("EXIT", started(), "START: sshd"),
            ("", started(), ""),
            ("-HOST", started(), ""),
            (
                "EXIT PID DURATION HOST",
                ended(Ending::Exit(3)),
                "EXIT: sshd status=3 pid=18 duration=65(sec)",
            ),
            ("EXIT PID", ended(Ending::Signal(9)), "EXIT: sshd signal=9 pid=18"),
            ("DURATION", ended(Ending::Exit(0)), "EXIT: sshd duration=65(sec)"),
            ("EXIT", ended(Ending::Closed), "EXIT: sshd status=0"),
            ("EXIT DURATION", ended(Ending::Lost), "EXIT: sshd duration=65(sec)"),
            ("PID HOST", ended(Ending::Exit(3)), ""),
            ("-HOST", refused("address", 1), "FAIL: sshd address from=127.0.0.1"),
            ("-ATTEMPT", refused("connections per second", 1), "FAIL: sshd connections per second"),
            ("-USERID", refused("time", 1), "FAIL: sshd time"),
            ("-HOST", refused("address", 4), "FAIL: sshd address from=127.0.0.1 count=4"),
            ("-HOST", refused("", 1), ""),
            ("HOST", refused("address", 1), ""),
            ("-HOST", touched(), "FAIL: sshd address from=127.0.0.1"),
            ("HOST", touched(), ""),
            ("-HOST", failed(), "FAIL: sshd fork from=127.0.0.1"),
            ("USERID", answered(Ok("UNIX : joe bloggs")), "USERID: sshd UNIX : joe bloggs"),
            (
                "USERID",
                answered(Ok("UNIX : j\r\nSTART: x")),
                r"USERID: sshd UNIX : j\x0d\x0aSTART: x",
            ),
            ("-USERID", answered(Ok("UNIX : joe")), "USERID: sshd UNIX : joe"),
            ("HOST", answered(Ok("UNIX : joe")), ""),
            ("USERID", answered(Err("timeout")), ""),
            ("USERID IDONLY", answered(Err("timeout")), "NOID: sshd 127.0.0.1 timeout"),
            ("HOST EXIT", What::ServiceUp { key: "ssh".into() }, ""),
        ] {
            let log = log(flags);
            let text = record(Named { name: "sshd", log: &log }, &what);
            assert_eq!(text.unwrap_or_default(), want, "{flags}: {what:?}");
        }
    }
}
