//! Addresses: of a socket's two ends, and of this host.

use std::{
    io,
    net::{IpAddr, SocketAddr, SocketAddrV4},
    os::fd::AsFd,
    ptr::{self, NonNull},
};

use rustix::net::SocketAddrAny;

use crate::process::check;

/// The most addresses of a host that are looked at; more would be a misconfigured interface.
const MOST_ADDRESSES: usize = 4096;

/// `::ffff:a.b.c.d` as the IPv4 address it stands for; anything else unchanged.
#[must_use]
pub const fn unmapped(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// As [`unmapped`], keeping the port; the scope of a link-local address stays too.
pub(crate) fn unmapped_socket(address: SocketAddr) -> SocketAddr {
    match unmapped(address.ip()) {
        IpAddr::V4(v4) => SocketAddr::V4(SocketAddrV4::new(v4, address.port())),
        IpAddr::V6(_) => address,
    }
}

/// The address and port a connection came to, unmapped.
///
/// # Errors
/// Those of getsockname(2); `InvalidInput` when the socket is not an Internet one.
pub fn local_address(fd: impl AsFd) -> io::Result<SocketAddr> {
    internet(rustix::net::getsockname(fd)?)
}

pub(crate) fn internet(address: SocketAddrAny) -> io::Result<SocketAddr> {
    SocketAddr::try_from(address)
        .map(unmapped_socket)
        .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
}

/// Every address of this host's interfaces, unmapped, sorted, each once. For the never-ban list;
/// interfaces come and go, so ask again at each load.
///
/// # Errors
/// Those of getifaddrs(3).
pub fn local_addresses() -> io::Result<Vec<IpAddr>> {
    let mut head: *mut libc::ifaddrs = ptr::null_mut();
    // SAFETY: `head` is ours; on success it is a list to be freed once.
    check(unsafe { libc::getifaddrs(&raw mut head) })?;
    let mut found = Vec::new();
    let mut next = NonNull::new(head);
    while let Some(entry) = next {
        // SAFETY: a node of the list, valid until it is freed below.
        let entry = unsafe { entry.as_ref() };
        // SAFETY: null or a valid address of the family it names, until the list is freed.
        found.extend(unsafe { interface_address(entry.ifa_addr) });
        next = NonNull::new(entry.ifa_next).filter(|_| found.len() < MOST_ADDRESSES);
    }
    if !head.is_null() {
        // SAFETY: from getifaddrs, freed once, no reference into it is left.
        unsafe { libc::freeifaddrs(head) };
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// # Safety
/// `address` is null or points to a socket address of the family it names.
unsafe fn interface_address(address: *const libc::sockaddr) -> Option<IpAddr> {
    let address = NonNull::new(address.cast_mut())?;
    // SAFETY: not null, and every socket address begins with its family.
    let family = i32::from(unsafe { address.as_ref() }.sa_family);
    match family {
        libc::AF_INET => {
            // SAFETY: the family says that this is a sockaddr_in.
            let inet = unsafe { address.cast::<libc::sockaddr_in>().as_ref() };
            Some(IpAddr::from(inet.sin_addr.s_addr.to_ne_bytes()))
        }
        libc::AF_INET6 => {
            // SAFETY: the family says that this is a sockaddr_in6.
            let inet = unsafe { address.cast::<libc::sockaddr_in6>().as_ref() };
            Some(unmapped(IpAddr::from(inet.sin6_addr.s6_addr)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_addresses_are_ipv4() {
        for (given, want) in [
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("192.0.2.1", "192.0.2.1"),
            ("::192.0.2.1", "::c000:201"), // the deprecated compatible form is not mapped
            ("::1", "::1"),
        ] {
            let given: IpAddr = given.parse().unwrap();
            assert_eq!(unmapped(given).to_string(), want);
        }
    }

    #[test]
    fn addresses_of_this_host_are_sorted_and_each_is_there_once() {
        let locals = local_addresses().unwrap();
        assert!(locals.is_sorted_by(|a, b| a < b), "{locals:?}");
    }
}
