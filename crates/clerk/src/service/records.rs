//! Services' records for the system log.

use crate::record::syslog::{RECORDS, message};
use crate::targets::post::Post;
use jiff::tz::TimeZone;
use portreeve_model::{Facility, Severity};
use std::rc::Rc;

/// The way of records to the system log.
#[derive(Debug)]
pub(crate) struct RecordsPost {
    post: Rc<Post>,
    zone: TimeZone,
    pid: u32,
}

impl RecordsPost {
    /// The way. `pid` is the one the messages name: the monitor's.
    pub(crate) fn new(post: Rc<Post>, zone: TimeZone, pid: u32) -> Self {
        Self { post, zone, pid }
    }

    /// Puts a record on its way.
    pub(crate) fn write(&self, priority: (Facility, Severity), ms: u64, text: &str) {
        let text = message(priority, ms, &self.zone, (RECORDS, self.pid), text);
        self.post.push(text.into_bytes());
    }

    /// Whether everything is sent, or will not be soon.
    pub(crate) fn is_settled(&self) -> bool {
        self.post.is_settled()
    }
}
