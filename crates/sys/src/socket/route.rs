//! Source routing (RFC 791): who sends so can lend itself an address.

use std::{
    io,
    os::fd::{AsFd, AsRawFd},
};

use crate::process::check;

/// Bytes of IP options, at most.
const MOST: usize = 60;

/// Whether the packets of an IPv4 connection came with a source route of the sender's choice.
/// Anything but an IPv4 socket has none.
///
/// # Errors
/// Those of getsockopt(2).
pub fn is_source_routed(socket: impl AsFd) -> io::Result<bool> {
    let mut options = [0_u8; MOST];
    let mut length = libc::socklen_t::try_from(MOST).unwrap_or(0);
    // SAFETY: the buffer is ours, and `length` its true length.
    let answer = check(unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_OPTIONS,
            options.as_mut_ptr().cast(),
            &raw mut length,
        )
    });
    match answer {
        Ok(_) => {
            let length = usize::try_from(length).unwrap_or(0).min(MOST);
            Ok(has_route(options.get(..length).unwrap_or_default()))
        }
        Err(error)
            if matches!(
                error.raw_os_error(),
                Some(libc::ENOPROTOOPT | libc::EOPNOTSUPP | libc::ENOTSOCK)
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Loose (131) or strict (137) source and record route among the options.
fn has_route(mut options: &[u8]) -> bool {
    loop {
        match options {
            [131 | 137, ..] => return true,
            [] | [0, ..] => return false,
            [1, rest @ ..] => options = rest,
            [_, length, ..] => {
                let step = usize::from(*length).max(2);
                options = options.get(step..).unwrap_or_default();
            }
            [_] => return false,
        }
    }
}

/// Answers of this IPv4 connection carry none of the IP options that its client sent, among them a
/// route of the client's choice.
///
/// # Errors
/// Those of setsockopt(2); of a socket that is not IPv4's as well.
pub fn drop_ip_options(socket: impl AsFd) -> io::Result<()> {
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: no bytes are read: the length is 0.
    check(unsafe { libc::setsockopt(fd, libc::IPPROTO_IP, libc::IP_OPTIONS, std::ptr::null(), 0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_found_among_other_options() {
        for (options, want) in [
            (&[][..], false),
            (&[1, 1, 1, 131, 7, 4, 1, 2, 3, 4], true),
            (&[1, 137, 3], true),
            (&[7, 3, 4, 131], true),
            (&[7, 4, 131, 137], false),
            (&[0, 131], false),
            (&[9], false),
            (&[9, 0, 131], true),
        ] {
            assert_eq!(has_route(options), want, "{options:?}");
        }
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(!is_source_routed(&socket).unwrap());
        assert!(!is_source_routed(std::fs::File::open("/dev/null").unwrap()).unwrap());
    }
}
