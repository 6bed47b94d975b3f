//! services(5): which port a service name means.

use std::collections::HashMap;

/// Where a port comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The host's own table.
    Host,
    /// Portreeve's small table, since the host's lacks the name.
    BuiltIn,
}

/// A port by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// The port.
    pub port: u16,
    /// Who says so.
    pub from: Source,
}

/// Names that published configurations use and that hosts' tables may lack (IANA's assignments;
/// Debian's table has had no `sftp` and `irc` since 2021). TCP only.
const BUILT_IN: [(&str, u16); 6] =
    [("ftp", 21), ("ssh", 22), ("telnet", 23), ("sftp", 115), ("irc", 194), ("imaps", 993)];

/// The table of a host. As in getservbyname(3), names and aliases keep their case and the first
/// line that has one wins.
#[derive(Clone, Debug, Default)]
pub struct Table {
    ports: HashMap<(String, String), u16>,
}

impl Table {
    /// Reads `NAME PORT/PROTOCOL ALIAS… # comment` lines; lines that are none are skipped, as
    /// every reader of this file does.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut ports = HashMap::new();
        for line in text.lines() {
            let live = line.split('#').next().unwrap_or("");
            let mut words = live.split_ascii_whitespace();
            let (Some(name), Some(pair)) = (words.next(), words.next()) else { continue };
            let Some((port, protocol)) = pair.split_once('/') else { continue };
            let Ok(port) = port.parse::<u16>() else { continue };
            for name in std::iter::once(name).chain(words) {
                ports.entry((name.to_owned(), protocol.to_owned())).or_insert(port);
            }
        }
        Self { ports }
    }

    /// The port of a name under a protocol (`tcp` or `udp`).
    #[must_use]
    pub fn port(&self, name: &str, protocol: &str) -> Option<Port> {
        let host = self.ports.get(&(name.to_owned(), protocol.to_owned()));
        if let Some(port) = host {
            return Some(Port { port: *port, from: Source::Host });
        }
        let (_, port) = BUILT_IN.iter().find(|(known, _)| protocol == "tcp" && *known == name)?;
        Some(Port { port: *port, from: Source::BuiltIn })
    }

    /// All names known under a protocol, for suggestions.
    pub fn names<'a>(&'a self, protocol: &'a str) -> impl Iterator<Item = &'a str> {
        let host = self.ports.keys().filter(move |(_, p)| p == protocol).map(|(n, _)| n.as_str());
        host.chain(BUILT_IN.iter().map(|(name, _)| *name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_speaks_first_and_the_small_table_fills_in() {
        let text =
            "# x\nssh 22/tcp # y\nhttp\t80/tcp www\nhttp 81/tcp\nbad\nworse x/tcp\nirc 6/udp\n";
        let table = Table::parse(text);
        for (name, protocol, want) in [
            ("ssh", "tcp", Some((22, Source::Host))),
            ("www", "tcp", Some((80, Source::Host))),
            ("http", "tcp", Some((80, Source::Host))),
            ("sftp", "tcp", Some((115, Source::BuiltIn))),
            ("irc", "tcp", Some((194, Source::BuiltIn))),
            ("irc", "udp", Some((6, Source::Host))),
            ("sftp", "udp", None),
            ("SSH", "tcp", None),
            ("worse", "tcp", None),
        ] {
            let got = table.port(name, protocol).map(|p| (p.port, p.from));
            assert_eq!(got, want, "{name}/{protocol}");
        }
    }
}
