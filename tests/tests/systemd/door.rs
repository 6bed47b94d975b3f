//! `portreeved.service`.

use crate::kit::{CONFIGURATION, Session, host, processes, property, runs, systemctl, waits};
use portreeve_testkit::wait_for;
use portreeve_tests::SOON;

const UNIT: &str = "portreeved.service";

#[test]
fn sessions_outlive_all_that_happens_to_the_unit() {
    let Some(root) = host(&[UNIT]) else { return };
    systemctl(&root, &format!("start {UNIT}"));
    let first = runs(&root, UNIT, "0");
    let mut session = Session::begin(&root);
    let cat = processes(&root, "cat");
    assert_eq!(cat.len(), 1);

    systemctl(&root, &format!("restart {UNIT}"));
    let second = runs(&root, UNIT, &first);
    session.lives("after a restart");
    let other = Session::begin(&root);

    // what reads the configuration anew serves what is new in it
    let more = CONFIGURATION.replace(".cat]", ".more]").replace(":700", ":701");
    root.write("/etc/portreeve/portreeve.toml", format!("{CONFIGURATION}\n{more}"), 0o644);
    systemctl(&root, &format!("reload {UNIT}"));
    waits(&root, "exec 3<>/dev/tcp/127.0.0.1/701; echo hi >&3; read line <&3; [ $line = hi ]");
    assert_eq!(property(&root, UNIT, "MainPID"), second);
    session.lives("after a reload");

    // as the kernel ends one for want of memory
    let victim = processes(&root, "cat").into_iter().find(|pid| !cat.contains(pid));
    root.bash(&format!("kill -KILL {}", victim.expect("the other session")));
    other.over();
    session.lives("after another's death");
    assert_eq!(property(&root, UNIT, "ActiveState"), "active");
    assert_eq!(property(&root, UNIT, "MainPID"), second);

    systemctl(&root, &format!("kill --kill-who=main --signal=KILL {UNIT}"));
    let third = runs(&root, UNIT, &second);
    assert_eq!(property(&root, UNIT, "NRestarts"), "1");
    session.lives("after a crash");
    drop(Session::begin(&root));

    systemctl(&root, &format!("stop {UNIT}"));
    assert_eq!(property(&root, UNIT, "ActiveState"), "inactive");
    session.lives("without a door");
    systemctl(&root, &format!("start {UNIT}"));
    runs(&root, UNIT, &third);
    session.lives("with the next door");
    wait_for(SOON, "one session", || processes(&root, "cat") == cat);
}
