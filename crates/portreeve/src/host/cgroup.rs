//! Which unit a process belongs to, from `/proc/PID/cgroup` (cgroups(7)).

use super::keeper::Keeper;

/// What the service manager calls the group a process is in: the name of the first hierarchy of
/// version 2, or of systemd's own of version 1.
pub(super) fn keeper(text: &str) -> Keeper {
    let path = text.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (number, name, path) = (fields.next()?, fields.next()?, fields.next()?);
        let unified = number == "0" && name.is_empty();
        (unified || name == "name=systemd").then_some(path)
    });
    of_path(path.unwrap_or_default())
}

fn of_path(path: &str) -> Keeper {
    let mut parts = path.split('/');
    let is_unit = |part: &&str| part.ends_with(".service") || part.ends_with(".scope");
    let Some(unit) = parts.find(is_unit) else { return Keeper::Unknown };
    if unit.starts_with("user@") {
        return match parts.find(is_unit) {
            Some(inner) if inner.ends_with(".service") => Keeper::UserUnit(inner.to_owned()),
            Some(inner) => Keeper::Login(inner.to_owned()),
            None => Keeper::Login(unit.to_owned()),
        };
    }
    if unit.ends_with(".service") {
        return Keeper::Unit(unit.to_owned());
    }
    let container = ["docker-", "libpod-", "cri-containerd-", "crio-", "machine-"];
    if container.iter().any(|start| unit.starts_with(start)) {
        return Keeper::Container;
    }
    if unit.starts_with("session-") { Keeper::Login(unit.to_owned()) } else { Keeper::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_the_first_of_the_path() {
        let unit = |name: &str| Keeper::Unit(name.into());
        for (text, want) in [
            ("0::/system.slice/ssh.service\n", unit("ssh.service")),
            ("0::/system.slice/system-getty.slice/getty@tty1.service", unit("getty@tty1.service")),
            (
                "12:pids:/x.service\n1:name=systemd:/system.slice/xinetd.service\n",
                unit("xinetd.service"),
            ),
            (
                "0::/user.slice/user-0.slice/session-3.scope",
                Keeper::Login("session-3.scope".into()),
            ),
            (
                "0::/user.slice/user-1000.slice/user@1000.service/app.slice/web.service",
                Keeper::UserUnit("web.service".into()),
            ),
            (
                "0::/user.slice/user-1000.slice/user@1000.service/tmux-spawn-1.scope",
                Keeper::Login("tmux-spawn-1.scope".into()),
            ),
            ("0::/system.slice/docker-0123.scope", Keeper::Container),
            ("0::/init.scope", Keeper::Unknown),
            ("0::/", Keeper::Unknown),
            ("", Keeper::Unknown),
            ("nonsense", Keeper::Unknown),
        ] {
            assert_eq!(keeper(text), want, "{text}");
        }
    }
}
