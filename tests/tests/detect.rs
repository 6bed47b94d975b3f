//! What the command says of logs: of the example's, and of lines that are still being written.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test, which runs the command"
)]

use portreeve_testkit::{bin_dir, wait_for};
use portreeve_tests::{SOON, example};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// The command, whose answers come line by line. It ends when its input does, or with its test.
struct Detect {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Detect {
    fn start(args: &[&str]) -> Self {
        let mut command = Command::new(bin_dir().join("portreeve"));
        command.args(["detect", "--zone", "UTC", "--now", "2026-11-22T12:00:00Z"]).args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        let (to, lines) = channel();
        thread::spawn(move || {
            let read = BufReader::new(output).lines().map_while(Result::ok);
            read.for_each(|line| drop(to.send(line)));
        });
        Self { child, input, lines }
    }

    fn give(&mut self, text: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(text.as_bytes()).unwrap();
    }

    fn answer(&self) -> Value {
        let line = self.lines.recv_timeout(SOON).expect("an answer");
        serde_json::from_str(&line).unwrap()
    }

    /// Ends the input; the answers that were left, and the exit status.
    fn end(mut self) -> (Vec<Value>, Option<i32>) {
        self.input = None;
        let mut status = None;
        wait_for(SOON, "the command's end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let mut left = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(SOON) {
            left.push(serde_json::from_str(&line).unwrap());
        }
        (left, status.and_then(|status| status.code()))
    }
}

impl Drop for Detect {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_example_charges_those_who_did_it_and_no_bystander() {
    let mut detect = Detect::start(&["--json"]);
    detect.give(&example("detect/auth.log"));
    let (found, exit) = detect.end();
    let said: Vec<_> = found
        .iter()
        .map(|one| (&one["line"], &one["time"], &one["offence"], &one["addr"], &one["user"]))
        .map(|(line, time, offence, addr, user)| json!([line, time, offence, addr, user]))
        .collect();
    let bad = "invalid-user";
    let want = [
        json!([3, "2026-11-22T03:14:09+00:00", "auth-failed", "203.0.113.9", "root"]),
        json!([5, "2026-11-22T03:15:40+00:00", bad, "2001:db8:66::9", "oracle"]),
        json!([7, "2026-11-22T03:16:03+00:00", bad, "203.0.113.9", "x from 198.51.100.7"]),
        json!([8, "2026-11-22T03:16:30+00:00", "auth-failed", null, "alice"]),
        json!([9, "2026-11-22T03:16:55+00:00", bad, null, "oracle"]),
    ];
    assert_eq!(said, want);
    assert_eq!(exit, Some(0));
}

#[test]
fn lines_that_are_still_being_written_are_answered_as_they_come() {
    let mut detect = Detect::start(&["--json", "-"]);
    for port in [4711, 4712, 4713] {
        // the line comes in two pieces, and the answer before the next line
        detect.give("Nov 22 10:00:00 gate sshd[71]: Failed password for root from 192.0.2.7 ");
        detect.give(&format!("port {port} ssh2\n"));
        assert_eq!(detect.answer()["addr"], "192.0.2.7");
    }
    // one without an end is a line all the same
    detect.give("Nov 22 10:00:09 gate sshd[72]: Invalid user x from 192.0.2.8 port 4714");
    let (left, exit) = detect.end();
    let addresses: Vec<_> = left.iter().map(|one| &one["addr"]).collect();
    assert_eq!((addresses, exit), (vec![&json!("192.0.2.8")], Some(0)));
}
