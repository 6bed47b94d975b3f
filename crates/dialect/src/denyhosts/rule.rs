//! The rule that DenyHosts gives to iptables.

/// The words of a call of `program`: `deed` is `-I` or `-D`, `ports` one port, several with commas
/// between, or none for every port.
#[must_use]
pub fn iptables_rule(program: &str, deed: &str, ports: Option<&str>, address: &str) -> Vec<String> {
    let mut words = vec![program, deed, "INPUT"];
    match ports {
        Some(list) if list.contains(',') => {
            words.extend(["-p", "tcp", "-m", "multiport", "--dports", list]);
        }
        Some(port) => words.extend(["-p", "tcp", "--dport", port]),
        None => {}
    }
    words.extend(["-s", address, "-j", "DROP"]);
    words.into_iter().map(str::to_owned).collect()
}

/// The program for IPv6 beside one for IPv4.
#[must_use]
pub fn of_ipv6(iptables: &str) -> String {
    match iptables.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/{}", name.replacen("iptables", "ip6tables", 1)),
        None => iptables.replacen("iptables", "ip6tables", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_for_every_port_one_or_some() {
        for (ports, want) in [
            (None, "/sbin/iptables -I INPUT -s 192.0.2.7 -j DROP"),
            (Some("22"), "/sbin/iptables -I INPUT -p tcp --dport 22 -s 192.0.2.7 -j DROP"),
            (
                Some("22,25"),
                "/sbin/iptables -I INPUT -p tcp -m multiport --dports 22,25 -s 192.0.2.7 -j DROP",
            ),
        ] {
            let words = iptables_rule("/sbin/iptables", "-I", ports, "192.0.2.7");
            assert_eq!(words.join(" "), want);
        }
        assert_eq!(of_ipv6("/usr/sbin/iptables-nft"), "/usr/sbin/ip6tables-nft");
    }
}
