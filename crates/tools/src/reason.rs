//! Errors in the words that scripts around these commands know.

use rustix::io::Errno;
use std::io;

/// The suite's own text for an error.
pub(crate) fn reason(error: &io::Error) -> &'static str {
    let Some(errno) = Errno::from_io_error(error) else {
        let memory = error.kind() == io::ErrorKind::OutOfMemory;
        return if memory { "out of memory" } else { "unknown error" };
    };
    TEXTS.iter().find(|(known, _)| *known == errno).map_or("unknown error", |(_, text)| text)
}

const TEXTS: &[(Errno, &str)] = &[
    (Errno::NOENT, "file does not exist"),
    (Errno::AGAIN, "temporary failure"),
    (Errno::ACCESS, "access denied"),
    (Errno::PERM, "permission denied"),
    (Errno::EXIST, "file already exists"),
    (Errno::ISDIR, "is a directory"),
    (Errno::NOTDIR, "not a directory"),
    (Errno::NXIO, "device not configured"),
    (Errno::NOMEM, "out of memory"),
    (Errno::TXTBSY, "text busy"),
    (Errno::IO, "input/output error"),
    (Errno::INTR, "interrupted system call"),
    (Errno::NOSPC, "out of disk space"),
    (Errno::ROFS, "read-only file system"),
    (Errno::NOEXEC, "exec format error"),
    (Errno::TOOBIG, "argument list too long"),
    (Errno::BADF, "file descriptor not open"),
    (Errno::INVAL, "invalid argument"),
    (Errno::MFILE, "process cannot open more files"),
    (Errno::NFILE, "system cannot open more files"),
    (Errno::PIPE, "broken pipe"),
    (Errno::XDEV, "cross-device link"),
    (Errno::SRCH, "no such process"),
    (Errno::CHILD, "no child processes"),
    (Errno::LOOP, "symbolic link loop"),
    (Errno::NAMETOOLONG, "file name too long"),
    (Errno::FBIG, "file too big"),
    (Errno::PROTO, "protocol error"),
    (Errno::TIMEDOUT, "timed out"),
    (Errno::CONNREFUSED, "connection refused"),
    (Errno::CONNRESET, "connection reset"),
    (Errno::ADDRINUSE, "address already used"),
    (Errno::ADDRNOTAVAIL, "address not available"),
    (Errno::NETUNREACH, "network unreachable"),
    (Errno::HOSTUNREACH, "host unreachable"),
    (Errno::INPROGRESS, "operation in progress"),
    (Errno::BUSY, "device busy"),
    (Errno::NOTEMPTY, "directory not empty"),
    (Errno::DQUOT, "disk quota exceeded"),
    (Errno::SPIPE, "unseekable descriptor"),
    (Errno::NOSYS, "system call not available"),
];
