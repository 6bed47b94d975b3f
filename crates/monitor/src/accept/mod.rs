//! From a listening socket to the verdict: who is let in, kept waiting, or turned away.

pub(crate) mod accepting;
pub(crate) mod arrive;
pub(crate) mod backlog;
pub(crate) mod claim;
pub(crate) mod delayed;
pub(crate) mod farewell;
pub(crate) mod gather;
pub(crate) mod listeners;
pub(crate) mod parked;
pub(crate) mod pending;
pub(crate) mod refuse;
