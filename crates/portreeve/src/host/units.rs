//! What systemctl(1) says, read.

use super::keeper::Unit;
use std::net::SocketAddr;

/// The properties that are asked for.
pub(super) const PROPERTIES: &str =
    "--property=Id,LoadState,ActiveState,FragmentPath,KillMode,Triggers,TriggeredBy";

/// The answer of `systemctl show` about any number of units: blocks of `Key=value`, an empty line
/// between them. Units that do not exist are left out.
pub(super) fn shown(text: &str) -> Vec<Unit> {
    text.split("\n\n").filter_map(block).collect()
}

fn block(text: &str) -> Option<Unit> {
    let value = |key: &str| {
        text.lines()
            .find_map(|line| line.split_once('=').filter(|(k, _)| *k == key))
            .map(|(_, v)| v)
    };
    if value("LoadState") == Some("not-found") {
        return None;
    }
    let is_active = |state| matches!(state, "active" | "activating" | "reloading");
    // a template's name stands for one instance a connection: these are sessions
    let names = |key| value(key).unwrap_or_default().split_ascii_whitespace();
    let is_related = |name: &&str| !name.contains("@.");
    let relevant = |name: &&str| name.ends_with(".socket") || name.ends_with(".service");
    let related = names("Triggers").chain(names("TriggeredBy"));
    Some(Unit {
        name: value("Id").filter(|id| !id.is_empty())?.to_owned(),
        active: value("ActiveState").is_some_and(is_active),
        file: value("FragmentPath").unwrap_or_default().to_owned(),
        kill_mode: value("KillMode").unwrap_or_default().to_owned(),
        related: related.filter(is_related).filter(relevant).map(str::to_owned).collect(),
    })
}

/// The stream sockets of `systemctl list-sockets --show-types --no-legend`: where, and the unit.
pub(super) fn listed(text: &str) -> Vec<(SocketAddr, String)> {
    let line = |line: &str| {
        let mut columns = line.split_ascii_whitespace();
        let (address, kind, unit) = (columns.next()?, columns.next()?, columns.next()?);
        let address = address.parse().ok()?;
        (kind == "Stream" && unit.ends_with(".socket")).then(|| (address, unit.to_owned()))
    };
    text.lines().filter_map(line).collect()
}

/// The TCP addresses of a socket unit's file; a bare port is `[::]` (systemd.socket(5)).
pub(super) fn streams(file: &str) -> Vec<SocketAddr> {
    let values = file.lines().filter_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "ListenStream").then(|| value.trim())
    });
    values
        .filter_map(|value| match value.parse::<u16>() {
            Ok(port) => Some(SocketAddr::new("::".parse().ok()?, port)),
            Err(_) => value.parse().ok(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_from_what_systemctl_shows() {
        let text = "Id=ssh.service\nLoadState=loaded\nActiveState=active\n\
                    FragmentPath=/lib/systemd/system/ssh.service\nKillMode=process\nTriggers=\n\
                    TriggeredBy=ssh.socket\n\nId=ssh.socket\nLoadState=loaded\nActiveState=inactive\n\
                    FragmentPath=/lib/systemd/system/ssh.socket\nTriggers=ssh.service sshd@.service\n\
                    \nId=gone.service\nLoadState=not-found\nActiveState=inactive\n";
        let units = shown(text);
        assert_eq!(units.len(), 2, "{units:?}");
        assert_eq!(units[0].name, "ssh.service");
        assert!(units[0].active && !units[0].is_socket() && !units[0].is_local());
        assert_eq!((units[0].kill_mode.as_str(), units[0].related.len()), ("process", 1));
        assert!(!units[1].active && units[1].is_socket());
        assert_eq!(units[1].related, ["ssh.service"], "a template is no unit");
        assert!(shown("").is_empty());
    }

    #[test]
    fn sockets_are_read_from_lists_and_files() {
        let list = "[::]:22        Stream ssh.socket      ssh.service\n\
                    /run/udev/control SequentialPacket systemd-udevd-control.socket x.service\n\
                    0.0.0.0:69 Datagram tftp.socket tftp.service\n";
        assert_eq!(listed(list), [("[::]:22".parse().unwrap(), "ssh.socket".to_owned())]);
        let file = "[Socket]\nListenStream=22\nListenStream = 127.0.0.1:631\nListenStream=/run/x\n";
        let want: Vec<SocketAddr> =
            ["[::]:22", "127.0.0.1:631"].iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(streams(file), want);
    }
}
