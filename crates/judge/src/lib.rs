//! Judgement: findings in, offences and proposals to ban out.
//!
//! [`Book`] says whose a finding is and that each thing is charged once; [`Scores`] says when somebody
//! has done enough to be shut out, and for how long. What comes out is a [`Proposal`]: whoever applies
//! it judges it again. Pure: time is an argument, and the same offences at the same times give the same
//! proposals, live or from a log of last month.
#![forbid(unsafe_code)]

pub mod book;
pub mod naive;
pub mod readers;
mod scores;

pub use book::{Book, Booked, Heard, Voice};
pub use portreeve_wire::clerk::{Proposal, Strength};
pub use scores::{Bounds, Held, Scores};
