//! Bans of other programs brought along: from the database that the installed fail2ban has written, and
//! from a blacklist of sshguard's.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test")]
#![expect(
    clippy::disallowed_methods,
    reason = "a test, which runs programs and writes their files"
)]

use portreeve_testkit::{World, wait_for};
use portreeve_tests::{Door, SOON, command};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

/// A door that knows whom it never bans.
const DOOR: &str = r#"
[ban]
never = ["192.0.2.1"]

[service.echo]
listen = ["127.0.0.1:7007"]
internal = "echo"
"#;

/// A real fail2ban in a directory of its own, which bans nobody but in its database; ended by its
/// client, at the latest when this is dropped.
struct Fail2ban(PathBuf);

impl Fail2ban {
    fn start(folder: &Path) -> Self {
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let shown = folder.display();
        write(
            "fail2ban.conf",
            &format!(
                "[Definition]\nloglevel = INFO\nlogtarget = {shown}/log\nsyslogsocket = auto\n\
                 socket = {shown}/socket\npidfile = {shown}/pid\ndbfile = {shown}/fail2ban.sqlite3\n\
                 dbpurgeage = 1d\ndbmaxmatches = 10\n[Thread]\nstacksize = 0\n"
            ),
        );
        write("filter.d/none.conf", "[Definition]\nfailregex = ^never <HOST>$\n");
        write("action.d/none.conf", "[Definition]\nactionban = true\nactionunban = true\n");
        write("watched", "");
        let jail = |name: &str, time: &str| {
            format!(
                "[{name}]\nenabled = true\nbackend = polling\nfilter = none\naction = none\n\
                 logpath = {shown}/watched\nbantime = {time}\nignoreself = false\n"
            )
        };
        let jails = [jail("sshd", "12h"), jail("for-ever", "-1"), jail("short", "1")];
        write("jail.conf", &jails.concat());
        let own = Self(folder.to_owned());
        let started = own.client(&["start"]);
        assert!(started.status.success(), "{started:?}");
        own
    }

    fn client(&self, args: &[&str]) -> Output {
        let mut command = Command::new("timeout");
        command.args(["60", "/usr/bin/fail2ban-client", "-c"]).arg(&self.0);
        command.arg("-s").arg(self.0.join("socket")).arg("-p").arg(self.0.join("pid"));
        command.args(args).output().unwrap()
    }

    fn ban(&self, jail: &str, address: &str) {
        let banned = self.client(&["set", jail, "banip", address]);
        assert!(banned.status.success(), "{banned:?}");
        let args = ["get", jail, "banip"];
        wait_for(SOON, format!("{address} to be banned there"), || {
            String::from_utf8_lossy(&self.client(&args).stdout).contains(address)
        });
    }

    fn stop(&self) {
        if self.0.join("socket").exists() {
            let _ = self.client(&["stop"]);
        }
    }
}

impl Drop for Fail2ban {
    fn drop(&mut self) {
        self.stop();
    }
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {output:?}"))
}

fn outcome<'v>(told: &'v Value, network: &str) -> &'v Value {
    let all = told["bans"].as_array().unwrap();
    let found = all.iter().find(|ban| ban["network"] == network && ban["outcome"] != "over");
    found.or_else(|| all.iter().find(|ban| ban["network"] == network)).unwrap()
}

#[test]
fn bans_of_a_real_fail2ban_are_in_force_at_the_door() {
    let world = World::standard();
    let folder = world.dir().join("fail2ban");
    let fail2ban = Fail2ban::start(&folder);
    fail2ban.ban("sshd", "198.51.100.7");
    fail2ban.ban("sshd", "192.0.2.1");
    fail2ban.ban("for-ever", "2001:db8::7");
    fail2ban.ban("for-ever", "198.51.100.0/24");
    let database = folder.join("fail2ban.sqlite3").display().to_string();
    let import = |more: &[&str]| {
        let mut args = vec!["import", "fail2ban", "--database", &*database];
        args.extend_from_slice(more);
        command(&world, &args)
    };
    // while fail2ban runs, and without a door
    let told = import(&["--json"]);
    assert_eq!(told.status.code(), Some(69), "{told:?}");
    let text = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(text.contains("not running") && text.contains("--dry-run"), "{text}");
    let dry = json(&import(&["--dry-run", "--json"]));
    assert_eq!(dry["counts"]["unknown"], 4, "{dry:#}");
    // of a second: it is over soon, whether fail2ban still sees to that or not
    let _ = fail2ban.client(&["set", "short", "banip", "203.0.113.9"]);
    fail2ban.stop();
    let door = Door::native(&world, DOOR);
    wait_for(SOON, "the shortest ban to be over", || {
        let dry = json(&import(&["--dry-run", "--json"]));
        assert_eq!(dry["counts"]["refused"], 1, "{dry:#}");
        dry["counts"]["taken"] == 3
    });
    let none = json(&door.command(&["bans", "--json"]));
    assert_eq!(none["bans"], serde_json::json!([]));

    let told = import(&["--json"]);
    assert_eq!(told.status.code(), Some(1), "one may not be banned: {told:?}");
    let told = json(&told);
    assert_eq!(outcome(&told, "198.51.100.7")["outcome"], "taken");
    assert_eq!(outcome(&told, "198.51.100.7")["reason"], "jail sshd");
    assert_eq!(outcome(&told, "2001:db8::7")["until"], Value::Null);
    assert_eq!(outcome(&told, "198.51.100.0/24")["outcome"], "taken");
    let refused = outcome(&told, "192.0.2.1");
    assert!(refused["why"].as_str().unwrap().contains("never-ban list"), "{refused}");

    let bans = json(&door.command(&["bans", "--json"]));
    let bans = bans["bans"].as_array().unwrap().clone();
    let ban = |network: &str| bans.iter().find(|ban| ban["network"] == network);
    assert_eq!(bans.len(), 3, "{bans:#?}");
    let there = outcome(&told, "198.51.100.7");
    let here = ban("198.51.100.7").unwrap();
    assert_eq!((&here["since"], &here["until"]), (&there["since"], &there["until"]));
    assert!(here["origin"].as_str().unwrap().starts_with("imported from fail2ban"), "{here}");
    assert_eq!(ban("2001:db8::7").unwrap()["until"], Value::Null);

    // again: nothing is new
    let again = json(&import(&["--json", "--jail", "sshd", "--jail", "for-ever"]));
    assert_eq!(again["counts"]["known"], 3, "{again:#}");
    let text = import(&["--jail", "for-ever"]);
    assert_eq!(text.status.code(), Some(0), "{text:?}");
    assert_eq!(String::from_utf8_lossy(&text.stdout), "0 bans taken, 2 in force already.\n");
    let nobody = import(&["--jail", "nowhere"]);
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("nowhere has nobody"), "{nobody:?}");
    door.stop();
    // and they are kept
    let door = Door::start(&world, &[]);
    wait_for(SOON, "the bans of before", || {
        json(&door.command(&["bans", "--json"]))["bans"].as_array().unwrap().len() == 3
    });
    door.stop();
}

#[test]
fn a_blacklist_of_sshguards_is_in_force_at_the_door() {
    let world = World::standard();
    world.write(
        "/etc/enemies",
        "1600000000|100|4|198.51.100.7\n1600000001|260|6|2001:db8::7\n\n1600000002|100|4|198.51.100\n\
         1600000003|100|4|192.0.2.1\n",
    );
    world.write("/etc/friends", "# ours\n192.0.2.0/24\nhost.example\n");
    let door = Door::native(&world, DOOR);
    let args =
        ["import", "sshguard", "/etc/enemies", "--whitelist", "/etc/friends", "--for", "30d"];
    let told = door.command(&args);
    assert_eq!(told.status.code(), Some(1), "{told:?}");
    let (out, err) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    assert!(err.contains("/etc/enemies:4: this is no address"), "{err}");
    assert!(err.contains("/etc/friends:3: a host's name"), "{err}");
    assert!(out.contains("2 bans taken, 1 refused, 2 passed over."), "{out}");
    assert!(out.ends_with("[ban]\nnever = [\n    \"192.0.2.0/24\",\n]\n"), "{out}");
    let bans = json(&door.command(&["bans", "--json"]));
    let ban = &bans["bans"][0];
    assert_eq!(ban["network"], "198.51.100.7", "{bans:#}");
    assert_eq!(ban["reason"], "attacked SSH");
    assert_eq!(ban["since"], "2020-09-13T12:26:40Z");
    assert!(ban["until"].is_string());
    door.stop();
}

/// More than one request takes, and each once.
#[test]
fn many_bans_come_in_batches() {
    const MANY: usize = 1001;
    let world = World::standard();
    let line = |n: usize| format!("1600000000|100|4|198.{}.{}.7\n", 18 + n / 256, n % 256);
    world.write("/etc/enemies", (0..MANY).map(line).collect::<String>());
    let door = Door::native(&world, DOOR);
    let told = door.command(&["import", "sshguard", "/etc/enemies"]);
    assert_eq!(String::from_utf8_lossy(&told.stdout), format!("{MANY} bans taken.\n"), "{told:?}");
    let bans = json(&door.command(&["bans", "--json"]));
    assert_eq!(bans["bans"].as_array().unwrap().len(), MANY);
    let kept = || door.status()["bans"] == MANY;
    wait_for(Duration::from_secs(60), "all to be told", kept);
    door.stop();
}
