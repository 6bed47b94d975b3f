//! The native language as a whole: a corpus, its registry, what it prints, what it asks the host.

#[cfg(test)]
mod common;
#[cfg(test)]
mod configs;
mod convert;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod hosts_access;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod resolve;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod tcprules;
#[cfg(test)]
mod xinetd;
