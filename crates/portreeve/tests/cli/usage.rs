//! Lines that ask for nothing of a door.

use crate::kit::{Folder, command, portreeve};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

#[test]
fn what_is_typed_wrong_is_a_usage_error() {
    for args in [
        &["frob"][..],
        &[],
        &["explain", "ssh"],
        &["explain", "ssh", "nobody"],
        &["run", "--config", "a", "--xinetd", "b"],
        &["status", "extra"],
    ] {
        let ran = portreeve(args);
        assert_eq!((ran.exit, ran.out.as_str()), (64, ""), "{args:?}: {ran:?}");
        assert!(ran.err.contains("error: ") || args.is_empty(), "{args:?}: {ran:?}");
    }
}

#[test]
fn what_is_typed_wrong_is_told_in_json_where_that_was_asked() {
    for (args, error, help) in [
        (&["--json"][..], "requires a subcommand", "--help"),
        (&["frob", "--json"], "unrecognized subcommand 'frob'", "--help"),
        (&["status", "--json", "extra"], "unexpected argument 'extra' found", "Usage: portreeve"),
        (&["explain", "ssh", "nobody", "--json"], "not an address", "--help"),
        (&["explain", "--json"], "<ADDRESS[:PORT]>", "Usage: portreeve explain"),
    ] {
        let ran = portreeve(args);
        assert_eq!((ran.exit, ran.out.as_str()), (64, ""), "{args:?}: {ran:?}");
        let value: serde_json::Value =
            serde_json::from_str(&ran.err).unwrap_or_else(|bad| panic!("{args:?}: {bad}: {ran:?}"));
        assert_eq!(value["exit"], 64);
        assert!(value["error"].as_str().unwrap().contains(error), "{args:?}: {value}");
        assert!(value["help"].to_string().contains(help), "{args:?}: {value}");
    }
    let ran = portreeve(&["status", "--", "--json"]);
    assert!(ran.err.starts_with("error: "), "behind `--` it is no option: {ran:?}");
}

#[test]
fn a_configuration_in_the_place_of_a_language_is_recognised() {
    let ran = portreeve(&["check", "conf/my.toml"]);
    let tip = "tip: a configuration is checked with `portreeve check --config conf/my.toml`";
    assert!(ran.exit == 64 && ran.err.contains(tip), "{ran:?}");
    let ran = portreeve(&["check", "sendmail"]);
    assert!(ran.exit == 64 && !ran.err.contains("tip:"), "{ran:?}");
}

#[test]
fn help_and_version_are_answers() {
    let ran = portreeve(&["--version"]);
    let version = format!("portreeve {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((ran.exit, ran.out, ran.err), (0, version, String::new()));
    for args in [&["--help"][..], &["explain", "--help"]] {
        let ran = portreeve(args);
        assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
        assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);
    }
}

#[test]
fn a_door_that_cannot_open_says_so() {
    let folder = Folder::new();
    let ran = folder.portreeve(&["run"]);
    // The daemon may have been built beside it; then it lacks a configuration, or its own helpers.
    assert!([71, 78].contains(&ran.exit), "{ran:?}");
    // Findings may come first, then who does not open for them.
    assert!(ran.err.lines().any(|line| line.starts_with("portreeve")), "{ran:?}");
}

#[test]
fn a_reader_that_leaves_is_nothing_to_complain_about() {
    let (reader, writer) = UnixStream::pair().unwrap();
    drop(reader);
    let folder = Folder::with("[service.e]\nlisten = [\"127.0.0.1:7\"]\ninternal = \"echo\"\n");
    let root = folder.path().to_str().unwrap();
    let child = command(&["check", "--root", root])
        .stdout(std::os::fd::OwnedFd::from(writer))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
