//! The name of an address: what it leads to, if that leads back.

use super::shown;
use portreeve_policy::wrappers::Name;
use portreeve_sys::resolver::{Answer, addresses_of, name_of};
use std::net::IpAddr;
use std::time::Duration;

/// How long one question to the host's resolver may take: as long as glibc's own three tries.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// Looks a name up and proves it.
pub(super) fn name(address: IpAddr, warn: &mut dyn FnMut(&str)) -> Name {
    let name = match name_of(address, LIMIT) {
        Answer::Found(name) => name,
        Answer::Absent => return Name::Unknown,
        Answer::Failed => {
            warn(&format!("the name of {address} could not be looked up"));
            return Name::Failed;
        }
    };
    let text = shown(&name);
    if text.parse::<IpAddr>().is_ok() {
        let why = "reverse lookup results in non-FQDN";
        warn(&format!("host name/name mismatch: {why} {text}"));
        return Name::Paranoid;
    }
    let host = match addresses_of(&name, LIMIT) {
        Answer::Found(host) => host,
        Answer::Absent | Answer::Failed => {
            let family = if address.is_ipv4() { "AF_INET" } else { "AF_INET6" };
            warn(&format!("can't verify hostname: getaddrinfo({text}, {family}) failed"));
            return Name::Paranoid;
        }
    };
    if !host.canonical.eq_ignore_ascii_case(&name) && !name.eq_ignore_ascii_case(b"localhost") {
        warn(&format!("host name/name mismatch: {text} != {}", shown(&host.canonical)));
        return Name::Paranoid;
    }
    if host.addresses.iter().any(|found| portreeve_model::unmapped(*found) == address) {
        return Name::Known(name);
    }
    warn(&format!("host name/address mismatch: {address} != {}", shown(&host.canonical)));
    Name::Paranoid
}
