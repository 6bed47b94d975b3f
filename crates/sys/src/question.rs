//! One question to the name servers of the host, those of resolv.conf(5): what a DNS list is asked.
//! Like [`resolver`](crate::resolver), for the small commands alone. The C library sends it, checks
//! that the answer is that server's and about this question, and takes TCP where a datagram is too
//! small; how often and how long it tries is resolv.conf's to say.

use crate::resolver::{Answer, within};
use std::ffi::{CStr, CString, c_char, c_int, c_uchar};
use std::time::Duration;

/// Bytes of the largest answer there is.
const ANSWER: usize = 65_535;

/// Class of the Internet's names.
const INTERNET: c_int = 1;

/// What `h_errno` says where there is no such name, or nothing of this kind at it.
const NO_NAME: c_int = 1;
const NO_DATA: c_int = 4;

/// A kind of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// IPv4 addresses.
    A,
    /// Texts.
    Txt,
}

/// The packet of the answer about a name, as it came; a name that ends with a dot is asked for as it
/// is. Waits no longer than `limit`.
#[must_use]
pub fn ask(name: &[u8], kind: Kind, limit: Duration) -> Answer<Vec<u8>> {
    let Ok(name) = CString::new(name) else { return Answer::Absent };
    within(limit, move || here(&name, kind)).unwrap_or(Answer::Failed)
}

#[link(name = "resolv")]
unsafe extern "C" {
    /// resolver(3).
    fn res_query(
        name: *const c_char,
        class: c_int,
        kind: c_int,
        answer: *mut c_uchar,
        length: c_int,
    ) -> c_int;
    /// Where this thread's `h_errno` is.
    fn __h_errno_location() -> *mut c_int;
}

fn here(name: &CStr, kind: Kind) -> Answer<Vec<u8>> {
    let kind = match kind {
        Kind::A => 1,
        Kind::Txt => 16,
    };
    let mut packet = vec![0; ANSWER];
    let room = c_int::try_from(packet.len()).unwrap_or(0);
    // SAFETY: a NUL-terminated name, and a buffer with its true length.
    let length = unsafe { res_query(name.as_ptr(), INTERNET, kind, packet.as_mut_ptr(), room) };
    if let Ok(length) = usize::try_from(length) {
        packet.truncate(length);
        return Answer::Found(packet);
    }
    // SAFETY: it takes nothing, and gives a place that lives as long as this thread.
    let place = unsafe { __h_errno_location() };
    // SAFETY: that place is an int of this thread's.
    match unsafe { place.read() } {
        NO_NAME | NO_DATA => Answer::Absent,
        _ => Answer::Failed,
    }
}
