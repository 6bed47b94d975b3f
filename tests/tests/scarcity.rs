//! Services that stay up where there is no room on the disk, or nothing may be written.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which runs programs and reads their files")]

use portreeve_testkit::{Root, wait_for};
use portreeve_tests::SOON;
use std::fs::{self, File};
use std::process::{Child, Stdio};

/// A host with a small file system at `/service`, and a keeper of it.
struct Stage {
    root: Root,
    keeper: Option<Child>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            let _ = keeper.kill();
            let _ = keeper.wait();
        }
        if std::thread::panicking() {
            portreeve_tests::figures(&self.said());
        }
    }
}

impl Stage {
    fn new() -> Self {
        let root = Root::new();
        root.bash("mkdir /data; mount -t tmpfs -o size=128k small /service");
        root.write(
            "/service/s/run",
            "#!/bin/bash\nexec 9>>/data/lock\nflock -w 10 9 || echo $$ >>/data/second\n\
             echo $$ >>/data/starts\nread -u 8 8<> <(:)\n",
            0o755,
        );
        Self { root, keeper: None }
    }

    fn keep(&mut self) {
        let mut command = self.root.command("portreeve-tools");
        let said = File::create(self.root.dir().join("said")).expect("a file");
        command.args(["svscan", "/service"]).stdout(Stdio::null()).stderr(said);
        self.keeper = Some(command.spawn().expect("start it"));
    }

    fn said(&self) -> String {
        fs::read_to_string(self.root.dir().join("said")).unwrap_or_default()
    }

    /// Numbers of the copies that were started.
    fn starts(&self) -> Vec<String> {
        self.root.read("/data/starts").lines().map(str::to_owned).collect()
    }

    /// Waits for another start, and returns which process it is.
    fn started(&self, count: usize) -> String {
        wait_for(SOON, format!("start {count}"), || self.starts().len() >= count);
        assert_eq!((self.starts().len(), self.root.read("/data/second")), (count, String::new()));
        self.starts().pop().unwrap_or_default()
    }

    fn kill(&self, pid: &str) {
        self.root.bash(&format!("kill -KILL {pid}"));
    }

    fn svstat(&self) -> String {
        self.root.bash("portreeve-tools svstat /service/s")
    }

    /// Waits until the status names this process.
    fn shows(&self, pid: &str) {
        let line = format!("/service/s: up (pid {pid}) ");
        wait_for(SOON, &line, || self.svstat().starts_with(&line));
    }
}

#[test]
fn a_full_disk_keeps_no_service_down_and_no_worker_makes_two_of_one() {
    let mut stage = Stage::new();
    stage.keep();
    let mut pid = stage.started(1);
    stage.shows(&pid);
    stage.root.bash("cat /dev/zero >/service/fill 2>/dev/null || true");
    for count in 2..4 {
        stage.kill(&pid);
        pid = stage.started(count);
        // what tells of it is written over in its place, which takes no room
        stage.shows(&pid);
    }
    // who keeps it dies, and the next one knows it all the same
    let worker = stage.root.bash("pgrep -x svscan-worker");
    stage.kill(worker.trim());
    wait_for(SOON, "the next worker", || {
        let now = stage.root.run(&["pgrep", "-x", "svscan-worker"]).stdout;
        !now.is_empty() && now != worker.as_bytes()
    });
    stage.root.bash("rm /service/fill");
    stage.kill(&pid);
    pid = stage.started(4);
    stage.shows(&pid);
}

#[test]
fn a_folder_that_cannot_be_written_is_named_and_taken_when_it_can() {
    let mut stage = Stage::new();
    // as another keeper has left it
    stage.root.bash("mkdir -m 0700 /service/s/supervise; mount -o remount,ro /service");
    stage.keep();
    wait_for(SOON, "a word about it", || {
        stage.said().contains("unable to acquire") && stage.said().contains("read-only file system")
    });
    assert!(stage.starts().is_empty());
    stage.root.bash("mount -o remount,rw /service");
    let pid = stage.started(1);
    stage.shows(&pid);
}
