//! The host's own resolver: names of addresses, addresses of names, netgroups. For commands alone,
//! which serve one connection or check files: it may block for as long as it likes, so each
//! question has a thread that is left behind at its deadline. Root's process never asks.

use std::{
    ffi::{CStr, CString, c_char},
    mem::{self, MaybeUninit},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    ptr,
    sync::Mutex,
    time::Duration,
};

use crate::together::together;

/// Bytes of a name, its end included (`NI_MAXHOST`).
const NAME: usize = 1025;
/// Addresses of one name that are looked at.
const MOST: usize = 1024;

/// What the resolver said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// So it is.
    Found(T),
    /// There is none.
    Absent,
    /// It could not be found out now.
    Failed,
}

/// Addresses of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The name it goes by.
    pub canonical: Vec<u8>,
    /// In the resolver's order, each once.
    pub addresses: Vec<IpAddr>,
}

/// The name of an address.
#[must_use]
pub fn name_of(address: IpAddr, limit: Duration) -> Answer<Vec<u8>> {
    within(limit, move || reverse(address)).unwrap_or(Answer::Failed)
}

/// The addresses of a name.
#[must_use]
pub fn addresses_of(name: &[u8], limit: Duration) -> Answer<Host> {
    let Ok(name) = CString::new(name) else { return Answer::Absent };
    within(limit, move || forward(&name)).unwrap_or(Answer::Failed)
}

/// The addresses of a name, asked in this thread: it takes as long as the host's resolver does, and
/// leaves no thread behind. For a program that is to copy itself.
#[must_use]
pub fn addresses_here(name: &[u8]) -> Answer<Host> {
    CString::new(name).map_or(Answer::Absent, |name| forward(&name))
}

/// The TCP port of a service's name (services(5), or what the host has in its place); `None` when
/// there is no such service. Asked in this thread, as [`addresses_here`].
#[must_use]
pub fn port_of(service: &[u8]) -> Option<u16> {
    // the call takes numbers as well, signs and blanks before them too
    service.first().filter(|byte| byte.is_ascii_alphanumeric())?;
    let service = CString::new(service).ok()?;
    // SAFETY: all zeros is a valid addrinfo: no flags, any family, null pointers.
    let mut hints: libc::addrinfo = unsafe { mem::zeroed() };
    hints.ai_family = libc::AF_INET;
    hints.ai_socktype = libc::SOCK_STREAM;
    let mut found = MaybeUninit::new(ptr::null_mut::<libc::addrinfo>());
    // SAFETY: a NUL-terminated service, no host, hints that live, and a place for the answer.
    let code = unsafe {
        libc::getaddrinfo(ptr::null(), service.as_ptr(), &raw const hints, found.as_mut_ptr())
    };
    if code != 0 {
        return None;
    }
    // SAFETY: it was initialised to null, and filled by the call.
    let first = unsafe { found.assume_init() };
    // SAFETY: null, or an entry of the list, which lives until freeaddrinfo.
    let pointer = unsafe { first.as_ref() }.map_or(ptr::null_mut(), |entry| entry.ai_addr);
    let port = (!pointer.is_null()).then(|| {
        // SAFETY: of the family that was asked for, so it is such an address, unaligned perhaps.
        u16::from_be(unsafe { pointer.cast::<libc::sockaddr_in>().read_unaligned() }.sin_port)
    });
    if !first.is_null() {
        // SAFETY: the list came from getaddrinfo and nothing refers to it any more.
        unsafe { libc::freeaddrinfo(first) };
    }
    port
}

/// Whether a host is in a netgroup (innetgr(3)); `None` when it could not be found out in time.
#[must_use]
pub fn in_netgroup(group: &[u8], host: &[u8], limit: Duration) -> Option<bool> {
    let (Ok(group), Ok(host)) = (CString::new(group), CString::new(host)) else {
        return Some(false);
    };
    within(limit, move || {
        // SAFETY: NUL-terminated strings that live until the call returns, and null for "any".
        let found = unsafe { innetgr(group.as_ptr(), host.as_ptr(), ptr::null(), ptr::null()) };
        found == 1
    })
}

/// Whether anybody is in a netgroup; `None` when it could not be found out in time.
#[must_use]
pub fn netgroup_has_members(group: &[u8], limit: Duration) -> Option<bool> {
    let Ok(group) = CString::new(group) else { return Some(false) };
    within(limit, move || {
        // SAFETY: a NUL-terminated string that lives until the call returns, and null for "any".
        let found = unsafe { innetgr(group.as_ptr(), ptr::null(), ptr::null(), ptr::null()) };
        found == 1
    })
}

unsafe extern "C" {
    /// innetgr(3).
    fn innetgr(
        group: *const c_char,
        host: *const c_char,
        user: *const c_char,
        domain: *const c_char,
    ) -> libc::c_int;
}

pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    ask: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let once = |ask: &Mutex<Option<_>>| {
        let ask = ask.lock().ok()?.take();
        ask.map(|ask: Box<dyn FnOnce() -> T + Send>| ask())
    };
    together(vec![Mutex::new(Some(Box::new(ask) as _))], limit, once).pop()??
}

fn reverse(address: IpAddr) -> Answer<Vec<u8>> {
    let address: rustix::net::SocketAddrAny = SocketAddr::new(address, 0).into();
    let mut name = [0 as c_char; NAME];
    let length = libc::socklen_t::try_from(NAME).unwrap_or(0);
    // SAFETY: the address is valid for its length, the buffer ours with its true length.
    let code = unsafe {
        libc::getnameinfo(
            address.as_ptr().cast(),
            address.addr_len(),
            name.as_mut_ptr(),
            length,
            ptr::null_mut(),
            0,
            libc::NI_NAMEREQD,
        )
    };
    match code {
        0 => {
            // SAFETY: on success the buffer holds a NUL-terminated string.
            let name = unsafe { CStr::from_ptr(name.as_ptr()) };
            Answer::Found(name.to_bytes().to_vec())
        }
        libc::EAI_NONAME => Answer::Absent,
        _ => Answer::Failed,
    }
}

/// `EAI_NODATA` and `EAI_ADDRFAMILY` of glibc: the name has no such address.
const NO_ADDRESS: [libc::c_int; 3] = [libc::EAI_NONAME, -5, -9];

fn forward(name: &CStr) -> Answer<Host> {
    // SAFETY: all zeros is a valid addrinfo: no flags, any family, null pointers.
    let mut hints: libc::addrinfo = unsafe { mem::zeroed() };
    hints.ai_flags = libc::AI_CANONNAME;
    hints.ai_socktype = libc::SOCK_STREAM;
    let mut found = MaybeUninit::new(ptr::null_mut::<libc::addrinfo>());
    // SAFETY: a NUL-terminated name, hints that live, and a place for the answer.
    let code = unsafe {
        libc::getaddrinfo(name.as_ptr(), ptr::null(), &raw const hints, found.as_mut_ptr())
    };
    if code != 0 {
        return if NO_ADDRESS.contains(&code) { Answer::Absent } else { Answer::Failed };
    }
    // SAFETY: it was initialised to null, and filled by the call.
    let first = unsafe { found.assume_init() };
    let mut host = Host { canonical: name.to_bytes().to_vec(), addresses: Vec::new() };
    let mut next = first;
    // SAFETY: null, or an entry of the list, which lives until freeaddrinfo.
    while let Some(entry) = unsafe { next.as_ref() } {
        if !entry.ai_canonname.is_null() {
            // SAFETY: not null, so a NUL-terminated string of the list.
            host.canonical = unsafe { CStr::from_ptr(entry.ai_canonname) }.to_bytes().to_vec();
        }
        let address = address_of(entry);
        host.addresses.extend(address.filter(|address| !host.addresses.contains(address)));
        if host.addresses.len() >= MOST {
            break;
        }
        next = entry.ai_next;
    }
    if !first.is_null() {
        // SAFETY: the list came from getaddrinfo and nothing refers to it any more.
        unsafe { libc::freeaddrinfo(first) };
    }
    Answer::Found(host)
}

fn address_of(entry: &libc::addrinfo) -> Option<IpAddr> {
    let pointer = entry.ai_addr;
    if pointer.is_null() {
        return None;
    }
    match entry.ai_family {
        libc::AF_INET => {
            // SAFETY: of this family, so it is such an address, unaligned perhaps.
            let address = unsafe { pointer.cast::<libc::sockaddr_in>().read_unaligned() };
            Some(Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: of this family, so it is such an address, unaligned perhaps.
            let address = unsafe { pointer.cast::<libc::sockaddr_in6>().read_unaligned() };
            Some(Ipv6Addr::from(address.sin6_addr.s6_addr).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    #[test]
    fn services_have_ports() {
        assert_eq!((port_of(b"smtp"), port_of(b"no-such-service")), (Some(25), None));
        assert_eq!((port_of(b"+25"), port_of(b" 25"), port_of(b"")), (None, None, None));
    }

    #[test]
    fn localhost_has_an_address_and_nonsense_none() {
        let Answer::Found(host) = addresses_of(b"localhost", LIMIT) else { panic!("localhost") };
        assert!(host.addresses.iter().all(IpAddr::is_loopback), "{host:?}");
        assert_eq!(addresses_of(b"a\0b", LIMIT), Answer::Absent);
        assert_eq!(addresses_here(b"localhost"), Answer::Found(host));
        assert_eq!(in_netgroup(b"no-such-group-here", b"localhost", LIMIT), Some(false));
        assert_eq!(netgroup_has_members(b"no-such-group-here", LIMIT), Some(false));
        assert_eq!(within(Duration::ZERO, || std::thread::sleep(Duration::from_secs(1))), None);
    }
}
