//! The checked vocabulary of portreeve and the compiled configuration.
//!
//! Values here cannot be wrong: whoever holds a [`Config`] holds one that `check` passed. Nothing
//! here reads a file, a clock or a socket, and nothing keeps the operator's text: each rule and
//! limit keeps its [`Origin`] instead, which names file, line and column.
#![forbid(unsafe_code)]

mod access;
mod admission;
mod ban;
mod config;
mod difference;
mod dns_list;
mod escape;
mod hold;
mod hours;
mod judge;
mod kept;
mod log;
mod name;
mod net;
mod offence;
mod on_stop;
mod origin;
pub mod preset;
mod program;
mod range;
mod resolved;
mod rules;
mod service;
mod signal;
mod source;
mod span;
pub mod stamp;
mod supposed;
mod targets;
mod trap;
mod watch;
pub mod wrappers;

pub use access::{AccessList, AllowList, HostPattern, ListFile, Pattern, Rule};
pub use admission::{Admission, Authentication, Load, PerSource, Rate, SourceWidth, Startups};
pub use ban::{
    BanCommand, BanMail, BanPolicy, Breaker, EndOnBan, HostsDeny, MailBy, MailLogin, Nftables,
};
pub use config::{Config, EvidenceBounds, Settings};
pub use difference::difference;
pub use dns_list::{
    Code, DnsList, DnsLists, DnsZone, ListAnswer, MAX_CODES, MAX_DNS_LISTS, MAX_LIST_TEXT,
    MAX_ZONE, WhenUnknown, may_be_listed,
};
pub use escape::{deceives, escape, escape_lines};
pub use hold::{Delayed, Ends, KeepAlive, Probes, Refusals, Refuse};
pub use hours::{HourRange, Hours, LocalTime, Zone};
pub use judge::{
    By, Charge, Decay, Growth, Hears, Judge, Level, OnSuccess, Points, Tally, Term, Users, When,
};
pub use kept::{Finish, Kept, KeptLog, Restart};
pub use log::{
    Facility, FailureFields, Ident, LogTarget, Records, ServiceLog, Severity, SuccessFields,
};
pub use name::{BadName, ServiceKey, ServiceName};
pub use net::{BadNetwork, Network, unmapped};
pub use offence::{Kind, Offence, Success};
pub use on_stop::{OnStop, Parting};
pub use origin::{Dialect, Origin, Sited};
pub use program::{
    Argv0, Environment, EnvironmentBase, Groups, Limit, Principal, Program, Resource,
    ResourceLimit, Stderr,
};
pub use range::{AddressRange, BadRange};
pub use resolved::{BannerBytes, Identity, Ids, KeptFacts, Problem, Resolved, ServiceFacts};
pub use rules::{Asked, MissingRules, RulesUse};
pub use service::{
    BannerFile, Banners, Bind, Family, Internal, Listen, Offer, Service, SocketOptions,
};
pub use signal::Signal;
pub use source::{Mark, Reach, Source, SourceFile, SourceId, SourceKind, Watched, WrappersUse};
pub use span::span;
pub use supposed::{Supposed, SupposedIdent, SupposedNames};
pub use targets::{EventTargets, LogRotation, StderrFormat};
pub use trap::{Sentence, Trap};
pub use watch::{
    FilterText, Journal, JournalPlace, JournalTerm, Start, Syslog, UseDns, Watch, WatchFile,
    Watcher,
};
