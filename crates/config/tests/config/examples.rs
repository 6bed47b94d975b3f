//! The examples of the tree, and the texts they come from.

use crate::common::{Host, bytes, findings, here, main};
use portreeve_config::{Entry, Loaded, print};
use portreeve_diag::Level;
use portreeve_model::{Bind, Config, Offer, Sentence};

fn example(path: &str) -> Vec<u8> {
    bytes(&here("../../examples").join(path))
}

/// The configuration of a host that has one of the xinetd examples.
fn xinetd(text: impl AsRef<[u8]>, services: &[u8]) -> Loaded {
    Host::default()
        .with("/etc/xinetd.conf", text)
        .with("/etc/services", services)
        .load(&Entry::Xinetd("/etc/xinetd.conf".into()))
}

/// The configuration, which must print and read the same; its only warnings are these.
fn accepted(loaded: &Loaded, warnings: &[&str]) -> Config {
    let config = loaded.config.clone().unwrap_or_else(|| panic!("{}", findings(loaded)));
    let warned = loaded.diagnostics.iter().filter(|finding| finding.level > Level::Note);
    let warned: Vec<_> = warned.map(|finding| finding.code.0).collect();
    assert_eq!(warned, warnings, "{}", findings(loaded));
    let printed = print(&config);
    let again = Host::default().with("/etc/portreeve/portreeve.toml", &printed).load(&main());
    assert_eq!(again.config.as_ref(), Some(&config), "{}\n{printed}", findings(&again));
    config
}

fn keys(config: &Config) -> Vec<&str> {
    config.services.iter().map(|service| service.key.as_str()).collect()
}

#[test]
fn the_native_example_is_accepted() {
    let text = example("ssh-native/portreeve.toml");
    let loaded = Host::default().with("/etc/portreeve/portreeve.toml", text).load(&main());
    let config = accepted(&loaded, &[]);
    assert_eq!(keys(&config), ["ssh", "ssh-root", "telnet", "ftp", "irc"]);
}

#[test]
fn services_that_stay_up_are_accepted() {
    let text = example("kept-service/portreeve.toml");
    let loaded = Host::default().with("/etc/portreeve/portreeve.toml", text).load(&main());
    let config = accepted(&loaded, &[]);
    assert_eq!(keys(&config), ["echo"]);
    let kept: Vec<_> = config.kept.iter().map(|kept| kept.name.as_str()).collect();
    assert_eq!(kept, ["greeter", "clock"]);
}

#[test]
fn watched_logs_and_a_jail_are_accepted() {
    let host =
        Host::default().with_directory(&here("../../examples/watched-logs"), "/etc/portreeve");
    let loaded = host.clone().load(&main());
    let config = accepted(&loaded, &[]);
    let names: Vec<_> = config.watches.iter().map(|watch| watch.name.as_str()).collect();
    assert_eq!(names, ["ssh", "mail", "intranet", "shop"]);
    let shop = &config.watches[3];
    let regexes = shop.filters[0].failregex.iter();
    let regexes: Vec<_> =
        regexes.map(|one| (one.value.as_str(), one.origin.show(&config.files))).collect();
    let place =
        |line, column| format!("/etc/portreeve/fail2ban/filter.d/shop.conf:{line}:{column}");
    assert_eq!(
        regexes,
        [
            (
                r"^\s*shop\[\d+\]:\swrong password for <F-USER>\S+</F-USER> from <ADDR>$",
                place(5, 25)
            ),
            (r"^\s*shop\[\d+\]:\sunknown page asked for by <ADDR>$", place(10, 27)),
        ]
    );
    let judges: Vec<_> = config.judges.iter().map(|judge| judge.name.as_str()).collect();
    assert_eq!(judges, ["logins", "shop"]);
    assert_eq!(config.judges[1].hears.watches, std::slice::from_ref(&shop.name));
    assert!(findings(&loaded).contains("the jail `shop` is watched and judges"));
}

#[test]
fn the_denyhosts_of_the_text_is_accepted() {
    let file = |name: &str| example(&format!("seed-4-denyhosts/{name}"));
    let loaded = Host::default()
        .with("/etc/portreeve/portreeve.toml", file("portreeve.toml"))
        .with("/usr/share/denyhosts/denyhosts.cfg", file("denyhosts.cfg"))
        .with("/usr/share/denyhosts/data/allowed-hosts", file("allowed-hosts"))
        .load(&main());
    let told = findings(&loaded);
    let config = loaded.config.as_ref().unwrap_or_else(|| panic!("{told}"));
    assert!(told.contains("`SYNC_SERVER` is not done: the protocol is plain HTTP"), "{told}");
    assert!(told.contains("`LOCK_FILE` has nothing to say here"), "{told}");
    let never: Vec<_> = config.settings.never_ban.iter().map(|rule| rule.text.as_str()).collect();
    assert_eq!(never, ["45.33.7.*", "9.9.9.9"]);
    let [judge] = config.judges.as_slice() else { panic!("{:?}", config.judges) };
    let limits: Vec<_> = judge.tallies.iter().map(|t| (t.name.as_str(), t.limit.0)).collect();
    assert_eq!(limits, [("invalid", 5000), ("valid", 10_000), ("root", 1000)]);
    let term = judge.term.first.map(|time| time.as_secs());
    assert_eq!((term, judge.term.patience), (Some(28 * 86_400), Some(2)));
    let [deny] = config.settings.ban.hosts_deny.as_slice() else { panic!("{told}") };
    assert_eq!((deny.path.as_str(), deny.daemon.as_deref()), ("/etc/hosts.deny", Some("sshd")));
    assert!(deny.markers);
    let [plugin] = config.settings.ban.commands.as_slice() else { panic!("{told}") };
    assert_eq!(plugin.ban, ["/etc/denyhosts/plugins/notify_isp.rb", "{address}"]);
    assert_eq!(config.watches[0].files[0].path, "/var/log/secure.log");
}

#[test]
fn the_rules_of_openssh_under_ucspi_tcp_are_accepted() {
    let text = example("seed-1-tcprules/portreeve.toml");
    let host = Host::default().with("/etc/portreeve/portreeve.toml", text);
    let loaded = host.with("/etc/tcp/ssh.cdb", example("seed-1-tcprules/ssh")).load(&main());
    let config = loaded.config.as_ref().unwrap_or_else(|| panic!("{}", findings(&loaded)));
    assert!(config.services[0].admission.rules.is_some());
    assert_eq!(loaded.errors(), 0, "{}", findings(&loaded));
}

#[test]
fn the_cookbook_s_entry_is_accepted() {
    let config = accepted(&xinetd(example("seed-2-load-balancing/xinetd.conf"), b""), &[]);
    assert_eq!(keys(&config), ["ssh"]);
    let service = &config.services[0];
    assert_eq!(service.listen[0].port, 22);
    let hours = service.admission.hours.as_ref().unwrap();
    assert_eq!((hours.ranges[0].from, hours.ranges[0].to), (480, 926), "xinetd's end is inside");
    assert_eq!(service.banners.failure.as_ref().unwrap().path, "/etc/banner.inetd.takeahike.txt");
}

#[test]
fn the_xinetd_text_s_entries_are_accepted() {
    let services = example("seed-3-xinetd/services");
    let config = xinetd(example("seed-3-xinetd/xinetd.conf"), &services);
    let config = accepted(&config, &["xinetd-bind-several"]);
    assert_eq!(
        keys(&config),
        [
            "ssh@192.168.0.1:22",
            "ssh@203.0.113.88:22",
            "rootexternalssh",
            "imaps",
            "ftp",
            "sftp",
            "irc",
            "telnet"
        ]
    );
    let [inside, outside, root, imaps, traps @ ..] = config.services.as_slice() else { panic!() };
    assert_eq!(
        inside.admission.lists[0].allow.as_ref().unwrap().rules[0].pattern.to_string(),
        "192.168.0.0/16"
    );
    assert_eq!(outside.admission.per_source.unwrap().value.max, 5);
    assert_eq!(root.listen[0].port, 33333);
    assert_eq!(imaps.listen.len(), 2);
    assert!(
        imaps.listen.iter().all(|listen| matches!(listen.bind, Bind::Address(a) if a.is_ipv4()))
    );
    for trap in traps {
        let Offer::Trap(found) = &trap.offer else { panic!("{}", trap.key) };
        assert_eq!(found.sentence, Sentence::For(std::time::Duration::from_secs(86_400)));
    }
}

#[test]
fn the_placeholder_as_printed_is_named_and_refused() {
    let text = String::from_utf8(example("seed-3-xinetd/xinetd.conf")).unwrap();
    let printed = text.replace("203.0.113.88", "88.???.???.???");
    let loaded = xinetd(printed, &example("seed-3-xinetd/services"));
    assert!(loaded.config.is_none());
    assert_eq!(loaded.errors(), 5, "one for each entry that has it\n{}", findings(&loaded));
}

#[test]
fn a_native_file_imports_what_is_there() {
    let loaded = Host::default()
        .with(
            "/etc/portreeve/portreeve.toml",
            "[import]\nxinetd = \"/etc/xinetd.conf\"\n[trap.x]\nlisten = [\"*:1\"]\n",
        )
        .with("/etc/xinetd.conf", example("seed-2-load-balancing/xinetd.conf"))
        .load(&main());
    assert_eq!(keys(&accepted(&loaded, &[])), ["x", "ssh"]);
    let twice = Host::default()
        .with("/etc/portreeve/portreeve.toml", "[import]\nxinetd = \"/etc/xinetd.conf\"\n[service.ssh]\nlisten = [\"0.0.0.0:22\"]\ninternal = \"echo\"\n")
        .with("/etc/xinetd.conf", example("seed-2-load-balancing/xinetd.conf"))
        .load(&main());
    let codes: Vec<_> = twice.diagnostics.iter().map(|finding| finding.code.0).collect();
    assert!(codes.contains(&"duplicate-service") && codes.contains(&"listen-clash"), "{codes:?}");
}
