//! What services and peers write, made harmless: escaping, lines, rates, and sshd's words. Pure.

pub(crate) mod escape;
pub(crate) mod lines;
pub(crate) mod pace;
pub(crate) mod sshd;
