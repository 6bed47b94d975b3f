//! Admission: facts in, verdict out.
//!
//! [`Tables`] are compiled once from a checked configuration, [`State`] holds what is counted, and
//! [`admit`] answers for one connection in the order the design lays down: paused, banned, hours,
//! access lists, room. [`consider`] is the same decision without taking anything, and [`follow`]
//! goes on behind the question that decides, for people who ask first. Clock, load, dice, names and ident answers are arguments: nothing here touches a
//! file, a socket, a clock or a thread, and nothing here panics, since root's process links it.
//!
//! It refuses to guess: a load that cannot be read, or a name that cannot be looked up where a rule
//! denies by name, refuses the connection and says so.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::panic,
        clippy::expect_used
    )
)]

mod ban;
mod breaker;
mod decide;
mod early_drop;
mod effect;
mod errand;
mod explain;
mod facts;
mod good;
mod hours;
mod image;
mod judge;
mod prefix;
mod rules;
mod state;
mod tables;
mod trace;
mod verdict;
pub mod wrappers;

pub use ban::{Ban, BanOutcome, BanSource, EXPIRE_BATCH, Shut};
pub use breaker::{BreakerState, Evidence, NewBan, Trip};
pub use decide::{admit, consider, follow};
pub use early_drop::drop_chance;
pub use effect::{Effect, Effects};
pub use errand::{Answered, Errand, MOST_ERRANDS, Said};

pub use explain::{
    ban_sentence, date, endings_sentence, errand_sentence, need_sentence, refusal_sentence,
    refusals_sentence, step_sentence,
};
pub use facts::{Facts, IdentAnswer, Names, Own, supposed_lists};
pub use good::KnownGood;
pub use image::{Image, Shared};
pub use judge::{Around, WhyNot};
pub use state::{Place, Reservation, ServiceStatus, StartupAges, State, Ticket, Totalled, Totals};
pub use tables::{ServiceIndex, Tables};
pub use trace::{Answer, NoTrace, Question, Step, StepRecord, Trace};
pub use verdict::{Detail, Listing, Need, Reason, Refusal, Sprung, Verdict};
