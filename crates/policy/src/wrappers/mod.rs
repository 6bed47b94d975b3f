//! hosts.allow and hosts.deny: who is granted, refused or given to another program (hosts_access(5)).
//!
//! [`decide`] is a function of the rules, of what is known of a request, and of what was read for
//! it ([`Answers`]). Where it needs to know more, it says what ([`Need`]) and is called again: so
//! nothing is looked up that no rule asks for. It does none of what a rule wants done: that is in
//! the [`Decided`], in order. It never panics, and its work is bounded.

mod decide;
mod expand;
mod follow;
mod matching;
mod pages;
mod request;
mod rules;
#[cfg(test)]
mod tests;

pub use decide::{Decided, Decision, End, Found, Start, Why, decide};
pub use expand::{EXPANDED, TooLong, expand};
pub use follow::{Ending, Fault, Followed, Settled, USER_SECONDS, follow};
pub use request::{Answers, Endpoint, Name, Need, Request, Side, User};
pub use rules::{Damaged, HostRules};
