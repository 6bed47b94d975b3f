//! The native detectors, by name.

use crate::{Detector, dovecot, dropbear, pam, smtp, sshd};

/// Makes a detector that has seen nothing yet.
type Make = fn() -> Box<dyn Detector>;

/// All of them, in the order of their names.
const ALL: &[(&str, Make)] = &[
    ("dovecot", || Box::new(dovecot::Dovecot)),
    (dropbear::NAME, || Box::new(dropbear::Dropbear::default())),
    ("exim", || Box::new(smtp::exim::Exim)),
    (pam::NAME, || Box::new(pam::Pam::default())),
    ("postfix", || Box::new(smtp::postfix::Postfix::new())),
    (sshd::NAME, || Box::new(sshd::Sshd::default())),
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
}
