//! The system log (syslog(3)), for the small commands.

use std::ffi::CString;

/// An open way to it. The C library keeps the tag's address, so it lives as long as the process.
#[derive(Debug)]
pub struct SystemLog {
    facility: libc::c_int,
}

impl SystemLog {
    /// Opens it with a tag, behind which the process's number stands, and a facility by its number
    /// in RFC 5424.
    #[must_use]
    pub fn open(tag: &str, facility: u8) -> Self {
        let tag = CString::new(tag.replace('\0', "_")).unwrap_or_default();
        let facility = libc::c_int::from(facility) << 3;
        // SAFETY: the tag is a NUL-terminated string that is never freed.
        unsafe { libc::openlog(tag.into_raw(), libc::LOG_PID, facility) };
        Self { facility }
    }

    /// Writes a line, at a severity by its number and, where one is given, another facility. What
    /// is not printable ASCII stands as `?`.
    pub fn say(&self, facility: Option<u8>, severity: u8, line: &[u8]) {
        let printable = |byte: &u8| if (32..127).contains(byte) { *byte } else { b'?' };
        let line: Vec<u8> = line.iter().map(printable).collect();
        let line = CString::new(line).unwrap_or_default();
        let facility = facility.map_or(self.facility, |number| libc::c_int::from(number) << 3);
        let priority = facility | libc::c_int::from(severity & 7);
        // SAFETY: a constant format for one NUL-terminated string, which is given.
        unsafe { libc::syslog(priority, c"%s".as_ptr(), line.as_ptr()) };
    }
}
