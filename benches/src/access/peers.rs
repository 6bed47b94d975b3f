//! The peers in C: compiled here, since their libraries need not be installed, and kept running, so
//! that they take their turns with ours.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::Failure;
use crate::access::timing::{Decider, Sample};
use crate::print::line;

/// A peer's library and program.
pub(crate) struct Library {
    name: &'static str,
    source: &'static str,
    link: &'static str,
    package: &'static str,
}

/// Constant databases, as ucspi-tcp's rules are.
pub(crate) const CDB: Library = Library {
    name: "cdb",
    source: include_str!("../../reference/cdb.c"),
    link: "-lcdb",
    package: "libcdb-dev",
};

/// TCP Wrappers.
pub(crate) const WRAP: Library = Library {
    name: "wrap",
    source: include_str!("../../reference/wrap.c"),
    link: "-lwrap",
    package: "libwrap0-dev",
};

impl Library {
    /// Compiles the program; nothing, and a word about it, where that cannot be done.
    pub(crate) fn compile(&self, folder: &Path) -> Result<Option<PathBuf>, Failure> {
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        let (program, source) = (folder.join(self.name), folder.join(format!("{}.c", self.name)));
        fs::write(&source, self.source).map_err(failed)?;
        let shared = include_str!("../../reference/peers.h");
        fs::write(folder.join("peers.h"), shared).map_err(failed)?;
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let mut command = Command::new(compiler);
        command.args(["-O2", "-o"]).arg(&program).arg(&source).arg(self.link);
        let compiled = command.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        if !compiled {
            let (name, package) = (self.name, self.package);
            line(&format!("{name}.c is not measured: it needs cc and Debian's {package}"));
        }
        Ok(compiled.then_some(program))
    }
}

/// A program that measures itself when it is told to.
struct Running {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Running {
    fn start(program: &Path, words: &[&str]) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|e| format!("{}: {e}", program.display()))?;
        let ends = child.stdin.take().zip(child.stdout.take());
        let (orders, answers) = ends.ok_or("a program without pipes")?;
        Ok(Self { child, orders, answers: BufReader::new(answers) })
    }

    fn measure(&mut self, time: Duration) -> Result<Sample, Failure> {
        let mut answer = String::new();
        let asked = writeln!(self.orders, "{}", time.as_millis());
        let read = asked.and_then(|()| self.answers.read_line(&mut answer));
        read.map_err(|error| format!("a peer in C: {error}"))?;
        let numbers: Vec<u64> =
            answer.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect();
        match numbers.as_slice() {
            &[decisions, refused, spent] => Ok(Sample { decisions, refused, spent }),
            _ => Err(format!("a peer in C says `{}`", answer.trim())),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A decider that is such a program.
pub(crate) fn decider(
    name: &'static str,
    program: &Path,
    words: &[&str],
) -> Result<Decider<'static>, Failure> {
    let mut running = Running::start(program, words)?;
    Ok(Decider { name, run: Box::new(move |time| running.measure(time)) })
}
