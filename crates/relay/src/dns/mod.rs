//! The DNS and the hosts file: what this host asks, and whom.

mod answer;
mod datagrams;
mod resolver;
mod sources;

pub(crate) use answer::{Failure, Found};
pub(crate) use datagrams::SOCKETS;
pub(crate) use resolver::Dns;
pub(crate) use sources::{Sources, paths};
