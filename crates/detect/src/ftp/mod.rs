//! FTP servers.

pub(crate) mod proftpd;
pub(crate) mod pure_ftpd;
pub(crate) mod vsftpd;
