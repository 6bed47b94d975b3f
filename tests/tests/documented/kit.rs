//! Runs of a command of each house, and services under a supervisor of either.

use portreeve_testkit::{Dir, wait_for};
use portreeve_tests::{SOON, houses};
use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A folder, and both houses.
pub(crate) struct Kit {
    dir: Dir,
    pub(crate) houses: [PathBuf; 2],
}

/// What a run gave: exit code, output, errors.
pub(crate) type Told = (Option<i32>, String, String);

impl Kit {
    pub(crate) fn new() -> Self {
        let dir = Dir::new();
        let houses = houses(dir.path());
        Self { dir, houses }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file with a mode.
    pub(crate) fn file(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("make a folder");
        fs::write(&path, text).expect("write a file");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("set its mode");
        path
    }

    /// Runs a command of one house here.
    pub(crate) fn run(&self, house: &Path, words: &[&str], input: &str) -> Told {
        self.run_with(house, words, input, |_| ())
    }

    /// As [`Kit::run`], after a change to the command.
    pub(crate) fn run_with(
        &self,
        house: &Path,
        words: &[&str],
        input: &str,
        change: impl FnOnce(&mut Command),
    ) -> Told {
        let mut command = Command::new(house.join(words[0]));
        command.args(&words[1..]).current_dir(self.dir.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().expect("start it");
        // one that reads nothing has ended first
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("wait for it");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// Both give exactly this.
    #[track_caller]
    pub(crate) fn both(&self, words: &[&str], input: &str, want: (i32, &str, &str)) {
        for house in &self.houses {
            let told = self.run(house, words, input);
            let want = (Some(want.0), want.1.to_owned(), want.2.to_owned());
            assert_eq!(told, want, "{house:?} {words:?}");
        }
    }

    /// A service: its folder, with this text of a `./run` for bash.
    pub(crate) fn service(&self, name: &str, script: &str) -> PathBuf {
        let run = self.file(&format!("{name}/run"), &format!("#!/bin/bash\n{script}\n"), 0o755);
        run.parent().expect("a folder").to_owned()
    }

    /// A supervisor of a service, ready for commands. What it says is in the file `said`.
    pub(crate) fn supervise(&self, house: &Path, name: &str) -> Supervisor {
        let said = File::create(self.path("said")).expect("a file");
        let mut command = Command::new(house.join("supervise"));
        command.arg(name).current_dir(self.dir.path()).stdin(Stdio::null()).stderr(said);
        let child = command.spawn().expect("start it");
        let supervisor = Supervisor { child, service: self.path(name) };
        wait_for(SOON, "the supervisor", || {
            self.run(&self.houses[0], &["svok", name], "").0 == Some(0)
        });
        supervisor
    }
}

/// A running supervisor; it and its service end with it.
pub(crate) struct Supervisor {
    pub(crate) child: Child,
    service: PathBuf,
}

impl Supervisor {
    /// The 18 bytes of its status.
    pub(crate) fn status(&self) -> Vec<u8> {
        fs::read(self.service.join("supervise/status")).expect("its status")
    }

    /// The service's process; 0 is none.
    pub(crate) fn pid(&self) -> u32 {
        let bytes = self.status();
        u32::from_le_bytes(bytes[12..16].try_into().expect("four bytes"))
    }

    /// Waits until it is paused and wanted as these bytes say.
    pub(crate) fn wait_bytes(&self, what: &str, paused: u8, want: u8) {
        wait_for(SOON, format!("{what}: {:?}", self.status()), || {
            self.status()[16..] == [paused, want]
        });
    }

    /// Sends bytes to its control pipe, in one write.
    pub(crate) fn tell(&self, bytes: &[u8]) {
        let mut options = File::options();
        let mut control =
            options.write(true).open(self.service.join("supervise/control")).expect("its pipe");
        control.write_all(bytes).expect("tell it");
    }

    /// Its exit code, once it has left.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        wait_for(SOON, "the supervisor to leave", || matches!(self.child.try_wait(), Ok(Some(_))));
        self.child.wait().expect("it has ended").code()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let bytes = fs::read(self.service.join("supervise/status")).unwrap_or_default();
        let pid = bytes.get(12..16).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
        if let Some(pid) = pid.filter(|pid| *pid != 0) {
            let _ = Command::new("/bin/kill").args(["-9", &pid.to_string()]).status();
        }
    }
}
