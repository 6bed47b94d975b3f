//! Who reads the log.

use std::path::{Path, PathBuf};
use std::process::Command;

use portreeve_testkit::bin_dir;

use crate::{Failure, peers};

/// What finds, with one pattern, what the others find with many: attempts with an address.
const PATTERN: &str = "sshd(-session)?\\[[0-9]+\\]: (Failed [a-z/-]+ for (invalid user )?.* from \
                       [0-9a-f:.]+ port [0-9]+ ssh2|Invalid user .* from [0-9a-f:.]+ port [0-9]+)$";

/// fail2ban's filter class, driven without the rest of it.
const FILTER_CLASS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/reference/fail2ban.py"));

/// A reader of logs.
#[derive(Clone, Copy)]
pub(super) struct Contestant {
    /// Its name.
    pub(super) name: &'static str,
    /// How many of the log's lines it gets: those of slow readers are a cut.
    pub(super) share: f64,
    /// Whether it reads standard input instead of a file.
    pub(super) piped: bool,
    /// Whether it times itself, so that its start does not count.
    pub(super) times_itself: bool,
    /// Whether what it says is a line, which goes to a file.
    pub(super) says_little: bool,
    /// Its call, for this log; the folder is for what it needs.
    pub(super) call: fn(log: &Path, folder: &Path) -> Result<Command, Failure>,
}

/// Lines of a cut, by the lines of the log.
const CUT: f64 = 0.03;

/// All of them; ratios are against the first.
pub(super) const ALL: [Contestant; 7] = [
    Contestant {
        name: "grep -cE, one pattern",
        share: 1.0,
        piped: false,
        times_itself: false,
        says_little: true,
        call: |log, _| {
            let mut command = peers::call(&peers::find("grep")?);
            command.args(["-cE", PATTERN]).arg(log).env("LC_ALL", "C");
            Ok(command)
        },
    },
    Contestant {
        name: "portreeve detect --detector sshd",
        share: 1.0,
        piped: false,
        times_itself: false,
        says_little: false,
        call: |log, _| Ok(ours(&["--detector", "sshd"], log)),
    },
    Contestant {
        name: "portreeve detect, every detector",
        share: 1.0,
        piped: false,
        times_itself: false,
        says_little: false,
        call: |log, _| Ok(ours(&[], log)),
    },
    Contestant {
        name: "portreeve detect --filter sshd",
        share: 0.2,
        piped: false,
        times_itself: false,
        says_little: false,
        call: |log, _| match Path::new(FILTER).exists() {
            true => Ok(ours(&["--filter", FILTER], log)),
            false => Err(format!("{FILTER} is not there (apt-get install fail2ban)")),
        },
    },
    Contestant {
        name: "sshg-parser",
        share: 1.0,
        piped: true,
        times_itself: false,
        says_little: false,
        call: |_, _| Ok(peers::call(&sshguard()?)),
    },
    Contestant {
        name: "fail2ban's filter class",
        share: CUT,
        piped: false,
        times_itself: true,
        says_little: true,
        call: |log, folder| {
            let script = folder.join("fail2ban.py");
            std::fs::write(&script, FILTER_CLASS).map_err(|error| error.to_string())?;
            peers::find("fail2ban-regex")?;
            let mut command = peers::call(&peers::find("python3")?);
            command.arg(script).arg(log).arg("sshd");
            Ok(command)
        },
    },
    Contestant {
        name: "fail2ban-regex",
        share: CUT,
        piped: false,
        times_itself: false,
        says_little: false,
        call: |log, _| {
            let mut command = peers::call(&peers::find("fail2ban-regex")?);
            command.args(["--usedns", "no"]).arg(log).arg("sshd");
            Ok(command)
        },
    },
];

/// fail2ban's own filter.
const FILTER: &str = "/etc/fail2ban/filter.d/sshd.conf";

fn ours(options: &[&str], log: &Path) -> Command {
    let mut command = peers::call(&bin_dir().join("portreeve"));
    command.args(["detect", "--json"]).args(options).arg(log);
    command
}

fn sshguard() -> Result<PathBuf, Failure> {
    let known = ["/usr/libexec/sshguard/sshg-parser", "/usr/lib/sshguard/sshg-parser"];
    let found = known.into_iter().map(PathBuf::from).find(|path| path.exists());
    found.map_or_else(|| peers::find("sshg-parser"), Ok)
}
