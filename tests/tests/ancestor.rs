//! The same entries under the real xinetd and under portreeved, by the same script: whether each
//! connection is served, every byte it is told, how it ends, and everything the service's process
//! was given, field by field; and the records in the service logs.
#![forbid(unsafe_code)]

#[path = "ancestor/access.rs"]
mod access;
#[path = "ancestor/attributes.rs"]
mod attributes;
#[path = "ancestor/banners.rs"]
mod banners;
#[path = "ancestor/broken.rs"]
mod broken;
#[path = "ancestor/clock.rs"]
mod clock;
#[path = "ancestor/limits.rs"]
mod limits;
#[path = "ancestor/listening.rs"]
mod listening;
#[path = "ancestor/logs.rs"]
mod logs;
#[path = "ancestor/merging.rs"]
mod merging;
#[path = "ancestor/seeds.rs"]
mod seeds;
#[path = "ancestor/traps.rs"]
mod traps;

use portreeve_tests::compare::{Scene, Side, differences};

fn run(scene: &Scene) {
    let stage = scene.stage();
    let ancestor = scene.run(&stage.world, Side::Ancestor);
    if std::env::var_os("ONLY_ANCESTOR").is_some() {
        println!("##### {}", scene.name);
        for (s, o) in scene.scripts.iter().zip(&ancestor) {
            println!("== {}", s.name);
            for (v, t) in s.visits().zip(&o.told) {
                println!(
                    "  {} {} {:?} {:?} {:.60?} {:?} {:?} {}",
                    v.peer,
                    v.to,
                    t.verdict(v.says),
                    t.connected.as_ref().err(),
                    t.words,
                    t.after,
                    t.end,
                    t.report
                        .as_ref()
                        .map(|r| format!(
                            "{} {}",
                            r["environment"]["REMOTE_HOST"], r["connection"]["peer"]
                        ))
                        .unwrap_or_default()
                );
            }
            for l in &o.log {
                println!("     {} {}: {} {}", l.place, l.kind, l.id, l.rest);
            }
        }
        return;
    }
    let ours = scene.run(&stage.world, Side::Ours);
    let compared = differences(scene, &ancestor, &ours);
    assert!(compared.wrong.is_empty(), "{}", compared.wrong.join("\n"));
}

macro_rules! scenes {
    ($($test:ident $scene:expr;)+) => {
        /// Every scene.
        fn scenes() -> Vec<Scene> {
            vec![$($scene),+]
        }

        $(#[test] fn $test() { run(&$scene); })+
    };
}

scenes! {
    what_a_service_is_given attributes::scene();
    who_may_come_in_by_address access::addresses();
    who_may_come_in_by_name access::names();
    how_many_may_come_in limits::counts();
    how_fast_they_may_come_in limits::rates();
    under_which_load_they_may_come_in limits::load();
    when_they_may_come_in limits::hours();
    what_peers_are_told banners::scene();
    what_is_written logs::scene();
    who_the_peer_says_it_is logs::ident();
    whom_a_trap_shuts_out traps::scene();
    where_services_listen listening::scene();
    what_cannot_be_started broken::scene();
    what_defaults_give merging::defaults();
    where_defaults_bind merging::bound();
    which_entries_are_left_out merging::disabled();
    which_entries_alone_are_in_force merging::enabled();
    entries_in_other_files merging::included();
    defaults_after_a_service merging::late();
    the_printed_entries seeds::securing();
    the_cookbooks_entry_when_open seeds::cookbook(true);
    the_cookbooks_entry_when_closed seeds::cookbook(false);
}

#[test]
fn no_two_scenes_have_one_name() {
    let mut names: Vec<_> = scenes().iter().map(|scene| scene.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), scenes().len());
}
