//! supervise beyond the ancestor: what the optional files of a folder, or its plan, ask for.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which runs programs and reads their files")]

use portreeve_testkit::{Dir, poll_for, proc_status, wait_for};
use portreeve_tests::{SOON, houses};
use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A user without rights, whom every host has.
const NOBODY: u32 = 65534;

/// A service `s`, its supervisor, and the commands; all of it ends with the test.
struct Service {
    dir: Dir,
    path: PathBuf,
    supervisor: Option<Child>,
}

impl Service {
    /// With this for `run`, in bash, and these files; not started.
    fn new(run: &str, files: &[(&str, &str)]) -> Self {
        let service = Self::bare(files);
        service.script("run", run);
        service
    }

    fn bare(files: &[(&str, &str)]) -> Self {
        let dir = Dir::new();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).expect("make it");
        let [_, _ours] = houses(dir.path());
        let path = dir.path().join("s");
        fs::create_dir(&path).expect("make it");
        let service = Self { dir, path, supervisor: None };
        for (name, text) in files {
            fs::write(service.path.join(name), text).expect("write it");
        }
        service
    }

    fn script(&self, name: &str, text: &str) {
        // whole, whoever starts it meanwhile
        let new = self.path.join("new");
        fs::write(&new, format!("#!/bin/bash\n{text}\n")).expect("write it");
        fs::set_permissions(&new, Permissions::from_mode(0o755)).expect("make it");
        fs::rename(&new, self.path.join(name)).expect("make it");
    }

    fn start(&mut self) -> &mut Self {
        self.start_with(Stdio::null());
        self
    }

    fn start_with(&mut self, input: impl Into<Stdio>) {
        self.start_between(input, Stdio::null());
    }

    fn start_between(&mut self, input: impl Into<Stdio>, output: impl Into<Stdio>) {
        let said = File::options().create(true).append(true).open(self.dir.path().join("said"));
        let mut command = Command::new(self.dir.path().join("bin/supervise"));
        command.arg("s").current_dir(self.dir.path()).stdin(input).stdout(output);
        self.supervisor = Some(command.stderr(said.expect("run it")).spawn().expect("run it"));
    }

    fn kill_supervisor(&mut self) {
        if let Some(mut supervisor) = self.supervisor.take() {
            supervisor.kill().expect("end it");
            supervisor.wait().expect("end it");
        }
    }

    /// What the supervisor has said.
    fn said(&self) -> String {
        fs::read_to_string(self.dir.path().join("said")).unwrap_or_default()
    }

    /// The lines of a file of the service; those that are whole.
    fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.path.join(name)).unwrap_or_default();
        text.split_inclusive('\n')
            .filter_map(|line| line.strip_suffix('\n'))
            .map(Into::into)
            .collect()
    }

    /// `supervise/state`, by key.
    fn state(&self) -> BTreeMap<String, String> {
        let lines = self.lines("supervise/state");
        let pairs = lines.iter().filter_map(|line| line.split_once(' '));
        pairs.map(|(key, value)| (key.into(), value.into())).collect()
    }

    fn is(&self, key: &str, value: &str) -> bool {
        self.state().get(key).is_some_and(|it| it == value)
    }

    fn wait_state(&self, key: &str, value: &str) {
        wait_for(SOON, format!("{key} {value} in {:?}", self.state()), || self.is(key, value));
    }

    fn wait_lines(&self, name: &str, lines: &[&str]) {
        wait_for(SOON, format!("{lines:?} in {name}"), || self.lines(name) == lines);
    }

    fn tell(&self, letters: &str) {
        let mut command = Command::new(self.dir.path().join("bin/svc"));
        let told =
            command.args([letters, "s"]).current_dir(self.dir.path()).output().expect("run it");
        assert!(told.status.success() && told.stderr.is_empty(), "{told:?}");
    }

    /// Bytes for the control pipe, as they are.
    fn send(&self, bytes: &[u8]) {
        let mut control = File::options().write(true).open(self.path.join("supervise/control"));
        control.as_mut().expect("write it").write_all(bytes).expect("write it");
    }

    fn svstat(&self, house: &str) -> String {
        let mut command = Command::new(house);
        let said = command.arg("s").current_dir(self.dir.path()).output().expect("run it");
        String::from_utf8(said.stdout).expect("text")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill_supervisor();
        let record = fs::read_to_string(self.path.join("supervise/process")).unwrap_or_default();
        let mut words = record.split(' ');
        let Some(pid) = words.nth(1).and_then(|pid| pid.parse().ok()) else { return };
        // the one that is meant, and no other that has its number
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let start = stat.rsplit(')').next().and_then(|rest| rest.split_ascii_whitespace().nth(19));
        let meant: Option<&str> = words.next().map(str::trim_end);
        if meant.is_some() && start == meant {
            let pid: u32 = pid;
            let _ = Command::new("/bin/kill").args(["-9", &pid.to_string()]).status();
        }
    }
}

#[test]
fn readiness_is_a_line_feed_and_outlives_the_supervisor() {
    let run = "while [ ! -e go ]; do sleep 0.1; done; echo >&3; echo said >> log; exec sleep 600";
    let mut service = Service::new(run, &[("notification-fd", "3\n")]);
    service.start().wait_state("ready", "no");
    let pid = service.state().remove("pid").expect("it runs");
    // nobody hears it, and it is not ended by a broken pipe
    service.kill_supervisor();
    fs::write(service.path.join("go"), "").unwrap();
    service.wait_lines("log", &["said"]);
    service.start();
    wait_for(SOON, "what was said meanwhile", || {
        service.state().get("ready").is_some_and(|ready| ready.starts_with('@'))
    });
    assert!(service.is("pid", &pid) && service.is("phase", "up"));
    // and again, heard at once
    service.tell("-t");
    wait_for(SOON, "the next one", || {
        let state = service.state();
        state.get("pid").is_some_and(|now| *now != pid)
            && state.get("ready").is_some_and(|ready| ready.starts_with('@'))
    });
}

#[test]
fn who_closes_the_descriptor_will_never_be_ready_and_who_is_not_asked_says_nothing() {
    let mut asked = Service::new("exec sleep 600 5>&-", &[("notification-fd", "5")]);
    asked.start().wait_state("ready", "never");
    let run =
        "if ( : >&3 ) 2>/dev/null; then echo open; else echo closed; fi >> log; exec sleep 600";
    let mut other = Service::new(run, &[]);
    other.start().wait_lines("log", &["closed"]);
    other.wait_state("phase", "up");
    assert_eq!(other.state().get("ready"), None);
}

#[test]
fn a_finish_hears_how_it_ended_and_may_say_not_again() {
    let run = "echo >> starts; case $(wc -l < starts) in 1) exit 3;; 2) kill -TERM $$;; \
               *) exec sleep 600;; esac";
    let mut service = Service::new(run, &[]);
    service.script("finish", "echo \"$@\" >> ends; if [ -e enough ]; then exit 125; fi");
    service.start().wait_lines("ends", &["3 0 s", "256 15 s"]);
    wait_for(SOON, "the third start", || service.lines("starts").len() == 3);
    service.wait_state("ended-signal", "15");
    service.wait_state("phase", "up");
    fs::write(service.path.join("enough"), "").unwrap();
    service.tell("-k");
    service.wait_state("given-up", "finish");
    assert!(service.is("phase", "down") && service.is("ended-signal", "9"));
    assert_eq!(service.lines("ends"), ["3 0 s", "256 15 s", "256 9 s"]);
    assert_eq!(service.lines("starts").len(), 3);
    let said = "supervise: warning: s is not started again, as its finish says; svc -u starts it\n";
    assert_eq!(service.said(), said);
    let bin = service.dir.path().join("bin/svstat");
    for svstat in ["/usr/bin/svstat", bin.to_str().unwrap()] {
        let text = service.svstat(svstat);
        assert!(
            text.starts_with("s: down ") && text.ends_with(" seconds, normally up\n"),
            "{text}"
        );
    }
    service.tell("-u");
    wait_for(SOON, "a start at a word", || service.lines("starts").len() == 4);
    service.wait_state("phase", "up");
    assert_eq!(service.state().get("given-up"), None);
}

#[test]
fn a_finish_that_takes_too_long_is_killed_and_a_supervisor_that_leaves_waits_for_it() {
    let run = "echo >> starts; exec sleep 600";
    let mut service = Service::new(run, &[("timeout-finish", "300\n")]);
    service.script("finish", "echo >> ends; if [ -e slow ]; then exec sleep 600; fi");
    fs::write(service.path.join("slow"), "").unwrap();
    service.start();
    wait_for(SOON, "the start", || service.lines("starts").len() == 1);
    service.wait_state("phase", "up");
    service.tell("-k");
    wait_for(SOON, "the next start", || service.lines("starts").len() == 2);
    assert_eq!(service.said(), "supervise: warning: s/finish takes too long and is killed\n");
    // without a deadline, and with a word that ends it
    fs::write(service.path.join("timeout-finish"), "0\n").unwrap();
    service.wait_state("phase", "up");
    service.tell("-dx");
    wait_for(SOON, "its finish", || service.lines("ends").len() == 2);
    let finish = poll_for(SOON, "the finish in the state", || {
        service.state().remove("pid").filter(|_| service.is("phase", "finishing"))
    });
    assert!(service.supervisor.as_mut().unwrap().try_wait().unwrap().is_none());
    // another supervisor finds it, and does not start the service beside it
    service.kill_supervisor();
    service.start().wait_state("phase", "finishing");
    wait_for(SOON, "it to be found", || service.svstat("/usr/bin/svstat").starts_with("s: down"));
    assert!(service.is("pid", &finish));
    service.send(b"dx");
    service.send(b"k");
    wait_for(SOON, "the supervisor to leave", || {
        service.supervisor.as_mut().unwrap().try_wait().unwrap().is_some()
    });
    assert_eq!(service.lines("starts").len(), 2);
}

#[test]
fn a_stop_has_a_signal_of_its_own() {
    let run = "trap 'echo int >> log; exit 9' INT; trap 'echo term >> log' TERM; echo up >> log; \
               while :; do sleep 0.1; done";
    let mut service = Service::new(run, &[("down-signal", "SIGINT\n")]);
    service.start().wait_lines("log", &["up"]);
    service.wait_state("phase", "up");
    service.tell("-t");
    service.wait_lines("log", &["up", "term"]);
    service.tell("-d");
    service.wait_state("ended-code", "9");
    assert_eq!(service.lines("log"), ["up", "term", "int"]);
}

#[test]
fn a_stop_has_a_deadline_and_so_has_a_restart() {
    let run = "trap '' TERM; echo up >> log; exec sleep 600";
    let mut service = Service::new(run, &[("timeout-kill", "300\n")]);
    service.start().wait_lines("log", &["up"]);
    service.wait_state("phase", "up");
    service.tell("-d");
    service.wait_state("ended-signal", "9");
    assert!(service.is("phase", "down"));
    service.tell("-u");
    service.wait_lines("log", &["up", "up"]);
    service.wait_state("phase", "up");
    service.tell("-du");
    service.wait_lines("log", &["up", "up", "up"]);
    service.wait_state("ended-signal", "9");
}

#[test]
fn further_bytes_are_signals() {
    let run = "for name in QUIT USR1 USR2; do trap \"echo $name >> log\" $name; done; \
               echo up >> log; while :; do sleep 0.1; done";
    let mut service = Service::new(run, &[]);
    service.start().wait_lines("log", &["up"]);
    service.wait_state("phase", "up");
    for (byte, name) in [(b'q', "QUIT"), (b'1', "USR1"), (b'2', "USR2")] {
        service.send(&[byte]);
        wait_for(SOON, name, || service.lines("log").last().is_some_and(|line| line == name));
    }
}

#[test]
fn too_many_short_lives_are_the_last_until_somebody_says_so() {
    let restart = "delay 50ms\nlongest 200ms\nlimit 4\n";
    let mut service = Service::new("echo >> starts; exit 7", &[("restart", restart)]);
    service.start().wait_state("given-up", "limit");
    assert!(service.is("short-lives", "4") && service.is("ended-code", "7"));
    assert!(service.is("phase", "down"));
    assert_eq!(service.lines("starts").len(), 4);
    let said = "supervise: warning: s is not started again: 4 short lives in a row, the last ended \
                with exit code 7; svc -u starts it\n";
    wait_for(SOON, "the reason", || service.said() == said);
    let text = service.svstat("/usr/bin/svstat");
    assert!(text.ends_with(" seconds, normally up\n"), "{text}");
    service.tell("-u");
    wait_for(SOON, "four more", || service.lines("starts").len() == 8);
    service.wait_state("given-up", "limit");
    // s6's name for it
    fs::remove_file(service.path.join("restart")).unwrap();
    fs::write(service.path.join("max-death-tally"), "1\n").unwrap();
    service.tell("-u");
    wait_for(SOON, "one more", || service.lines("starts").len() == 9);
    service.wait_state("given-up", "limit");
    assert!(service.is("short-lives", "1"));
}

#[test]
fn who_keeps_dying_young_is_flapping() {
    let mut service = Service::new("exit 1", &[("restart", "delay 50ms")]);
    service.start().wait_state("flapping", "yes");
    // whatever else a folder asks for, its status is the ancestor's
    let text = service.svstat("/usr/bin/svstat");
    assert!(text.starts_with("s: up ") || text.ends_with(", want up\n"), "{text}");
    service.script("run", "exec sleep 600");
    wait_for(SOON, "one that lives", || {
        let state = service.state();
        let is = |key: &str, value| state.get(key).is_some_and(|it| it == value);
        is("phase", "up") && is("ended-code", "1") && is("flapping", "yes")
    });
}

#[test]
fn files_that_are_not_understood_are_named_and_passed_over() {
    let files = [
        ("notification-fd", "1\n"),
        ("timeout-kill", "soon\n"),
        ("restart", "delay 1s\ndelay 2s\n"),
        ("max-death-tally", &*"1".repeat(2000)),
    ];
    let mut service = Service::new("echo up >> log; exec sleep 600", &files);
    fs::create_dir(service.path.join("down-signal")).unwrap();
    service.start().wait_lines("log", &["up"]);
    let passed =
        |file: &str, why: &str| format!("supervise: warning: s/{file} is passed over: {why}\n");
    let said = [
        passed("notification-fd", "write a descriptor from 3 to 31"),
        passed("timeout-kill", "write milliseconds, at most a day's, or 0 for no end by force"),
        passed("max-death-tally", "unable to read it: longer than 1024 bytes"),
        passed(
            "restart",
            "write lines such as `delay 1s`, `longest 60s`, `limit 5`, `within 60s`, each at most once",
        ),
    ];
    assert_eq!(service.said(), said.concat());
    service.wait_state("phase", "up");
    service.tell("-d");
    service.wait_state("ended-signal", "15");
}

/// A word as a plan has it.
fn word(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'!'..=b'~' if byte != b'%' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// A plan of a script in bash, and further lines.
fn plan(script: &str, lines: &str) -> String {
    let script = word(script);
    format!("plan 1\nfile /bin/bash\nargument bash\nargument -c\nargument {script}\n{lines}")
}

#[test]
fn a_plan_is_carried_out() {
    let out = Dir::new();
    fs::set_permissions(out.path(), Permissions::from_mode(0o777)).unwrap();
    let out = out.path();
    let script = format!(
        "cd {}; {{ id -u; id -g; id -G; umask; ulimit -Sn; ulimit -Hn; nice; echo \"$A,$B,$C,$HOME\"; \
         }} > facts.new; mv facts.new facts; exec sleep 600",
        out.display()
    );
    let text = plan(
        &script,
        "user 65534\ngroup 65534\nsupplementary-group 12345\nenvironment-empty\n\
         environment-set A one\nenvironment-set B two\nenvironment-directory ./env\n\
         limit open-files 20 30\nnice 3\numask 027\ndirectory /\n",
    );
    let mut service = Service::bare(&[("plan", &text)]);
    fs::create_dir(service.path.join("env")).unwrap();
    fs::write(service.path.join("env/B"), "").unwrap();
    fs::write(service.path.join("env/C"), "three \nfour\n").unwrap();
    service.start();
    let facts = || fs::read_to_string(out.join("facts")).unwrap_or_default();
    wait_for(SOON, format!("what it finds; {}", service.said()), || !facts().is_empty());
    let expected = "65534\n65534\n65534 12345\n0027\n20\n30\n3\none,,three,\n";
    assert_eq!(facts(), expected);
    service.wait_state("phase", "up");
    let old = service.state();
    // another plan is used by the next start, and the state says by which it was
    fs::write(service.path.join("plan"), plan(&script, "umask 077\n")).unwrap();
    assert_eq!(service.state().get("plan"), old.get("plan"));
    service.tell("-t");
    wait_for(SOON, "the other plan", || facts().lines().nth(3) == Some("0077"));
    wait_for(SOON, "its mark", || {
        let plan = service.state().remove("plan");
        plan.is_some() && plan.as_ref() != old.get("plan")
    });
    // one that is not understood starts nothing, and what runs goes on
    fs::write(service.path.join("plan"), "plan 1\nfile /bin/true\nlater yes\n").unwrap();
    service.tell("-k");
    let said = "supervise: warning: unable to start s, sleeping 60 seconds: unable to use s/plan: \
                line 3: unknown key `later`\n";
    wait_for(SOON, "what is wrong", || service.said() == said);
    wait_for(SOON, "its next try", || service.state().contains_key("next-start"));
    assert!(service.is("phase", "waiting"));
    // nobody has to wait for a minute
    fs::write(service.path.join("plan"), plan(&script, "")).unwrap();
    service.tell("-u");
    service.wait_state("phase", "up");
}

#[test]
fn what_a_plan_sends_to_standard_error_can_go_to_its_output() {
    let text = plan("echo out; echo err >&2; exec sleep 600", "stderr-to-stdout\n");
    let mut service = Service::bare(&[("plan", &text)]);
    let output = File::options().create(true).append(true).open(service.path.join("output"));
    service.start_between(Stdio::null(), output.unwrap());
    service.wait_lines("output", &["out", "err"]);
    assert_eq!(service.said(), "");
}

#[test]
fn a_plan_that_cannot_be_carried_out_says_so_and_is_tried_again() {
    let mut service = Service::bare(&[("plan", "plan 1\nfile /nowhere/x\nargument x\n")]);
    service.start();
    let said = "supervise: fatal: unable to start s: /nowhere/x: file does not exist\n";
    wait_for(SOON, "two tries", || service.said().matches(said).count() >= 2);
    service.wait_state("ended-code", "111");
    // a step on the way is named
    let mut service = Service::bare(&[("plan", &plan("exit 0", "directory /nowhere\n"))]);
    service.start();
    let said = "supervise: fatal: unable to start s: unable to change the directory: file does not \
                exist\n";
    wait_for(SOON, "what is wrong", || service.said().starts_with(said));
    let mut service = Service::bare(&[("plan", &plan("exit 0", "environment-directory ./gone\n"))]);
    service.start();
    let said = "supervise: warning: unable to start s, sleeping 60 seconds: unable to read directory \
                ./gone: file does not exist\n";
    wait_for(SOON, "what is wrong", || service.said() == said);
}

#[test]
fn a_log_is_written_by_its_user_into_a_folder_of_its_own() {
    let logs = Dir::new();
    fs::set_permissions(logs.path(), Permissions::from_mode(0o755)).unwrap();
    let folder = logs.path().join("above/s");
    let text = format!(
        "plan 1\nlog {}\nlog-size 4096\nlog-files 2\nlog-labels\nuser {NOBODY}\ngroup {NOBODY}\n",
        folder.display()
    );
    let mut service = Service::bare(&[("plan", &text)]);
    service.start_with(Stdio::piped());
    let mut input = service.supervisor.as_mut().unwrap().stdin.take().unwrap();
    input.write_all(b"a line\n").unwrap();
    let current = || fs::read_to_string(folder.join("current")).unwrap_or_default();
    wait_for(SOON, format!("the line; {}", service.said()), || current().ends_with(" a line\n"));
    assert!(current().starts_with("@4"), "{}", current());
    let of = |path: &std::path::Path| {
        let found = fs::metadata(path).unwrap();
        (found.uid(), found.gid(), found.mode() & 0o777)
    };
    assert_eq!(of(&folder), (NOBODY, NOBODY, 0o750));
    assert_eq!(of(folder.parent().unwrap()), (0, 0, 0o755));
    service.wait_state("phase", "up");
    let pid = service.state()["pid"].parse().unwrap();
    assert_eq!(proc_status(pid).unwrap().uids(), [NOBODY; 4]);
    // the next one goes on in the same folder
    service.tell("-t");
    input.write_all(b"another\n").unwrap();
    wait_for(SOON, "the other line", || current().ends_with(" another\n"));
    assert_eq!(current().lines().count(), 2);
}
