//! xinetd.conf rewritten as native services: the same model, whatever it says.

use crate::common::{Host, bytes, findings, here, main};
use portreeve_config::Entry;
use portreeve_config::convert::{Converted, denyhosts, fail2ban, xinetd};
use portreeve_dialect::xinetd::attribute;
use std::path::{Path, PathBuf};

const PATH: &str = "/etc/xinetd.conf";

fn converted(host: &mut Host) -> Converted {
    xinetd(PATH, host)
}

/// Whether a configuration that is accepted is the same when it was converted.
fn same(mut host: Host, what: &Path) -> bool {
    let loaded = host.load(&Entry::Xinetd(PATH.into()));
    let converted = converted(&mut host);
    let Some(config) = loaded.config else {
        assert!(converted.text.is_empty(), "{}", what.display());
        assert!(converted.diagnostics.has_errors(), "{}", what.display());
        return false;
    };
    let mut again = host.with("/etc/portreeve/portreeve.toml", &converted.text);
    let again = again.load(&main());
    let text = format!("{}: {}\n{}", what.display(), findings(&again), converted.text);
    assert_eq!(again.config.as_ref(), Some(&config), "{text}");
    true
}

/// The files of the tree that are an xinetd.conf.
fn corpus() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![here("../dialect/tests/corpus/xinetd"), here("../../examples")];
    while let Some(directory) = open.pop() {
        for entry in directory.read_dir().expect("a folder") {
            let path = entry.expect("a file").path();
            match path.extension() {
                _ if path.is_dir() => open.push(path),
                Some(end) if end == "conf" => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    assert!(found.len() > 10, "{found:?}");
    found
}

#[test]
fn every_xinetd_conf_of_the_tree_means_the_same_when_converted() {
    let services = bytes(&here("../../examples/seed-3-xinetd/services"));
    let mut accepted = 0;
    for path in corpus() {
        let beside = path.parent().unwrap();
        let host = Host::default().with("/etc/services", &services);
        let host =
            if beside.ends_with("xinetd") { host } else { host.with_directory(beside, "/etc") };
        accepted += usize::from(same(host.with(PATH, bytes(&path)), &path));
    }
    assert!(accepted >= 4, "{accepted}");
}

/// One service with each attribute, alone, so that none hides another.
#[test]
fn every_attribute_is_carried_over() {
    let mut seen = String::new();
    for line in [
        "flags = NAMEINARGS NODELAY KEEPALIVE REUSE\nserver_args = own -i",
        "flags = IPv6\nv6only = yes",
        "group = users\ngroups = yes",
        "umask = 027\nnice = -5",
        "only_from = 192.0.2.0/24 .example.org 10.0.0.0",
        "only_from =\nno_access = 192.0.2.7 host.example.org",
        "access_times = 08:00-12:00 22:00-06:00",
        "log_type = FILE /var/log/x 1000 2000\nlog_on_success = PID HOST USERID EXIT DURATION\nlog_on_failure = HOST USERID ATTEMPT",
        "log_type = SYSLOG auth info\nlog_on_failure =",
        "env = A=b C=\npassenv = PATH HOME",
        "passenv =",
        "bind = 127.0.0.1",
        "interface = localhost",
        "banner = /a\nbanner_success = /b\nbanner_fail = /c",
        "instances = 5\nper_source = 2\ncps = 10 30\nmax_load = 2.5",
        "instances = UNLIMITED\nper_source = UNLIMITED",
        "rlimit_as = 8M\nrlimit_cpu = 20\nrlimit_data = 1M\nrlimit_rss = 2M\nrlimit_stack = UNLIMITED\nrlimit_files = 64",
        "flags = SENSOR\ndeny_time = 60",
        "flags = SENSOR IDONLY\ndeny_time = FOREVER\nlog_on_success = USERID",
        "flags = NOLIBWRAP IDONLY\nlog_on_success = USERID",
        "libwrap = other",
        "id = another\ntype = UNLISTED\nport = 2222",
    ] {
        let sensor = "type = INTERNAL";
        let program = "user = root\nserver = /usr/sbin/sshd";
        let kind = if line.starts_with("flags = SENSOR") { sensor } else { program };
        let text = format!(
            "defaults\n{{\nlog_type = SYSLOG daemon\n}}\nservice ssh\n{{\nsocket_type = stream\ndisable = no\nprotocol = tcp\nwait = no\n{kind}\n{line}\n}}\n"
        );
        let host = Host::default().with(PATH, &text).with("/etc/services", "ssh 22/tcp\n");
        let loaded = host.clone().load(&Entry::Xinetd(PATH.into()));
        assert!(loaded.config.is_some(), "{line}\n{}", findings(&loaded));
        assert!(same(host, Path::new(line)));
        seen += &text;
    }
    for definition in attribute::ALL.iter().filter(|one| one.place != attribute::Place::Defaults) {
        let unserved = definition.values == "-" || definition.name == "mdns";
        let written = seen.contains(&format!("\n{} =", definition.name));
        assert!(written || unserved, "{}", definition.name);
    }
}

#[test]
fn what_the_reader_says_stands_before_the_services() {
    let text = "service ssh\n{\nsocket_type = stream\nwait = no\nuser = root\nserver = /x\nonly_from = 10.0.0.0\n}\n";
    let mut host = Host::default().with(PATH, text).with("/etc/services", "ssh 22/tcp\n");
    let converted = converted(&mut host);
    let (comments, services) = converted.text.split_once("\n\n").unwrap();
    let want = "# note: /etc/xinetd.conf:7: `10.0.0.0` means 10.0.0.0/8\n#     write `10.0.0.0/8`";
    assert!(comments.contains(want), "{comments}");
    assert!(services.contains("[service.ssh]  # /etc/xinetd.conf:1:9\n"), "{services}");
    assert!(converted.is_exact(), "a note takes nothing away");
}

/// What was read of the old files is what is read of the new text.
fn watches_the_same(mut host: Host, entry: &Entry, converted: &Converted) {
    let old = host.load(entry);
    let old = old.config.as_ref().unwrap_or_else(|| panic!("{}", findings(&old)));
    let mut again = Host::default().with("/etc/portreeve/portreeve.toml", &converted.text);
    let again = again.load(&main());
    let text = format!("{}\n{}", findings(&again), converted.text);
    let new = again.config.as_ref().unwrap_or_else(|| panic!("{text}"));
    assert_eq!((&new.watches, &new.judges), (&old.watches, &old.judges), "{text}");
    assert_eq!(new.settings, old.settings, "{text}");
    assert!(!new.watches.is_empty() && !new.judges.is_empty(), "{text}");
}

#[test]
fn jails_of_fail2ban_watch_and_judge_the_same_when_converted() {
    let folder = here("../../examples/watched-logs/fail2ban");
    let mut host = Host::default().with_directory(&folder, "/etc/fail2ban");
    let converted = fail2ban("/etc/fail2ban", &mut host);
    watches_the_same(host, &Entry::Fail2ban("/etc/fail2ban".into()), &converted);
    assert!(!converted.is_exact(), "its actions are not taken, which is said");
    assert!(converted.text.contains("# differs: /etc/fail2ban/"), "{}", converted.text);
    let none = fail2ban("/nowhere", &mut Host::default());
    assert!(none.text.is_empty() && none.diagnostics.has_errors());
}

#[test]
fn a_denyhosts_cfg_watches_and_judges_the_same_when_converted() {
    let text = bytes(&here("../../examples/seed-4-denyhosts/denyhosts.cfg"));
    let mut host = Host::default().with("/etc/denyhosts.conf", text);
    let converted = denyhosts("/etc/denyhosts.conf", &mut host);
    watches_the_same(host, &Entry::DenyHosts("/etc/denyhosts.conf".into()), &converted);
}
