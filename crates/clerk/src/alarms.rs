//! What the owner should mend: said once when it begins and once when it is over.

use crate::link::Link;
use portreeve_wire::clerk::FromClerk;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Alarms that are on, by their texts.
#[derive(Debug)]
pub(crate) struct Alarms {
    link: Rc<Link>,
    on: RefCell<BTreeSet<String>>,
}

impl Alarms {
    pub(crate) fn new(link: Rc<Link>) -> Self {
        Self { link, on: RefCell::default() }
    }

    /// It is so.
    pub(crate) fn raise(&self, text: &str) {
        if self.on.borrow_mut().insert(text.to_owned()) {
            self.link.send(&FromClerk::Alarm(text.to_owned()));
        }
    }

    /// It is no longer so.
    pub(crate) fn over(&self, text: &str) {
        if self.on.borrow_mut().remove(text) {
            self.link.send(&FromClerk::AlarmOver(text.to_owned()));
        }
    }

    /// As the flag says.
    pub(crate) fn set(&self, text: &str, on: bool) {
        if on { self.raise(text) } else { self.over(text) }
    }
}
