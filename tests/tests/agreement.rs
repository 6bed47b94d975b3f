//! Four opinions about one connection: `portreeve explain`, the open door, an evaluator that is as
//! plain as can be, and the real xinetd. Over generated configurations, native and xinetd's, with
//! access lists, hours, limits, traps and the bans they lead to, and over peers at the edges of the
//! networks named.
#![forbid(unsafe_code)]

#[path = "agreement/generate.rs"]
mod generate;
#[path = "agreement/live.rs"]
mod live;
#[path = "agreement/offline.rs"]
mod offline;
#[path = "agreement/opinion.rs"]
mod opinion;
#[path = "agreement/words.rs"]
mod words;
