//! What tcpserver tells a program of its connection.

use std::net::{IpAddr, Ipv6Addr};

/// The variables of one connection, in the form that tcpserver gives them: none of them reaches a
/// program from tcpserver's own environment.
pub const NAMES: [&str; 15] = [
    "PROTO",
    "TCPLOCALIP",
    "TCPLOCALPORT",
    "TCPLOCALHOST",
    "TCPREMOTEIP",
    "TCPREMOTEPORT",
    "TCPREMOTEHOST",
    "TCPREMOTEINFO",
    "TCP6LOCALIP",
    "TCP6LOCALPORT",
    "TCP6LOCALHOST",
    "TCP6REMOTEIP",
    "TCP6REMOTEPORT",
    "TCP6REMOTEHOST",
    "TCP6REMOTEINFO",
];

/// A connection, with what is known of the other end.
#[derive(Clone, Copy, Debug)]
pub struct Connection<'a> {
    /// This end; IPv4-mapped IPv6 has been taken for IPv4.
    pub local: (IpAddr, u16),
    /// This end's host name, if it is known.
    pub local_host: Option<&'a str>,
    /// The other end, likewise.
    pub remote: (IpAddr, u16),
    /// The other end's host name, if it is known.
    pub remote_host: Option<&'a str>,
    /// What its ident server said, if it said anything; [`info`] makes it.
    pub remote_info: Option<&'a [u8]>,
}

/// The variables of a connection. Both builds' are set: `TCP…` says what the connection is, `TCP6…`
/// the same with IPv4 addresses as IPv6 has them. What is not known is not set.
#[must_use]
pub fn variables(connection: &Connection<'_>) -> Vec<(&'static str, Vec<u8>)> {
    let Connection { local, local_host, remote, remote_host, remote_info } = connection;
    let proto = if remote.0.is_ipv6() { "TCP6" } else { "TCP" };
    let text = |text: String| text.into_bytes();
    let mut all = vec![
        ("PROTO", proto.into()),
        ("TCPLOCALIP", text(local.0.to_string())),
        ("TCPLOCALPORT", text(local.1.to_string())),
        ("TCPREMOTEIP", text(remote.0.to_string())),
        ("TCPREMOTEPORT", text(remote.1.to_string())),
        ("TCP6LOCALIP", text(wide(local.0).to_string())),
        ("TCP6LOCALPORT", text(local.1.to_string())),
        ("TCP6REMOTEIP", text(wide(remote.0).to_string())),
        ("TCP6REMOTEPORT", text(remote.1.to_string())),
    ];
    let known: [(&[&'static str; 2], Option<&[u8]>); 3] = [
        (&["TCPLOCALHOST", "TCP6LOCALHOST"], local_host.map(str::as_bytes)),
        (&["TCPREMOTEHOST", "TCP6REMOTEHOST"], remote_host.map(str::as_bytes)),
        (&["TCPREMOTEINFO", "TCP6REMOTEINFO"], *remote_info),
    ];
    for (names, value) in known {
        all.extend(value.into_iter().flat_map(|value| names.map(|name| (name, value.to_vec()))));
    }
    all
}

/// What an ident server's user becomes: blanks and carriage returns are dropped wherever they are.
#[must_use]
pub fn info(user: &[u8]) -> Vec<u8> {
    user.iter().copied().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\r')).collect()
}

fn wide(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(local: &str, remote: &str, host: Option<&str>, user: Option<&[u8]>) -> String {
        let user = user.map(info);
        let connection = Connection {
            local: (local.parse().unwrap(), 25),
            local_host: None,
            remote: (remote.parse().unwrap(), 4000),
            remote_host: host,
            remote_info: user.as_deref(),
        };
        let line = |(name, value): &(&str, Vec<u8>)| {
            assert!(NAMES.contains(name));
            format!("{name}={}\n", String::from_utf8_lossy(value))
        };
        variables(&connection).iter().map(line).collect()
    }

    #[test]
    fn a_program_is_told_what_tcpserver_tells() {
        let v4 = told("127.0.0.1", "127.0.0.2", Some("a.dom"), Some(b" jo e\r"));
        assert_eq!(
            v4,
            "PROTO=TCP\nTCPLOCALIP=127.0.0.1\nTCPLOCALPORT=25\nTCPREMOTEIP=127.0.0.2\n\
             TCPREMOTEPORT=4000\nTCP6LOCALIP=::ffff:127.0.0.1\nTCP6LOCALPORT=25\n\
             TCP6REMOTEIP=::ffff:127.0.0.2\nTCP6REMOTEPORT=4000\nTCPREMOTEHOST=a.dom\n\
             TCP6REMOTEHOST=a.dom\nTCPREMOTEINFO=joe\nTCP6REMOTEINFO=joe\n"
        );
        let v6 = told("::1", "2001:db8::2", None, Some(b""));
        assert_eq!(
            v6,
            "PROTO=TCP6\nTCPLOCALIP=::1\nTCPLOCALPORT=25\nTCPREMOTEIP=2001:db8::2\n\
             TCPREMOTEPORT=4000\nTCP6LOCALIP=::1\nTCP6LOCALPORT=25\nTCP6REMOTEIP=2001:db8::2\n\
             TCP6REMOTEPORT=4000\nTCPREMOTEINFO=\nTCP6REMOTEINFO=\n"
        );
    }
}
