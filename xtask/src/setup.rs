//! Makes sure that everything the tests need is there, installing Debian packages where it may.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use portreeve_testkit::{is_root, missing};

use crate::cargo::cargo;
use crate::cli::say;
use crate::program::{output, run};

/// How long apt may take.
const APT: Duration = Duration::from_secs(600);

/// Needed by a step of its own, and not by the end to end tests.
const ALSO: (&str, &str) = ("/usr/bin/mandoc", "mandoc");

/// Where systemd is known to run, as maintainer scripts see it.
const SYSTEMD: &str = "/run/systemd/system";

/// Installs and checks.
///
/// # Errors
/// When something is missing that may not or cannot be installed.
pub(crate) fn prepare() -> Result<(), String> {
    let absent = absent();
    if !absent.is_empty() {
        let names = absent.join(" ");
        if !is_root() || !Path::new("/usr/bin/apt-get").exists() {
            return Err(format!("missing packages; as root: apt-get install {names}"));
        }
        say(format_args!("installing {names}"));
        install(&absent)?;
    }
    let still = self::absent();
    if !still.is_empty() {
        return Err(format!("still missing after installing: {}", still.join(" ")));
    }
    for (component, word) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        let there = output(cargo(&[word, "--version"])).is_ok();
        if !there {
            return Err(format!("missing {component}: rustup component add {component}"));
        }
    }
    Ok(())
}

/// Makes sure that the system's sshd and ssh are there, for the demo.
///
/// # Errors
/// When they are missing and may not or cannot be installed.
pub(crate) fn ssh_server() -> Result<(), String> {
    let programs = [
        ("/usr/sbin/sshd", "openssh-server"),
        ("/usr/bin/ssh", "openssh-client"),
        ("/usr/bin/ssh-keygen", "openssh-client"),
    ];
    let absent: Vec<_> = programs
        .iter()
        .filter(|(path, _)| !Path::new(path).exists())
        .map(|(_, name)| *name)
        .collect();
    if absent.is_empty() {
        return Ok(());
    }
    if !is_root() || !Path::new("/usr/bin/apt-get").exists() {
        return Err(format!("missing packages; as root: apt-get install {}", absent.join(" ")));
    }
    say(format_args!("installing {} (no service is started)", absent.join(" ")));
    install(&absent)
}

/// Packages whose program is not there.
fn absent() -> Vec<&'static str> {
    let also = (!Path::new(ALSO.0).exists()).then_some(ALSO.1);
    let mut packages: Vec<_> = missing().into_iter().map(|(_, package)| package).collect();
    packages.extend(also);
    packages.sort_unstable();
    packages.dedup();
    packages
}

fn install(packages: &[&str]) -> Result<(), String> {
    let mut words = vec!["install", "--yes", "--no-install-recommends"];
    words.extend(packages);
    run(apt(&words), APT, |_| ()).or_else(|_| {
        // The lists may be old or absent.
        run(apt(&["update"]), APT, |_| ())?;
        run(apt(&words), APT, |_| ())
    })
}

/// An apt-get that starts no service: a tests' machine must not grow an sshd on port 22.
///
/// Maintainer scripts start services only where systemd runs, which is hidden from them in a
/// private mount namespace, or by runlevel, which they are told is 1. Nothing of this outlives apt.
fn apt(words: &[&str]) -> Command {
    let hide = "mount -t tmpfs none /run/systemd && exec apt-get \"$@\"";
    let mut command = if Path::new(SYSTEMD).exists() {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", hide, "apt-get"]);
        command
    } else {
        Command::new("apt-get")
    };
    command.args(["--quiet"]).args(words);
    command.envs([
        ("DEBIAN_FRONTEND", "noninteractive"),
        ("NEEDRESTART_MODE", "l"),
        ("RUNLEVEL", "1"),
    ]);
    command
}
