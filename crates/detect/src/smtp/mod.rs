//! Mail servers.

pub(crate) mod exim;
pub(crate) mod opensmtpd;
pub(crate) mod postfix;
pub(crate) mod sendmail;
pub(crate) mod spam;
