//! What a host says, and how it is told when it cannot say it.

use crate::common::{findings, native};
use portreeve_config::{Host, Node, NodeKind, resolve_with};
use portreeve_model::{Ids, Resolved};
use portreeve_sys::user::{Group, User};
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;

/// A host made of tables.
struct Town {
    users: Vec<User>,
    groups: Vec<(&'static str, u32, Vec<&'static str>)>,
    nodes: HashMap<&'static str, Node>,
    files: HashMap<&'static str, usize>,
    own: (u32, u32),
    asked: usize,
}

fn user(name: &str, uid: u32, gid: u32) -> User {
    User { name: name.into(), uid, gid, dir: "/".into() }
}

fn town() -> Town {
    let file = |uid, gid, mode| Node { kind: NodeKind::File, uid, gid, mode };
    let directory = |mode| Node { kind: NodeKind::Directory, uid: 0, gid: 0, mode };
    let nodes = [
        ("/bin", directory(0o755)),
        ("/bin/open", file(0, 0, 0o755)),
        ("/bin/plain", file(0, 0, 0o644)),
        ("/bin/adm", file(0, 4, 0o750)),
        ("/bin/own", file(33, 33, 0o500)),
        ("/root", directory(0o700)),
        ("/root/open", file(0, 0, 0o755)),
        ("/jail", directory(0o755)),
        ("/jail/bin", directory(0o755)),
        ("/jail/bin/inside", file(0, 0, 0o755)),
        ("/jail/srv", directory(0o755)),
    ];
    Town {
        users: vec![
            user("root", 0, 0),
            user("www", 33, 33),
            user("nobody", 65534, 65534),
            user("portreeve-clerk", 900, 900),
            user("portreeve-relay", 901, 901),
            user("twin", 33, 34),
        ],
        groups: vec![
            ("adm", 4, vec!["www"]),
            ("www", 33, vec![]),
            ("portreeve-admin", 950, vec!["nobody"]),
        ],
        nodes: nodes.into(),
        files: [("/etc/issue", 5), ("/etc/huge", usize::MAX)].into(),
        own: (0, 0),
        asked: 0,
    }
}

impl Host for Town {
    fn user(&mut self, name: &str) -> io::Result<Option<User>> {
        Ok(self.users.iter().find(|user| user.name == name).cloned())
    }
    fn user_numbered(&mut self, uid: u32) -> io::Result<Option<User>> {
        Ok(self.users.iter().find(|user| user.uid == uid).cloned())
    }
    fn group(&mut self, name: &str) -> io::Result<Option<Group>> {
        let found = self.groups.iter().find(|(group, ..)| *group == name);
        Ok(found.map(|(name, gid, _)| Group { name: (*name).into(), gid: *gid }))
    }
    fn groups_of(&mut self, name: &str, gid: u32) -> io::Result<Vec<u32>> {
        let of = self.groups.iter().filter(|(.., members)| members.contains(&name));
        Ok(std::iter::once(gid).chain(of.map(|(_, gid, _)| *gid)).collect())
    }
    fn addresses(&mut self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked += 1;
        match name {
            "gate.example.org" => Ok(["192.0.2.1", "192.0.2.1", "2001:db8::1", "192.0.2.2"]
                .map(|text| text.parse().unwrap())
                .into()),
            "turned.example.org" => Ok(["192.0.2.2", "2001:db8::1", "192.0.2.1"]
                .map(|text| text.parse().unwrap())
                .into()),
            "four.example.org" => Ok(vec!["192.0.2.4".parse().unwrap()]),
            "empty.example.org" => Ok(Vec::new()),
            "six.example.org" => Ok(vec!["2001:db8::6".parse().unwrap()]),
            _ => Err(io::Error::other("no such host")),
        }
    }
    fn node(&mut self, path: &str) -> io::Result<Node> {
        self.nodes.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
    fn read(&mut self, path: &str, most: usize) -> io::Result<Vec<u8>> {
        match self.files.get(path) {
            None => Err(io::ErrorKind::NotFound.into()),
            Some(size) if *size > most => Err(io::ErrorKind::FileTooLarge.into()),
            Some(size) => Ok(vec![b'x'; *size]),
        }
    }
    fn own(&mut self) -> (u32, u32) {
        self.own
    }
}

/// The answer for one service with these lines, and its problems as `what: reason`.
fn one(lines: &str, as_root: bool, town: &mut Town) -> (Resolved, Vec<String>) {
    let text = format!("[service.x]\nlisten = [\"192.0.2.9:9\"]\n{lines}\n");
    let text = if lines.contains("listen") { format!("[service.x]\n{lines}\n") } else { text };
    let loaded = native(&text);
    let config = loaded.config.as_ref().unwrap_or_else(|| panic!("{}", findings(&loaded)));
    let resolved = resolve_with(config, as_root, town);
    let problems = &resolved.services[0].problems;
    let shown = problems.iter().map(|problem| format!("{}: {}", problem.what, problem.reason));
    let shown = shown.collect();
    (resolved, shown)
}

#[test]
fn identities_are_numbers_with_all_their_groups() {
    for (lines, uid, gid, groups) in [
        ("user = \"www\"", 33, 33, vec![]),
        ("user = \"www\"\ngroups = \"of-user\"", 33, 33, vec![33, 4]),
        ("user = \"www\"\ngroup = 7\ngroups = \"of-user\"", 33, 7, vec![33, 4]),
        ("user = \"www\"\ngroup = \"adm\"\ngroups = [\"www\", 7]", 33, 4, vec![33, 7]),
        ("user = 65534", 65534, 65534, vec![]),
        ("user = 4242", 4242, 4242, vec![]),
        ("user = 4242\ngroup = 7", 4242, 7, vec![]),
        ("group = \"adm\"", 0, 4, vec![]),
    ] {
        let lines = format!("run = [\"/bin/open\"]\n{lines}");
        let (resolved, problems) = one(&lines, true, &mut town());
        assert_eq!(problems, [""; 0], "{lines}");
        assert_eq!(resolved.services[0].ids, Some(Ids { uid, gid, groups }), "{lines}");
    }
    let (resolved, problems) = one("run = [\"/bin/open\"]", true, &mut town());
    assert_eq!((resolved.services[0].ids.clone(), problems.len()), (None, 0), "the door's own");
}

#[test]
fn what_is_wanting_is_said_in_a_sentence() {
    for (lines, want) in [
        ("user = \"nobdy\"", "user: user `nobdy` does not exist"),
        ("user = \"www\"\ngroup = \"adn\"", "group: group `adn` does not exist"),
        (
            "user = 4242\ngroups = \"of-user\"",
            "group: user 4242 has no entry, so there are no groups of that user",
        ),
        ("run = [\"/bin/none\"]", "server: `/bin/none` does not exist"),
        ("run = [\"/bin/plain\"]", "server: `/bin/plain` is not executable by anybody"),
        ("run = [\"/jail/srv\"]", "server: `/jail/srv` is no regular file"),
        (
            "run = [\"/bin/adm\"]\nuser = \"www\"",
            "server: uid 33 may not run `/bin/adm` (its mode is 0750)",
        ),
        (
            "run = [\"/root/open\"]\nuser = \"www\"",
            "server: uid 33 may not pass `/root` (its mode is 0700)",
        ),
        ("directory = \"/none\"", "directory: `/none` does not exist"),
        ("directory = \"/bin/open\"", "directory: `/bin/open` is no directory"),
        ("chroot = \"/none\"", "chroot: `/none` does not exist"),
        ("chroot = \"/jail\"", "server: `/jail/bin/open` does not exist"),
        (
            "syslog = \"private\"",
            "syslog: there is no `/dev/log` to take the place of: no log daemon runs here",
        ),
        (
            "run = [\"/bin/inside\"]\nchroot = \"/jail/\"\nsyslog = \"private\"",
            "syslog: below `/jail/` the program does not see the host's `/dev/log`",
        ),
        ("banner = \"/etc/none\"", "banner: banner `/etc/none` does not exist"),
        ("banner-refused = \"/etc/huge\"", "banner: banner `/etc/huge` is over 1 MiB"),
        (
            "listen = [\"nowhere.example.org:9\"]",
            "bind: `nowhere.example.org` has no address: no such host",
        ),
        (
            "listen = [{ host = \"six.example.org\", port = 9, family = \"v4\" }]",
            "bind: `six.example.org` has no IPv4 address",
        ),
        (
            "listen = [{ host = \"four.example.org\", port = 9, family = \"v6\" }]",
            "bind: `four.example.org` has no IPv6 address",
        ),
        ("listen = [\"empty.example.org:9\"]", "bind: `empty.example.org` has no address"),
        (
            "user = \"portreeve-relay\"",
            "user: uid 901 is that of portreeve's own helper, for nobody else",
        ),
    ] {
        let run = if lines.contains("run = ") { "" } else { "run = [\"/bin/open\"]\n" };
        let (_, problems) = one(&format!("{run}{lines}"), true, &mut town());
        assert_eq!(problems, [want], "{lines}");
    }
}

#[test]
fn what_the_mode_bits_permit_is_no_problem() {
    for lines in [
        "run = [\"/bin/adm\"]\nuser = \"www\"\ngroups = \"of-user\"",
        "run = [\"/bin/own\"]\nuser = \"www\"",
        "run = [\"/bin/own\"]\nuser = \"root\"",
        "run = [\"/root/open\"]\nuser = \"root\"",
        "run = [\"/bin/inside\"]\nchroot = \"/jail/\"\ndirectory = \"/srv\"",
    ] {
        assert_eq!(one(lines, true, &mut town()).1, [""; 0], "{lines}");
    }
}

#[test]
fn names_are_asked_once_and_every_address_counts_once() {
    let lines = "internal = \"echo\"\nlisten = [\"gate.example.org:7\", \"192.0.2.9:8\", \
                 { host = \"gate.example.org\", port = 9, family = \"v6\" }]";
    let mut town = town();
    let (resolved, problems) = one(lines, true, &mut town);
    let shown: Vec<Vec<String>> = resolved.services[0]
        .addresses
        .iter()
        .map(|each| each.iter().map(ToString::to_string).collect())
        .collect();
    assert_eq!(problems, [""; 0]);
    assert_eq!(shown[0], ["192.0.2.1", "192.0.2.2", "2001:db8::1"]);
    assert_eq!(shown[1], ["192.0.2.9"]);
    assert_eq!(shown[2], ["2001:db8::1"]);
    assert_eq!(town.asked, 1);
}

#[test]
fn a_name_has_both_families_in_one_order_however_it_is_answered() {
    for (name, want) in [
        ("gate.example.org", vec!["192.0.2.1", "192.0.2.2", "2001:db8::1"]),
        ("turned.example.org", vec!["192.0.2.1", "192.0.2.2", "2001:db8::1"]),
        ("four.example.org", vec!["192.0.2.4"]),
        ("six.example.org", vec!["2001:db8::6"]),
    ] {
        let lines = format!("internal = \"echo\"\nlisten = [\"{name}:7000\"]");
        let (resolved, problems) = one(&lines, true, &mut town());
        assert_eq!(problems, [""; 0], "{name}");
        let want: Vec<IpAddr> = want.into_iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(resolved.services[0].addresses, [want], "{name}");
    }
}

#[test]
fn an_ordinary_door_runs_programs_as_its_own_user_alone() {
    let mut town = Town { own: (33, 33), ..town() };
    for (lines, want) in [
        ("", None),
        ("user = \"www\"", None),
        ("user = \"www\"\ngroups = \"of-user\"", None),
        (
            "user = \"root\"",
            Some("user: this door runs as uid 33, and only root could run a program as `root`"),
        ),
        ("group = \"adm\"", Some("group: this door's group is 33, and only root could change it")),
        (
            "chroot = \"/jail\"\nrun = [\"/bin/inside\"]",
            Some("chroot: only root can change a program's root directory"),
        ),
    ] {
        let run = if lines.contains("run = ") { "" } else { "run = [\"/bin/open\"]\n" };
        let (resolved, problems) = one(&format!("{run}{lines}"), false, &mut town);
        assert_eq!(problems, Vec::from_iter(want), "{lines}");
        assert_eq!((resolved.services[0].ids.as_ref(), resolved.clerk), (None, None), "{lines}");
        assert_eq!(resolved.problems, [""; 0]);
    }
}

#[test]
fn each_helper_is_alone_in_its_uid_and_none_commands_the_door() {
    let run = "run = [\"/bin/open\"]";
    let (resolved, _) = one(run, true, &mut town());
    assert_eq!(resolved.clerk, Some(Ids { uid: 900, gid: 900, groups: vec![] }));
    assert_eq!(resolved.relay.map(|ids| ids.uid), Some(901));
    assert_eq!((resolved.control_group, resolved.problems.len()), (Some(950), 0));
    type Change = fn(&mut Town);
    let cases: [(Change, &str); 6] = [
        (
            |town| town.users.retain(|user| user.uid != 900),
            "`portreeve-clerk` (clerk-user) does not exist",
        ),
        (|town| town.users[3].uid = 0, "is root: a helper must not be"),
        (|town| town.users[4].uid = 900, "is `portreeve-clerk`'s as well"),
        (|town| town.users[4].gid = 900, "share a uid or a gid"),
        (|town| town.users[3].uid = 33, "is `www`'s as well"),
        (|town| town.groups[2].2.push("portreeve-clerk"), "must not command the door"),
    ];
    for (change, want) in cases {
        let mut town = town();
        change(&mut town);
        let (resolved, _) = one(run, true, &mut town);
        assert!(
            resolved.problems.iter().any(|text| text.contains(want)),
            "{:?}",
            resolved.problems
        );
    }
    let mut bare = town();
    bare.groups.clear();
    let (resolved, _) = one(run, true, &mut bare);
    assert_eq!((resolved.control_group, resolved.problems.len()), (None, 0), "root alone commands");
}

#[test]
fn words_of_the_configuration_take_the_place_of_a_banners_file() {
    let text = "[service.x]\nlisten = [\"192.0.2.1:1\"]\ninternal = \"echo\"\nrefuse = { words = \"No.\\r\\n\" }\n";
    let config = crate::common::native(text).config.unwrap();
    let resolved = portreeve_config::resolve(&config, false);
    assert_eq!(resolved.services[0].banners.failure, b"No.\r\n");
}

#[test]
fn kept_services_have_identities_and_wants_of_their_own() {
    let of = |lines: &str, as_root: bool| {
        let run = if lines.contains("run = ") { "" } else { "run = [\"/bin/open\"]\n" };
        let text = format!("[service.x]\nkeep = true\n{run}{lines}\n");
        let loaded = native(&text);
        let config = loaded.config.as_ref().unwrap_or_else(|| panic!("{}", findings(&loaded)));
        let resolved = resolve_with(config, as_root, &mut town());
        assert!(resolved.is_of(config));
        resolved.kept.into_iter().next().unwrap()
    };
    let ids = |uid, gid| Some(Ids { uid, gid, groups: Vec::new() });
    let facts = of("user = \"www\"\nlog = { user = \"nobody\" }", true);
    assert_eq!((facts.ids, facts.log), (ids(33, 33), ids(65534, 65534)));
    assert_eq!(facts.problems, []);
    let facts = of("log = true", false);
    assert_eq!((facts.ids, facts.log, facts.problems.len()), (None, None, 0));
    for (lines, want) in [
        ("user = \"nobdy\"", "user: user `nobdy` does not exist"),
        ("run = [\"/bin/none\"]", "server: `/bin/none` does not exist"),
        ("finish = [\"/bin/none\"]", "finish: `/bin/none` does not exist"),
        (
            "user = \"portreeve-clerk\"",
            "user: uid 900 is that of portreeve's own helper, for nobody else",
        ),
        (
            "environment-directory = \"/bin/open\"",
            "environment-directory: `/bin/open` is no directory",
        ),
        ("log = { user = \"root\" }", "log: root does not write logs: choose another `user`"),
        (
            "log = true",
            "log: user `portreeve-log` does not exist, who is to write its log: make it with \
             `useradd --system --user-group --shell /usr/sbin/nologin portreeve-log`",
        ),
        (
            "log = { user = \"www\", directory = \"/jail\" }",
            "log: `/jail` does not belong to uid 33, who is to write it",
        ),
        (
            "log = { user = \"portreeve-relay\" }",
            "user: uid 901 is that of portreeve's own helper, for nobody else",
        ),
    ] {
        let problems = of(lines, true).problems;
        let said: Vec<_> = problems.iter().map(|p| format!("{}: {}", p.what, p.reason)).collect();
        assert_eq!(said, [want], "{lines}");
    }
}
