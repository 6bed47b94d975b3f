//! What services and peers write, made harmless: lines, rates, and sshd's words. Pure.

pub(crate) mod lines;
pub(crate) mod pace;
pub(crate) mod sshd;
