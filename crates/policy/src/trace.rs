//! The steps of a decision, for whoever wants to see them.

use crate::{Detail, Need, Reason};
use portreeve_model::Origin;
use serde::{Deserialize, Serialize};

/// Receives the steps of a decision as they are taken.
pub trait Trace {
    /// Whether steps are wanted at all; where not, none is built.
    fn wanted(&self) -> bool {
        true
    }
    /// One step.
    fn step(&mut self, step: Step<'_>);
}

/// No trace: costs nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTrace;

impl Trace for NoTrace {
    fn wanted(&self) -> bool {
        false
    }
    fn step(&mut self, _: Step<'_>) {}
}

impl Trace for Vec<StepRecord> {
    fn step(&mut self, step: Step<'_>) {
        self.push(StepRecord {
            number: step.question.number(),
            question: step.question,
            answer: step.answer,
            origin: step.origin,
            detail: step.detail.clone(),
            after: step.after,
        });
    }
}

/// One step of a decision.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// What was asked.
    pub question: Question,
    /// The answer.
    pub answer: Answer,
    /// Where the rule or limit was written.
    pub origin: Option<Origin>,
    /// The figures.
    pub detail: &'a Detail,
    /// Whether it was decided before: the answer is what this question would have said.
    pub after: bool,
}

/// A step that was kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// The question's place in the order of admission, 1 to 5.
    pub number: u8,
    /// What was asked.
    pub question: Question,
    /// The answer.
    pub answer: Answer,
    /// Where the rule or limit was written.
    pub origin: Option<Origin>,
    /// The figures.
    pub detail: Detail,
    /// Whether it was decided before: the answer is what this question would have said.
    pub after: bool,
}

impl StepRecord {
    /// Whether this is the step that decided against the peer, or left it open.
    #[must_use]
    pub fn decided(&self) -> bool {
        self.answer != Answer::Pass && !self.after
    }
}

/// What a step answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Go on.
    Pass,
    /// Refused, and decided.
    Refuse(Reason),
    /// This has to be asked first.
    Need(Need),
    /// A process has to answer first.
    Run,
    /// A trap was touched.
    Sprung,
}

impl Answer {
    /// A stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Refuse(_) => "refuse",
            Self::Need(_) => "ask",
            Self::Run => "run",
            Self::Sprung => "spring",
        }
    }
}

/// The questions of admission, in the order they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Question {
    /// Is the service switched on?
    Enabled,
    /// Has the door as a whole room for a session?
    Sessions,
    /// Is the service pausing after its rate was exceeded?
    Pause,
    /// Is the load average low enough?
    Load,
    /// Is the peer shut out?
    Ban,
    /// Is the service open at this hour?
    Hours,
    /// Can everything be used that the service's access lists are read from?
    Sources,
    /// Does this access list, counted from 0, let the peer in?
    List(u32),
    /// Do hosts.allow and hosts.deny let the peer in?
    HostsAccess,
    /// Is the peer on none of the DNS lists that refuse?
    DnsLists,
    /// Do the rules of tcprules let the peer in?
    Rules,
    /// Does the peer's ident server answer?
    Ident,
    /// Is it a trap?
    Trap,
    /// Is the rate kept?
    Rate,
    /// Has the service room for a session?
    Instances,
    /// Has the peer's network room for a session?
    PerSource,
    /// Has the service room for a startup?
    Startups,
    /// Has the peer's network room for a startup?
    PerSourceStartups,
}

impl Question {
    /// Its place in the order of admission, 1 to 5.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Enabled | Self::Sessions | Self::Pause | Self::Load => 1,
            Self::Ban => 2,
            Self::Hours => 3,
            Self::Sources
            | Self::List(_)
            | Self::HostsAccess
            | Self::DnsLists
            | Self::Rules
            | Self::Ident
            | Self::Trap => 4,
            Self::Rate
            | Self::Instances
            | Self::PerSource
            | Self::Startups
            | Self::PerSourceStartups => 5,
        }
    }

    /// A stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Sessions => "max-sessions",
            Self::Pause => "pause",
            Self::Load => "load",
            Self::Ban => "ban",
            Self::Hours => "hours",
            Self::Sources => "sources",
            Self::List(_) => "access-list",
            Self::HostsAccess => "hosts-access",
            Self::DnsLists => "deny-listed",
            Self::Rules => "rules",
            Self::Ident => "ident",
            Self::Trap => "trap",
            Self::Rate => "rate",
            Self::Instances => "instances",
            Self::PerSource => "per-source",
            Self::Startups => "startups",
            Self::PerSourceStartups => "per-source-startups",
        }
    }
}
