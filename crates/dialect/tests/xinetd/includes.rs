//! Reference, section 3.4: include and includedir.

use crate::support::{Outcome, Tree, service};
use portreeve_dialect::EntryKind;

const MAIN: &str = "/etc/xinetd.conf";

fn codes(tree: &mut Tree) -> Vec<String> {
    Outcome::of(MAIN, tree).codes()
}

fn named(name: &str) -> String {
    service("disable = no").replace("service ssh", &format!("service {name}"))
}

#[test]
fn directories_are_read_by_byte_order_without_dots_and_tildes() {
    let mut tree = Tree::of(&[(MAIN, "includedir /etc/xinetd.d/\n")]);
    let files = ["ssh", "Zhttp", "#ftp#", "-smtp", "telnet~", "login.conf", ".hidden", "imaps x"];
    for file in files {
        let name: String = file.chars().filter(char::is_ascii_lowercase).collect();
        let name = name.trim_end_matches('x');
        tree.files.insert(format!("/etc/xinetd.d/{file}"), named(name).into_bytes());
    }
    let outcome = Outcome::of(MAIN, &mut tree);
    assert_eq!(outcome.codes(), ["note xinetd-include-skipped"; 2], "{}", outcome.rendered());
    let names: Vec<_> =
        outcome.loaded.services.iter().map(|s| s.service.name.to_string()).collect();
    assert_eq!(names, ["ftp", "smtp", "http", "imaps", "ssh"]);
}

#[test]
fn what_cannot_be_read_is_an_error_and_what_is_no_file_is_skipped() {
    for (text, want) in [
        ("include /etc/missing\n", &["error xinetd-unreadable"] as &[&str]),
        ("includedir /etc/missing\n", &["error xinetd-unreadable"]),
        ("include missing\n", &["error xinetd-include-relative"]),
        ("includedir ./x\n", &["error xinetd-include-relative"]),
        ("include /etc/a /etc/b\n", &["error xinetd-header", "error xinetd-unreadable"]),
        ("includedir /etc/d\n", &["error xinetd-unreadable", "warning xinetd-include-irregular"]),
    ] {
        let mut tree = Tree::of(&[(MAIN, text)]);
        tree.others.insert("/etc/d/gone".into(), EntryKind::Dangling);
        tree.others.insert("/etc/d/sub".into(), EntryKind::Other);
        assert_eq!(codes(&mut tree), want, "{text}");
    }
    assert_eq!(codes(&mut Tree::default()), ["error xinetd-unreadable"]);
}

#[test]
fn a_cycle_is_named_with_its_chain() {
    let mut tree = Tree::of(&[
        (MAIN, "include /etc/a\n"),
        ("/etc/a", "include /etc/b\n"),
        ("/etc/b", "include /etc/a\ninclude /etc/b\n"),
    ]);
    let outcome = Outcome::of(MAIN, &mut tree);
    assert_eq!(outcome.codes(), ["error xinetd-include-cycle"; 2]);
    let text = outcome.rendered();
    assert!(text.contains("`/etc/a` → `/etc/b` → `/etc/a`"), "{text}");
    assert!(text.contains("`/etc/b` → `/etc/b`"), "{text}");
}

#[test]
fn depth_and_number_are_bounded() {
    let mut deep = Tree::of(&[(MAIN, "include /0\n")]);
    for n in 0..40 {
        deep.files.insert(format!("/{n}"), format!("include /{}\n", n + 1).into_bytes());
    }
    assert_eq!(codes(&mut deep), ["error xinetd-too-large"]);
    let mut wide = Tree::of(&[(MAIN, "includedir /d\n")]);
    for n in 0..2000 {
        wide.files.insert(format!("/d/{n}"), Vec::new());
    }
    assert_eq!(codes(&mut wide), ["error xinetd-too-large"]);
    // Two files that include each other twice would double with every level.
    let mut tree = Tree::of(&[(MAIN, "include /a\n")]);
    for n in 0..40 {
        let text = format!("include /a{n}\ninclude /a{n}\n");
        let name = if n == 0 { "/a".to_owned() } else { format!("/a{}", n - 1) };
        tree.files.insert(name, text.into_bytes());
    }
    assert_eq!(codes(&mut tree), ["error xinetd-too-large"]);
}

#[test]
fn each_file_may_have_defaults_and_a_place_names_its_file() {
    let mut tree = Tree::of(&[
        (MAIN, "defaults\n{\ninstances = 5\n}\ninclude /etc/more\n"),
        ("/etc/more", "defaults\n{\nper_source = 2\n}\n"),
    ]);
    let ssh = service("");
    tree.files.get_mut("/etc/more").unwrap().extend(ssh.bytes());
    let outcome = Outcome::of(MAIN, &mut tree);
    assert_eq!(outcome.codes(), [] as [&str; 0], "{}", outcome.rendered());
    let paths = outcome.sources.paths();
    let admission = &outcome.loaded.services.first().unwrap().service.admission;
    let instances = admission.instances.as_ref().unwrap();
    let per_source = admission.per_source.as_ref().unwrap();
    assert_eq!(instances.origin.show(&paths), "/etc/xinetd.conf:3:13");
    assert_eq!(per_source.origin.show(&paths), "/etc/more:3:14");
}
