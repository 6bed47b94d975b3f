//! The native detectors, by name.

use crate::{Detector, dovecot, dropbear, ftp, pam, smtp, sshd, web};

/// Makes a detector that has seen nothing yet.
type Make = fn() -> Box<dyn Detector>;

/// All of them, in the order of their names.
const ALL: &[(&str, Make)] = &[
    ("apache", || Box::new(web::apache::Apache)),
    ("dovecot", || Box::new(dovecot::Dovecot::new())),
    (dropbear::NAME, || Box::new(dropbear::Dropbear::default())),
    ("exim", || Box::new(smtp::exim::Exim::new())),
    ("nginx", || Box::new(web::nginx::Nginx)),
    ("opensmtpd", || Box::new(smtp::opensmtpd::OpenSmtpd::default())),
    (pam::NAME, || Box::new(pam::Pam::default())),
    ("postfix", || Box::new(smtp::postfix::Postfix::new())),
    ("proftpd", || Box::new(ftp::proftpd::Proftpd)),
    ("pure-ftpd", || Box::new(ftp::pure_ftpd::PureFtpd)),
    ("sendmail", || Box::new(smtp::sendmail::Sendmail::new())),
    ("smtp-spam", || Box::new(smtp::spam::SmtpSpam::new())),
    (sshd::NAME, || Box::new(sshd::Sshd::default())),
    ("vsftpd", || Box::new(ftp::vsftpd::Vsftpd::new())),
    ("web-access", || Box::new(web::access::Access)),
];

/// A native detector of this name, that has seen nothing yet. `None` if there is none.
#[must_use]
pub fn named(name: &str) -> Option<Box<dyn Detector>> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, make)| make())
}

/// The names of all native detectors, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_detector_is_found_under_the_name_it_gives() {
        assert!(names().is_sorted());
        for name in names() {
            assert_eq!(named(name).unwrap().name(), name);
        }
        assert!(named("no such").is_none());
    }

    #[test]
    fn what_a_configuration_can_name_is_what_there_is() {
        let mut words: Vec<_> =
            portreeve_model::Watcher::ALL.iter().map(|(word, _)| *word).collect();
        words.sort_unstable();
        assert_eq!(names().collect::<Vec<_>>(), words);
    }
}
