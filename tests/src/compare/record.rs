//! Lines of service logs, without what differs at each run.

use portreeve_testkit::Record;

/// A record with its process ids numbered in the order of their first appearance and its times
/// left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `START`, `EXIT`, `FAIL`, `USERID` or `NOID`.
    pub kind: String,
    /// Id of the service.
    pub id: String,
    /// What follows.
    pub rest: String,
    /// The file it was written to, or the facility and level of the system log.
    pub place: String,
}

impl Line {
    /// The records of a log's text.
    pub(super) fn parse_all(place: &str, log: &str) -> Vec<Self> {
        Record::parse_all(log).into_iter().map(|record| Self::new(place, record)).collect()
    }

    /// The records among the messages of a system log: `<30>… NAME[PID]: START: …`.
    pub(super) fn parse_syslog(messages: &[String]) -> Vec<Self> {
        let lines = messages.iter().filter_map(|message| {
            let (priority, rest) = message.strip_prefix('<')?.split_once('>')?;
            let (_, record) = rest.split_once("]: ")?;
            // The shape of a line in a file.
            let record = Record::parse_all(&format!("-: {record}")).pop()?;
            let known = ["START", "EXIT", "FAIL", "USERID", "NOID"].contains(&record.kind.as_str());
            known.then(|| Self::new(priority, record))
        });
        lines.collect()
    }

    fn new(place: &str, record: Record) -> Self {
        Self { kind: record.kind, id: record.id, rest: record.rest, place: place.to_owned() }
    }
}

/// Numbers process ids by the order of their START lines, leaves durations out, and puts lines of
/// one kind together: which session ends first is chance, and xinetd's child may write its FAIL
/// line before the parent writes START.
pub(super) fn normalise(lines: &mut [Line]) {
    let rank = |line: &Line| {
        ["START", "FAIL", "NOID", "USERID", "EXIT"].iter().position(|k| line.kind == *k)
    };
    lines.sort_by_key(rank);
    let mut pids: Vec<String> = Vec::new();
    for line in &mut *lines {
        let words = line.rest.split(' ').map(|word| match word.split_once('=') {
            Some(("pid", "0")) | None => word.to_owned(),
            Some(("pid", pid)) => {
                let known = pids.iter().position(|other| other == pid).unwrap_or_else(|| {
                    pids.push(pid.to_owned());
                    pids.len() - 1
                });
                format!("pid={known:03}")
            }
            Some(("duration", time)) if time.ends_with("(sec)") => "duration=*(sec)".to_owned(),
            Some(_) => word.to_owned(),
        });
        line.rest = words.collect::<Vec<_>>().join(" ");
    }
    lines.sort_by_cached_key(|line| (rank(line), (line.kind == "EXIT").then(|| line.rest.clone())));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_at_each_run_is_normalised() {
        let mut lines = Line::parse_all(
            "f",
            "26/1/2@03:04:05: FAIL: a address\n26/1/2@03:04:05: START: a pid=77 from=10.1.2.3\n\
             26/1/2@03:04:05: START: b pid=0\n26/1/2@03:04:09: EXIT: a status=3 pid=77 duration=4(sec)\n",
        );
        normalise(&mut lines);
        let rests: Vec<_> = lines.iter().map(|line| line.rest.as_str()).collect();
        let wanted =
            ["pid=000 from=10.1.2.3", "pid=0", "address", "status=3 pid=000 duration=*(sec)"];
        assert_eq!(rests, wanted);
        let sent = ["<30>Nov 22 00:07:21 xinetd[12]: START: a from=10.1.2.3".to_owned()];
        assert_eq!(Line::parse_syslog(&sent)[0].place, "30");
    }
}
