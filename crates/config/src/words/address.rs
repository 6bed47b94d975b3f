//! Listening addresses: `192.0.2.1:22`, `[::]:22`, `*:22`, `host.name:ssh`.

use portreeve_model::{Bind, Family, HostPattern, Listen};
use std::net::{IpAddr, Ipv6Addr};

/// Where a service may listen, before its port is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// Host part.
    pub(crate) bind: Bind,
    /// Family that goes without saying.
    pub(crate) family: Family,
}

/// Every address of both families on one socket.
pub(crate) fn everywhere() -> Host {
    Host { bind: Bind::Address(IpAddr::V6(Ipv6Addr::UNSPECIFIED)), family: Family::Dual }
}

/// Splits `host:port` and reads the host; the port is left as a text.
pub(crate) fn parse(text: &str) -> Result<(Host, &str), String> {
    let no_port = || format!("`{text}` has no port: write `host:port`, such as `*:22`");
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, tail) =
                rest.split_once(']').ok_or_else(|| format!("`{text}` lacks a `]`"))?;
            (bracketed(host)?, tail.strip_prefix(':').ok_or_else(no_port)?)
        }
        None if text.matches(':').count() > 1 => {
            return Err(format!("`{text}`: an IPv6 address stands in brackets, as `[::1]:22`"));
        }
        None => {
            let (host, port) = text.split_once(':').ok_or_else(no_port)?;
            (named(host)?, port)
        }
    };
    if port.is_empty() { Err(no_port()) } else { Ok((host, port)) }
}

fn bracketed(text: &str) -> Result<Host, String> {
    if text.contains('%') {
        return Err(format!("`{text}`: an address with a zone cannot be listened on"));
    }
    let address: Ipv6Addr = text.parse().map_err(|_| format!("`{text}` is no IPv6 address"))?;
    match address.to_ipv4_mapped() {
        Some(v4) => Err(format!("`{text}` is IPv4: write `{v4}`")),
        None => Ok(Host { bind: Bind::Address(IpAddr::V6(address)), family: Family::V6 }),
    }
}

/// Reads a host part without brackets.
pub(crate) fn named(text: &str) -> Result<Host, String> {
    if text == "*" {
        return Ok(everywhere());
    }
    if text.contains(':') {
        return bracketed(text);
    }
    if let Ok(address) = text.parse() {
        return Ok(Host { bind: Bind::Address(IpAddr::V4(address)), family: Family::V4 });
    }
    match HostPattern::parse(text) {
        Some(HostPattern::Exact(_)) => {
            let (bind, family) = (Bind::Host(text.to_owned()), Family::Dual);
            Ok(Host { bind, family })
        }
        Some(HostPattern::Below(_)) | None => {
            Err(format!("`{text}` is no address and no host name"))
        }
    }
}

/// A port number from 1 to 65535.
pub(crate) fn number(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}

/// Writes a listening address as a TOML value.
pub(crate) fn show(listen: &Listen) -> String {
    let Listen { bind, port, family, .. } = listen;
    match (bind, family) {
        (Bind::Address(IpAddr::V4(address)), Family::V4) => format!("\"{address}:{port}\""),
        (Bind::Address(IpAddr::V6(address)), Family::V6) if address.to_ipv4_mapped().is_none() => {
            format!("\"[{address}]:{port}\"")
        }
        (Bind::Address(IpAddr::V6(Ipv6Addr::UNSPECIFIED)), Family::Dual) => format!("\"*:{port}\""),
        (Bind::Host(host), Family::Dual) if named(host).is_ok() => format!("\"{host}:{port}\""),
        (bind, family) => {
            let host = match bind {
                Bind::Address(address) => address.to_string(),
                Bind::Host(host) => host.clone(),
            };
            let family = match family {
                Family::V4 => "v4",
                Family::V6 => "v6",
                Family::Dual => "both",
            };
            let host = super::quote::text(&host);
            format!("{{ host = {host}, port = {port}, family = \"{family}\" }}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_told_apart() {
        for (text, bind, family, port) in [
            ("192.0.2.1:22", "192.0.2.1", Family::V4, "22"),
            ("0.0.0.0:ssh", "0.0.0.0", Family::V4, "ssh"),
            ("[::]:22", "::", Family::V6, "22"),
            ("*:22", "::", Family::Dual, "22"),
            ("gate.example.org:22", "gate.example.org", Family::Dual, "22"),
        ] {
            let (host, rest) = parse(text).unwrap();
            let shown = match host.bind {
                Bind::Address(address) => address.to_string(),
                Bind::Host(host) => host,
            };
            assert_eq!((shown.as_str(), host.family, rest), (bind, family, port), "{text}");
        }
        for bad in ["22", "*", "::1:22", "[::1]", "[::1", "[::ffff:192.0.2.1]:22", "192.0.2.1:"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        for bad in ["[fe80::1%eth0]:22", "300.0.0.1:22", ".example.org:22", "a b:22", ":22"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!((number("0"), number("65536"), number("+1")), (None, None, None));
    }
}
