//! What a connection met.

use super::LogLine;
use portreeve_testkit::{End, Received};
use serde_json::Value;

/// What one connection was told.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Whether it was taken, or the kernel's word for it.
    pub connected: Result<(), String>,
    /// The bytes before the probe's report, or all of them.
    pub words: String,
    /// The probe's report.
    pub report: Option<Value>,
    /// The bytes after it.
    pub after: String,
    /// How it ended.
    pub end: Option<End>,
}

/// Whether a connection was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody listened.
    Absent,
    /// Taken, and closed without the service.
    Refused,
    /// The service spoke.
    Served,
}

impl Told {
    /// Nobody listened, or the connection failed.
    pub(super) fn absent(error: &std::io::Error) -> Self {
        let (words, after) = (String::new(), String::new());
        Self { connected: Err(error.kind().to_string()), words, report: None, after, end: None }
    }

    /// Takes what came apart.
    pub(super) fn new(received: &Received) -> Self {
        let text = received.text();
        let (mut words, mut report, mut after) = (text.clone(), None, String::new());
        // The probe's report is one object on one line.
        if let Some((before, rest)) = text.split_once("{\"argv\"") {
            let rest = format!("{{\"argv\"{rest}");
            let (line, behind) = rest.split_once('\n').unwrap_or((&rest, ""));
            if let Ok(value) = serde_json::from_str(line) {
                (words, report, after) = (before.to_owned(), Some(value), behind.to_owned());
            }
        }
        Self { connected: Ok(()), words, report, after, end: Some(received.end) }
    }

    /// Whether it was served: the probe reported, a real server greeted, or what was said came
    /// back.
    #[must_use]
    pub fn verdict(&self, said: &str) -> Verdict {
        let greeted =
            ["SSH-2.0-", "* OK stand-in", "SigBlk: "].iter().any(|g| self.words.contains(g));
        let echoed = !said.is_empty() && self.words.ends_with(said);
        match (&self.connected, self.report.is_some() || greeted || echoed) {
            (Err(_), _) => Verdict::Absent,
            (Ok(()), true) => Verdict::Served,
            (Ok(()), false) => Verdict::Refused,
        }
    }
}

/// What came of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Of each connection, in order.
    pub told: Vec<Told>,
    /// The records about the script's services, in order.
    pub log: Vec<LogLine>,
}
