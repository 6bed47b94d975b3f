//! Web servers.

pub(crate) mod access;
pub(crate) mod apache;
pub(crate) mod nginx;
