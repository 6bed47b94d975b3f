use super::*;

fn holder(pid: Option<u32>, program: &str, keeper: Keeper) -> Holder {
    Holder {
        address: "[::]:22".parse().unwrap(),
        takes_ipv4: true,
        pid,
        program: program.into(),
        user: Some("root".into()),
        keeper,
        entry: None,
    }
}

fn unit(name: &str, active: bool, file: &str, kill_mode: &str) -> Unit {
    let (file, kill_mode) = (file.to_owned(), kill_mode.to_owned());
    Unit { name: name.into(), active, file, kill_mode, related: Vec::new() }
}

fn facts(holders: Vec<Holder>, units: Vec<Unit>) -> Facts {
    Facts { holders, units, root: true, has_update_rc: true, ..Facts::default() }
}

fn debian(service_active: bool, socket_active: bool) -> Facts {
    let sshd = holder(Some(812), "sshd", Keeper::Unit("ssh.service".into()));
    let socket = holder(None, "", Keeper::Unit("ssh.socket".into()));
    let mut holders = Vec::new();
    holders.extend(socket_active.then_some(socket));
    holders.extend(service_active.then_some(sshd));
    let units = vec![
        unit("ssh.service", service_active, "/lib/systemd/system/ssh.service", "process"),
        unit("ssh.socket", socket_active, "/lib/systemd/system/ssh.socket", ""),
    ];
    Facts { heeds_not_to_be_run: true, ..facts(holders, units) }
}

/// The deeds as lines, then after `<` what undoes each, last first.
fn lines(plan: &Plan) -> Vec<String> {
    let steps = || plan.stop.iter().chain(&plan.keep);
    let undo = steps().rev().flat_map(|step| &step.undo).map(|deed| format!("< {deed}"));
    steps().map(|step| step.deed.to_string()).chain(undo).collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of hosts")]
fn each_kind_of_host_gets_its_own_steps_and_the_way_back() {
    let init = holder(Some(7), "sshd", Keeper::Init("/etc/init.d/ssh".into()));
    let ssh_init = Facts { heeds_not_to_be_run: true, ..facts(vec![init], Vec::new()) };
    let other = holder(Some(7), "thttpd", Keeper::Init("/etc/init.d/thttpd".into()));
    let local = unit("web.service", true, "/etc/systemd/system/web.service", "control-group");
    let web = holder(Some(9), "web", Keeper::Unit("web.service".into()));
    for (facts, want) in [
        (
            debian(true, false),
            vec![
                "systemctl stop ssh.socket ssh.service",
                "systemctl mask --runtime ssh.socket ssh.service",
                "mkdir -p -m 755 /run/sshd",
                "systemctl mask ssh.socket ssh.service",
                "touch /etc/ssh/sshd_not_to_be_run",
                "< rm /etc/ssh/sshd_not_to_be_run",
                "< systemctl unmask ssh.socket ssh.service",
                "< systemctl unmask --runtime ssh.socket ssh.service",
                "< systemctl start ssh.service",
            ],
        ),
        (
            debian(true, true),
            vec![
                "systemctl stop ssh.socket ssh.service",
                "systemctl mask --runtime ssh.socket ssh.service",
                "mkdir -p -m 755 /run/sshd",
                "systemctl mask ssh.socket ssh.service",
                "touch /etc/ssh/sshd_not_to_be_run",
                "< rm /etc/ssh/sshd_not_to_be_run",
                "< systemctl unmask ssh.socket ssh.service",
                "< systemctl unmask --runtime ssh.socket ssh.service",
                "< systemctl start ssh.socket",
                "< systemctl start ssh.service",
            ],
        ),
        (
            ssh_init,
            vec![
                "/etc/init.d/ssh stop",
                "mkdir -p -m 755 /run/sshd",
                "touch /etc/ssh/sshd_not_to_be_run",
                "< rm /etc/ssh/sshd_not_to_be_run",
                "< /etc/init.d/ssh start",
            ],
        ),
        (
            facts(vec![other], Vec::new()),
            vec![
                "/etc/init.d/thttpd stop",
                "update-rc.d thttpd disable",
                "< update-rc.d thttpd enable",
                "< /etc/init.d/thttpd start",
            ],
        ),
        (
            facts(vec![web], vec![local]),
            vec![
                "systemctl stop web.service",
                "systemctl disable web.service",
                "< systemctl enable web.service",
                "< systemctl start web.service",
            ],
        ),
        (facts(vec![holder(Some(1), "portreeved", Keeper::Door)], Vec::new()), vec![]),
    ] {
        assert_eq!(lines(&plan(&facts, None).unwrap()), want);
    }
}

#[test]
fn nothing_persistent_is_changed_before_the_confirmation() {
    for facts in [debian(true, true), debian(false, true)] {
        for step in plan(&facts, None).unwrap().stop {
            let text = step.deed.to_string();
            let gone_at_boot = [" stop ", "--runtime", " /run/sshd"];
            assert!(gone_at_boot.iter().any(|part| text.contains(part)), "{text}");
        }
    }
}

#[test]
fn holders_that_nothing_keeps_are_refused_by_name_until_told_how() {
    for (holder, words) in [
        (holder(Some(7), "sshd", Keeper::Unknown), vec!["sshd, process 7 of root", "--stop-with"]),
        (holder(Some(7), "nc", Keeper::Login("session-3.scope".into())), vec!["session-3.scope"]),
        (holder(Some(7), "docker-proxy", Keeper::Container), vec!["docker-proxy", "container"]),
        (holder(Some(7), "portreeved", Keeper::OtherDoor), vec!["another door", "portreeve stop"]),
        (holder(None, "", Keeper::Unknown), vec!["container's"]),
        (holder(Some(7), "x", Keeper::UserUnit("x.service".into())), vec!["--user stop x.service"]),
    ] {
        let facts = facts(vec![holder], Vec::new());
        let refused = plan(&facts, None).unwrap_err().join("\n");
        assert!(words.iter().all(|word| refused.contains(word)), "{refused}");
        let by_hand = ByHand { stop: vec!["kill".into(), "7".into()], start: vec!["sshd".into()] };
        let told = plan(&facts, Some(&by_hand)).unwrap();
        assert_eq!(lines(&told), ["kill 7", "< sshd"]);
    }
    let hidden = Facts { root: false, ..facts(vec![holder(None, "", Keeper::Unknown)], vec![]) };
    assert!(plan(&hidden, None).unwrap_err().join("").contains("run this as root to see who"));
}

#[test]
fn what_else_ends_is_said() {
    let mut facts = debian(true, false);
    facts.other_ports = vec![2222];
    let notes = plan(&facts, None).unwrap().notes.join("\n");
    assert!(notes.contains("sessions of ssh.service go on (KillMode=process)"), "{notes}");
    assert!(notes.contains("listens on 2222, too"), "{notes}");
    facts.units[0].kill_mode = "control-group".into();
    let notes = plan(&facts, None).unwrap().notes.join("\n");
    assert!(notes.contains("may end its sessions (KillMode=control-group)"), "{notes}");
}
