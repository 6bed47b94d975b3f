//! What a rule asks a process: `aclexec`, and netgroups.

use crate::kit::{netgroups, out, rules, service, told};
use portreeve_testkit::{World, wait_for};
use portreeve_tests::{Door, SOON};

const RUN: &str = "run = [\"/bin/echo\", \"in\"]\nuser = \"thisuser\"";

#[test]
fn an_aclexec_decides_and_what_does_not_answer_lets_nobody_in() {
    let world = World::standard();
    out(&world);
    let asks = "test %a = 192.168.0.50";
    let allow = format!(
        "yes: ALL: setenv A b : aclexec {asks} && test $A = b && test $(id -un) = thisuser\n\
         silent: ALL: aclexec echo to the client\n\
         no: ALL: aclexec exit 3\n\
         no-but: ALL: aclexec false : allow\n\
         missing: ALL: aclexec /no/such/command\n\
         hangs: ALL: aclexec echo $$ >/run/out/hangs; exec sleep 600\n"
    );
    let deny = "yes silent no no-but: ALL\nunless: ALL: aclexec test %a = 203.0.113.7\n";
    rules(&world, &allow, deny);
    let daemons = ["yes", "silent", "no", "no-but", "missing", "hangs", "unless"];
    let services: String =
        (700..).zip(daemons).map(|(port, daemon)| service(daemon, port, RUN)).collect();
    let door = Door::native(&world, &services);
    let said = |client: &str, daemon: &str| {
        let port = daemons.iter().position(|it| *it == daemon).expect("a service") + 700;
        told(&world, client, &format!("192.168.0.1:{port}"))
    };
    assert_eq!(said("lan", "yes"), "in\n");
    assert_eq!(said("far", "yes"), "", "the test fails for this one");
    assert_eq!(said("lan", "silent"), "in\n", "its output is nobody's");
    assert_eq!(said("lan", "no"), "");
    let answered = door.expect("rule-command", |e| e["service"] == "no");
    assert_eq!(answered["outcome"], "exited with status 3", "{answered:#}");
    assert_eq!(said("lan", "no-but"), "", "what stands behind it does not count");
    assert_eq!(
        said("lan", "missing"),
        "",
        "who would come in by default does not come in by failure"
    );
    assert_eq!(said("lan", "unless"), "in\n");
    assert_eq!(said("far", "unless"), "");
    // one that hangs holds up nobody else, and is ended
    let waiting = world.connect("lan", "192.168.0.1:705").expect("connect");
    wait_for(SOON, "it to be asked", || {
        world.exists("/run/out/hangs") && world.read("/run/out/hangs").ends_with('\n')
    });
    assert_eq!(said("lan", "yes"), "in\n", "others go on");
    let ended = door.expect("rule-command", |e| e["service"] == "hangs");
    assert_eq!(ended["outcome"], "ended: it took too long", "{ended:#}");
    let refused = door.expect("refused", |e| e["service"] == "hangs");
    assert_eq!(refused["reason"], "hosts-access", "{refused:#}");
    drop(waiting);
    door.stop();
}

#[test]
fn netgroups_are_asked_for_by_the_hosts_name() {
    let world = World::standard();
    out(&world);
    netgroups(&world);
    rules(&world, "members: @lans\nstrangers: @others\n", "ALL: ALL\n");
    let services = service("members", 700, RUN) + &service("strangers", 701, RUN);
    let door = Door::native(&world, &services);
    assert_eq!(told(&world, "lan", "192.168.0.1:700"), "in\n");
    assert_eq!(told(&world, "lan", "192.168.0.1:701"), "");
    door.stop();
}
