//! Small files of the host that are read beside a configuration.

use super::{Outcome, Target, signature};
use portreeve_dialect::services::Table;
use portreeve_supervise::plan::Plan;

/// /etc/services.
pub(super) const SERVICES: Target = Target {
    name: "services",
    about: "services(5)",
    check: services,
    seeds: || vec![b"ssh 22/tcp secure\n# c\nwww 80/tcp http # x\nbad /tcp\ndns 53/udp\n".into()],
    words: || ["tcp", "udp", "/", "22/tcp", "65536/tcp"].map(String::from).to_vec(),
    longest: 64 << 10,
};

fn services(bytes: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(bytes);
    let table = Table::parse(&text);
    let ports = ["ssh", "www", "http", "dns"].map(|name| table.port(name, "tcp").is_some());
    Ok(signature(ports.map(|found| if found { "found" } else { "absent" })))
}

/// `plan` in a kept service's folder.
pub(super) const PLAN: Target = Target {
    name: "plan",
    about: "what a supervisor starts, and how",
    check: plan,
    seeds: || {
        let all = "plan 1\nfile /x\nargument x\nargument %\nuser 1\ngroup 2\nsupplementary-group 3\n\
                   chroot /a\ndirectory /b\nenvironment-empty\nenvironment-pass LANG\n\
                   environment-set A %20b\nenvironment-directory ./env\nlimit stack 1 unlimited\n\
                   nice -5\numask 077\nno-new-privs\nnew-session\nstderr-to-stdout\nready 3\nfinish ./f\n\
                   finish-argument f\nfinish-timeout none\nstop-signal HUP\nkill-after 5000ms\n\
                   restart-delay 1ms\nrestart-longest 9ms\nrestart-limit 5\nrestart-within 0ms\n";
        let log = "plan 1\nlog /l\nlog-size 4096\nlog-files 2\nlog-labels\n";
        vec![all.into(), log.into()]
    },
    words: || {
        ["plan 1\n", "file /", "argument ", "%00", "%41", "ms\n", "none\n"]
            .map(String::from)
            .to_vec()
    },
    longest: 64 << 10,
};

/// What is read is written as a text that is read as the same.
fn plan(bytes: &[u8]) -> Outcome {
    let plan = match Plan::parse(bytes) {
        Ok(plan) => plan,
        Err(bad) => return Ok(signature([bad.to_string().split(": ").last().unwrap_or_default()])),
    };
    match Plan::parse(plan.to_text().as_bytes()) {
        Ok(again) if again == plan => Ok(signature(["plan"])),
        again => Err(format!("{plan:?} is written as another: {again:?}")),
    }
}
