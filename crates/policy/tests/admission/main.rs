//! Admission from outside: tables for each rule, and the whole against a naive twin.

#![cfg_attr(
    test,
    expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "figures of a small world"
    )
)]
#![cfg_attr(
    test,
    expect(
        clippy::wildcard_enum_match_arm,
        clippy::too_many_lines,
        reason = "tables are long, and whatever is not wanted fails the test"
    )
)]

#[cfg(test)]
mod bans;
#[cfg(test)]
mod common;
#[cfg(test)]
mod dns_lists;
#[cfg(test)]
mod early_drop;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod generate;
#[cfg(test)]
mod listed;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod order;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod room;
#[cfg(test)]
mod tcprules;
#[cfg(test)]
mod twin;
