//! `check` on files of other languages by themselves.

use crate::kit::{Folder, Ran, portreeve};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// The codes of the findings about these files, with their places.
fn found(ran: &Ran) -> Vec<String> {
    let value: Value =
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let one = |finding: &Value| {
        let at = &finding["at"];
        let path = at["path"].as_str().map(|path| path.rsplit('/').next().unwrap());
        let place = path.map(|path| format!(" {path}:{}:{}", at["line"], at["column"]));
        format!("{}{}", finding["code"].as_str().unwrap(), place.unwrap_or_default())
    };
    value["findings"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn hosts_allow_and_deny_are_checked_without_a_configuration() {
    let folder = Folder::new();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (allow, deny) = (path("hosts.allow"), path("hosts.deny"));
    for (rules, want, exit) in [
        ("sshd: 192.0.2.0/24\n", &[][..], 0),
        ("ALL: ALL\nsshd: 10.\n", &["hosts-shadowed hosts.deny:2:1"], 1),
        (
            "sshd: 10.0.0.0/33 .2.10\n",
            &["hosts-prefix-length hosts.deny:1:7", "hosts-doubtful hosts.deny:1:19"],
            1,
        ),
        ("sshd: ALL : banners /none\n", &["hosts-unknown hosts.deny:1:1"], 1),
        ("sshd: LIST\n", &["hosts-prefix-length list:2:1"], 1),
    ] {
        fs::write(path("list"), "192.0.2.1\n10.0.0.0/40\n").unwrap();
        fs::write(&deny, rules.replace("LIST", &path("list"))).unwrap();
        // the other is beside it, or is not
        let ran = portreeve(&["check", "hosts-access", &deny, "--offline", "--json"]);
        assert_eq!(
            (found(&ran), ran.exit),
            (want.iter().map(|it| (*it).to_owned()).collect(), exit),
            "{rules}: {ran:?}"
        );
        let text = portreeve(&["check", "hosts-access", &deny, "--offline"]);
        assert_eq!(text.exit, exit);
        let last = text.out.lines().last().unwrap().to_owned();
        assert!(last.starts_with(&format!("{allow}, {deny}: ")), "{last}");
    }
    fs::write(&allow, "ALL: ALL\n").unwrap();
    fs::write(&deny, "ALL: ALL\n").unwrap();
    let ran = portreeve(&["check", "hosts-access", &deny, "--offline", "--json"]);
    assert_eq!(found(&ran), ["hosts-shadowed hosts.deny:1:1"], "behind hosts.allow");
    let ran = portreeve(&["check", "hosts-access", &path("hosts.none"), &deny, "--json"]);
    assert_eq!(ran.exit, 71, "{ran:?}");
}

#[test]
fn anybodys_files_are_read_and_said_to_be_theirs() {
    let folder = Folder::new();
    let deny = folder.path().join("hosts.deny");
    fs::write(&deny, "sshd: ALL\n").unwrap();
    fs::set_permissions(&deny, fs::Permissions::from_mode(0o666)).unwrap();
    let ran = portreeve(&["check", "hosts-access", deny.to_str().unwrap(), "--offline", "--json"]);
    assert_eq!((found(&ran), ran.exit), (vec!["untrusted-file".to_owned()], 0), "{ran:?}");
    assert!(ran.out.contains("a door would not believe it: anybody may write"), "{ran:?}");
}

#[test]
fn rules_of_tcprules_are_checked_without_a_configuration() {
    let folder = Folder::new();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (rules, want, exit) in [
        ("192.0.2.:allow\n:deny\n", &[][..], 0),
        ("192.0.2:allow\n:deny\n", &["rules-never-match tcp.smtp:1:1"], 1),
        ("192.0.2.:allow,X\n:deny\n", &["rules-syntax tcp.smtp:1:15"], 78),
        ("", &["rules-damaged"], 78),
    ] {
        fs::write(path("tcp.smtp"), rules).unwrap();
        let ran = portreeve(&["check", "tcprules", &path("tcp.smtp"), "--json"]);
        let want: Vec<String> = want.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!((found(&ran), ran.exit), (want, exit), "{rules}: {ran:?}");
    }
    fs::write(path("tcp.imap"), "192.0.2:allow\n:deny\n").unwrap();
    let ran = portreeve(&["check", "tcprules", &path("tcp.smtp"), &path("tcp.imap"), "--json"]);
    assert_eq!(found(&ran).len(), 2, "of both: {ran:?}");
    assert_eq!(portreeve(&["check", "tcprules"]).exit, 64);
}

#[test]
fn an_xinetd_conf_of_anybodys_is_checked_without_a_configuration() {
    let folder = Folder::new();
    let conf = folder.path().join("xinetd.conf");
    let service = "service echo\n{\n type = UNLISTED INTERNAL\n id = x\n port = 7\n wait = no\n \
                   socket_type = stream\n protocol = tcp\n user = root\n instances = 5 # five\n}\n";
    fs::write(&conf, service).unwrap();
    fs::set_permissions(&conf, fs::Permissions::from_mode(0o666)).unwrap();
    let conf = conf.to_str().unwrap();
    let strict = portreeve(&["check", "--xinetd", conf, "--json"]);
    assert!(strict.out.contains("may write") && strict.exit == 78, "{strict:?}");
    let ran = portreeve(&["check", "xinetd", conf, "--offline", "--json"]);
    let want = ["untrusted-file", "xinetd-trailing-comment xinetd.conf:10:16"];
    assert_eq!((found(&ran), ran.exit), (want.map(str::to_owned).to_vec(), 78), "{ran:?}");
}

#[test]
fn findings_past_the_bound_are_counted_and_the_count_is_told() {
    let folder = Folder::new();
    let deny = folder.path().join("hosts.deny");
    fs::write(&deny, "sshd: 10.0.0.0/33\n".repeat(1500)).unwrap();
    let deny = deny.to_str().unwrap();
    let ran = portreeve(&["check", "hosts-access", deny, "--offline"]);
    // a line that is wrong is a warning, and all but the first are behind it
    assert!(
        ran.out.contains(&format!("more findings about {deny}\n")),
        "{}",
        &ran.out[ran.out.len() - 200..]
    );
    let ran = portreeve(&["check", "hosts-access", deny, "--offline", "--json"]);
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    let number = |key: &str| value[key].as_u64().unwrap();
    let kept = value["findings"].as_array().unwrap().len() as u64;
    assert_eq!(kept, 1000);
    assert_eq!(number("errors") + number("warnings") + number("notes"), kept + number("more"));
    assert!(number("warnings") >= 1500, "{}", number("warnings"));
}
