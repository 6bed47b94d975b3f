//! multilog: what it says, what it makes, what it waits for.

use crate::kit::Kit;
use portreeve_testkit::wait_for;
use portreeve_tests::SOON;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// One that runs on; what it says is in a file `said`.
struct Running {
    child: Child,
    said: std::path::PathBuf,
}

impl Running {
    fn start(kit: &Kit, house: &Path, script: &[&str]) -> Self {
        let said = kit.path("said");
        let mut command = Command::new(house.join("multilog"));
        command.args(script).current_dir(kit.path("")).stdin(Stdio::piped());
        command.stderr(File::create(&said).expect("a file"));
        Self { child: command.spawn().expect("start it"), said }
    }

    fn say(&mut self, text: &str) {
        self.child.stdin.as_mut().expect("its input").write_all(text.as_bytes()).expect("write");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(status.expect("run kill").success());
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.said).expect("what it said")
    }

    /// Until it says this, which must be all that it says.
    fn wait_said(&self, line: &str) {
        wait_for(SOON, format!("{line:?}: {:?}", self.said()), || self.said().starts_with(line));
        assert!(self.said().lines().all(|said| said == line.trim_end()), "{}", self.said());
    }

    fn end(&mut self) {
        drop(self.child.stdin.take());
        wait_for(SOON, "its end", || matches!(self.child.try_wait(), Ok(Some(_))));
        assert_eq!(self.child.wait().expect("its end").code(), Some(0));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o7777
}

fn old(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).expect("a folder").flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.starts_with('@')).collect();
    names.sort();
    names
}

#[test]
fn what_keeps_it_from_beginning_is_said_and_nothing_is_read() {
    let kit = Kit::new();
    fs::create_dir_all(kit.path("looped")).unwrap();
    symlink("current", kit.path("looped/current")).unwrap();
    fs::create_dir_all(kit.path("folder/current")).unwrap();
    fs::create_dir_all(kit.path("locked/lock")).unwrap();
    kit.file("file", "", 0o644);
    for (script, what) in [
        ("./looped", "unable to stat ./looped/current: symbolic link loop"),
        ("./folder", "unable to append to ./folder/current: is a directory"),
        ("./locked", "unable to lock directory ./locked: is a directory"),
        ("./file", "unable to open directory ./file: not a directory"),
        ("./no/where", "unable to open directory ./no/where: file does not exist"),
        ("=no/where", "unable to create no/where: file does not exist"),
        ("=folder", "unable to create folder: is a directory"),
    ] {
        let want = format!("multilog: fatal: {what}\n");
        kit.both(&["multilog", script], "lost\n", (111, "", &want));
    }
}

#[test]
fn files_have_the_modes_and_the_sizes_of_the_manual() {
    let kit = Kit::new();
    for (number, house) in kit.houses.iter().enumerate() {
        let log = format!("./log{number}");
        let status = format!("={number}.status");
        let long = "x".repeat(300);
        let input = format!("first\n{long}\n\nlast, cut");
        let told = kit.run(house, &["multilog", "e", &log, &status], &input);
        let said = format!("first\n{}...\n\nlast, cut\n", "x".repeat(200));
        assert_eq!(told, (Some(0), String::new(), said));
        let folder = kit.path(&log);
        assert_eq!(fs::read_to_string(folder.join("current")).unwrap(), format!("{input}\n"));
        let modes =
            [folder.clone(), folder.join("current"), folder.join("lock"), folder.join("state")];
        assert_eq!(modes.map(|path| mode(&path)), [0o700, 0o744, 0o600, 0o644]);
        let shown = fs::read(kit.path(&status[1..])).unwrap();
        assert_eq!((shown.len(), mode(&kit.path(&status[1..]))), (1001, 0o600));
        assert!(shown.starts_with(b"last, cut\n\n") && shown.ends_with(b"\n\n"));
        // nothing in, nothing out
        let empty = format!("./empty{number}");
        assert_eq!(kit.run(house, &["multilog", &empty], "").0, Some(0));
        assert_eq!(fs::read(kit.path(&empty).join("current")).unwrap(), b"");
    }
    kit.both(&["multilog"], "gone\n", (0, "", ""));
}

#[test]
fn a_processor_has_its_descriptors_and_its_trouble_is_told() {
    let kit = Kit::new();
    for (number, house) in kit.houses.iter().enumerate() {
        let log = format!("./log{number}");
        let script = "!ls /proc/$$/fd; pwd; cat >/dev/null";
        let mut one = Running::start(&kit, house, &[script, &log]);
        one.say("a line\n");
        let folder = kit.path(&log);
        wait_for(SOON, "the line", || {
            fs::read(folder.join("current")).is_ok_and(|it| !it.is_empty())
        });
        one.signal("-ALRM");
        wait_for(SOON, "a new file", || !old(&folder).is_empty());
        one.end();
        let told = fs::read_to_string(folder.join(&old(&folder)[0])).unwrap();
        let place = fs::canonicalize(&folder).unwrap().display().to_string();
        // higher numbers are the shell's own, and those of whoever runs the tests
        let low: Vec<&str> =
            told.lines().filter(|line| line.len() == 1 || **line == place).collect();
        assert_eq!(low, ["0", "1", "2", "4", "5", &place], "{house:?}");
        assert_eq!(mode(&folder.join(&old(&folder)[0])), 0o744);
    }
}

#[test]
fn what_is_in_its_way_is_waited_for_and_no_line_is_lost() {
    let kit = Kit::new();
    let moved = "rename current to previous in directory ./LOG";
    for (number, house) in kit.houses.iter().enumerate() {
        // of what its processor's files keep it from, the ancestor says that it cannot run it
        let more = [("processed", "open ./LOG/processed"), ("newstate", "open ./LOG/newstate")];
        let more = more.iter().filter(|_| number == 1);
        for (name, what) in [("previous", moved)].iter().chain(more) {
            let log = format!("{name}{number}");
            let folder = kit.path(&log);
            let script = format!("./{log}");
            let mut one = Running::start(&kit, house, &["!cat", &script]);
            one.say("one\n");
            let current = folder.join("current");
            wait_for(SOON, "the line", || fs::read(&current).is_ok_and(|it| it == b"one\n"));
            fs::create_dir_all(folder.join(name).join("x")).unwrap();
            one.signal("-ALRM");
            let what = what.replace("LOG", &log);
            one.wait_said(&format!(
                "multilog: warning: unable to {what}, pausing: is a directory\n"
            ));
            one.say("two\n");
            fs::remove_dir_all(folder.join(name)).unwrap();
            wait_for(SOON, "the next line", || fs::read(&current).is_ok_and(|it| it == b"two\n"));
            assert_eq!(fs::read(folder.join(&old(&folder)[0])).unwrap(), b"one\n");
            one.end();
        }
    }
}
