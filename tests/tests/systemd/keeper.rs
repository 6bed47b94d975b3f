//! `portreeve-keeper.service` beside `portreeved.service`.

use crate::kit::{CONFIGURATION, Session, host, processes, property, runs, systemctl, waits};
use portreeve_testkit::{Root, wait_for};
use portreeve_tests::SOON;

const DOOR: &str = "portreeved.service";
const KEEPER: &str = "portreeve-keeper.service";

/// A kept service, which says how often it was started.
const KEPT: &str = "\n[service.kept]\nkeep = true\nuser = \"root\"\nlog = true\n\
    run = [\"/bin/bash\", \"-c\", \"echo started; exec -a kept sleep 10000\"]\n";

/// The one process of the kept service.
fn kept(root: &Root) -> Option<String> {
    match processes(root, "sleep").as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

fn starts(root: &Root) -> usize {
    root.read("/var/log/portreeve-services/kept/current").matches("started").count()
}

#[test]
fn services_and_sessions_outlive_all_that_happens_to_the_units() {
    let Some(root) = host(&[DOOR, KEEPER]) else { return };
    root.write("/etc/portreeve/portreeve.toml", format!("{CONFIGURATION}{KEPT}"), 0o644);
    systemctl(&root, &format!("start {DOOR} {KEEPER}"));
    let (mut door, mut keeper) = (runs(&root, DOOR, "0"), runs(&root, KEEPER, "0"));
    wait_for(SOON, "the service", || kept(&root).is_some() && starts(&root) == 1);
    let pid = kept(&root).expect("it runs");
    let mut session = Session::begin(&root);
    for unit in [DOOR, KEEPER] {
        for deed in ["restart", "kill --kill-who=main --signal=KILL", "reload"] {
            systemctl(&root, &format!("{deed} {unit}"));
            let before = if unit == DOOR { &mut door } else { &mut keeper };
            let not = if deed == "reload" { "0".to_owned() } else { before.clone() };
            *before = runs(&root, unit, &not);
            // a keeper has its services when it answers for them
            waits(&root, "portreeve-tools svok /run/portreeve/services/kept");
            session.lives(deed);
            assert_eq!(kept(&root), Some(pid.clone()), "{deed} {unit}");
        }
    }
    // all at once
    systemctl(&root, &format!("kill --kill-who=main --signal=KILL {DOOR} {KEEPER}"));
    door = runs(&root, DOOR, &door);
    keeper = runs(&root, KEEPER, &keeper);
    waits(&root, "portreeve-tools svok /run/portreeve/services/kept");
    session.lives("after both");
    assert_eq!((kept(&root), starts(&root)), (Some(pid.clone()), 1));
    // as the kernel ends one for want of memory: the unit lives, and the service is started again
    root.bash(&format!("kill -KILL {pid}"));
    wait_for(SOON, "the next start", || {
        starts(&root) == 2 && kept(&root).is_some_and(|now| now != pid)
    });
    assert_eq!(
        (property(&root, KEEPER, "MainPID"), property(&root, DOOR, "MainPID")),
        (keeper, door)
    );
    // without a keeper it goes on, and the next one finds it
    let pid = kept(&root);
    systemctl(&root, &format!("stop {KEEPER}"));
    assert_eq!(kept(&root), pid);
    systemctl(&root, &format!("start {KEEPER}"));
    waits(&root, "portreeve-tools svok /run/portreeve/services/kept");
    assert_eq!((kept(&root), starts(&root)), (pid, 2));
    session.lives("at the end");
}
