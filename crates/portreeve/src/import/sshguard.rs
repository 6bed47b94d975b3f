//! sshguard's blacklist, and its whitelist.

use super::{Found, Load, MOST, Passed};
use crate::args::SshguardArgs;
use crate::exit::Failure;
use portreeve_model::{Network, unmapped};
use portreeve_sys::file::read_bounded;
use portreeve_wire::import::ImportedBan;
use std::io;
use std::net::IpAddr;
use std::path::Path;

/// Bytes of a file, at most.
const LARGEST: usize = 64 << 20;

/// What sshguard calls the services that it knows by numbers.
const SERVICES: [(u32, &str); 29] = [
    (100, "SSH"),
    (101, "Dropbear"),
    (110, "another sshguard"),
    (120, "BIND"),
    (200, "UW IMAP"),
    (210, "Dovecot"),
    (220, "Cyrus"),
    (230, "Cucipop"),
    (240, "Exim"),
    (250, "Sendmail"),
    (260, "Postfix"),
    (270, "OpenSMTPD"),
    (280, "Courier"),
    (300, "FreeBSD's ftpd"),
    (310, "ProFTPD"),
    (320, "Pure-FTPd"),
    (330, "vsftpd"),
    (340, "Cockpit"),
    (350, "HTTP"),
    (360, "probes of web servers"),
    (370, "logins of web programs"),
    (380, "pfSense"),
    (400, "OpenVPN"),
    (410, "OpenVPN"),
    (500, "Gitea"),
    (600, "MSSQL"),
    (601, "MySQL"),
    (700, "Proxmox"),
    (0, "any service"),
];

/// Reads the blacklist, and the whitelist if there is one.
pub(super) fn load(args: &SshguardArgs) -> Result<Load, Failure> {
    let mut load = Load { program: "sshguard", ..Load::default() };
    let until = args.time.map(|time| {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        crate::moment::now().as_second().saturating_add(seconds)
    });
    each_line(&args.blacklist, &mut load, |line, place, load| match entry(line) {
        Ok((since, network, reason)) => {
            let judge = String::new();
            let ban = ImportedBan { network, since, until, reason, judge };
            load.bans.push(Found { place, ban });
        }
        Err(why) => load.passed.push(Passed { place, why: why.to_owned() }),
    })?;
    if let Some(path) = &args.whitelist {
        let mut never = Vec::new();
        each_line(path, &mut load, |line, place, load| match allowed(line) {
            Ok(network) => never.push(network),
            Err(why) => load.passed.push(Passed { place, why: why.to_owned() }),
        })?;
        load.configuration = configuration(path, &never);
    }
    Ok(load)
}

/// Gives each line that says something, with its place.
fn each_line(
    path: &Path,
    load: &mut Load,
    mut each: impl FnMut(&str, String, &mut Load),
) -> Result<(), Failure> {
    let shown = path.display();
    let failed = |error: &io::Error| Failure::system(format!("read {shown}"), error);
    let read = read_bounded(path, LARGEST).map_err(|error| failed(&error))?;
    let text = String::from_utf8_lossy(&read.bytes);
    for (number, line) in (1_usize..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = format!("{shown}:{number}");
        if number > MOST {
            let why = format!("there are more than {MOST} lines: these are not read");
            load.passed.push(Passed { place, why });
            break;
        }
        each(line, place, load);
    }
    Ok(())
}

/// A line of the blacklist: when, at which service, of which family, who.
fn entry(line: &str) -> Result<(i64, Network, String), &'static str> {
    let mut parts = line.split('|');
    let mut next = || parts.next().map(str::trim);
    let (Some(at), Some(service), Some(family), Some(address), None) =
        (next(), next(), next(), next(), next())
    else {
        return Err("a line of the blacklist has four parts: time|service|4 or 6|address");
    };
    let at: i64 = at.parse().map_err(|_| "the time is no number of seconds since 1970")?;
    let service: u32 = service.parse().map_err(|_| "the service is no number")?;
    let address: IpAddr = address.parse().map_err(|_| "this is no address")?;
    match (family, address) {
        ("4", IpAddr::V4(_)) | ("6", IpAddr::V6(_)) => {}
        ("4" | "6", _) => return Err("the address is not of the family that is named"),
        _ => return Err("the family is neither 4 nor 6"),
    }
    let known = SERVICES.iter().find(|(number, _)| *number == service);
    let reason = match known {
        Some((_, name)) => format!("attacked {name}"),
        None => format!("attacked service {service}"),
    };
    Ok((at, Network::host(unmapped(address)), reason))
}

/// A line of the whitelist.
fn allowed(line: &str) -> Result<Network, &'static str> {
    let name = "a host's name is looked up by sshguard once, at its start: write its addresses \
                into `never`";
    match line.parse::<IpAddr>() {
        Ok(address) => Ok(Network::host(unmapped(address))),
        Err(_) if line.contains('/') => narrowed(line).ok_or("this is no network"),
        Err(_) => Err(name),
    }
}

/// A network whose address may have bits behind its length, which sshguard does not look at.
fn narrowed(text: &str) -> Option<Network> {
    if let Ok(network) = text.parse() {
        return Some(network);
    }
    let (address, length) = text.split_once('/')?;
    let (address, length): (IpAddr, u8) = (address.parse().ok()?, length.parse().ok()?);
    let widest = if address.is_ipv4() { 32 } else { 128 };
    (length <= widest).then(|| Network::around(address, length, length))
}

/// What belongs into a configuration.
fn configuration(path: &Path, never: &[Network]) -> String {
    let shown = path.display().to_string();
    let mut out = format!("\n# What {} has, for the configuration:\n[ban]\n", shown.escape_debug());
    out.push_str("never = [\n");
    for network in never {
        out.push_str(&format!("    \"{network}\",\n"));
    }
    out.push_str("]\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_blacklist_are_read_or_told_of() {
        let (at, network, reason) = entry("1600000000|100|4|192.0.2.7").unwrap();
        assert_eq!((at, network.to_string()), (1_600_000_000, "192.0.2.7".to_owned()));
        assert_eq!(reason, "attacked SSH");
        assert_eq!(entry("1|999|6|2001:db8::7").unwrap().2, "attacked service 999");
        for (line, part) in [
            ("", "four parts"),
            ("1|100|4", "four parts"),
            ("1|100|4|192.0.2.7|x", "four parts"),
            ("x|100|4|192.0.2.7", "time"),
            ("1|ssh|4|192.0.2.7", "service"),
            ("1|100|5|192.0.2.7", "neither"),
            ("1|100|6|192.0.2.7", "family"),
            ("1|100|4|192.0.2.300", "no address"),
            ("1|100|4|a.example", "no address"),
        ] {
            let why = entry(line).unwrap_err();
            assert!(why.contains(part), "{line}: {why}");
        }
    }

    #[test]
    fn lines_of_a_whitelist_are_addresses_networks_or_names() {
        let shown = |line| allowed(line).map(|network| network.to_string());
        assert_eq!(shown("192.0.2.7").unwrap(), "192.0.2.7");
        assert_eq!(shown("2001:db8::/32").unwrap(), "2001:db8::/32");
        assert_eq!(shown("192.0.2.77/24").unwrap(), "192.0.2.0/24");
        assert!(shown("192.0.2.0/33").unwrap_err().contains("no network"));
        assert!(shown("host.example").unwrap_err().contains("name"));
    }

    #[test]
    fn the_whitelist_becomes_a_piece_of_configuration() {
        let never = ["192.0.2.7", "2001:db8::/32"].map(|text| text.parse().unwrap());
        let text = configuration(Path::new("/etc/x\n"), &never);
        assert_eq!(
            text,
            "\n# What /etc/x\\n has, for the configuration:\n[ban]\nnever = [\n    \
             \"192.0.2.7\",\n    \"2001:db8::/32\",\n]\n"
        );
    }
}
