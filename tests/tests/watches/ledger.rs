//! What was booked, by the numbers of the lines.

use portreeve_testkit::World;
use portreeve_tests::events;
use std::collections::BTreeMap;

/// How often each number is in the ledger.
pub(crate) fn rows(world: &World) -> BTreeMap<u32, u32> {
    let script = "import sqlite3\n\
                  db=sqlite3.connect('file:/var/lib/portreeve/ledger.sqlite?mode=ro',uri=True,timeout=30)\n\
                  for row in db.execute(\"select user,count(*) from offences where user is not null \
                  group by user\"): print(row[0],row[1])\n";
    let text = world.door_run(&["python3", "-c", script]);
    let row = |line: &str| {
        let (user, count) = line.split_once(' ').unwrap();
        (number(user), count.parse().unwrap())
    };
    text.lines().map(row).collect()
}

/// How often each is in the event log.
pub(crate) fn told(world: &World) -> BTreeMap<u32, u32> {
    let mut told = BTreeMap::new();
    for event in events(world).iter().filter(|event| event["event"] == "offence") {
        if let Some(user) = event["user"].as_str() {
            *told.entry(number(user)).or_default() += 1;
        }
    }
    told
}

fn number(user: &str) -> u32 {
    user.trim_start_matches('u').parse().unwrap()
}
