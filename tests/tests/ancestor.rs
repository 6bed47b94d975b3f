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
#[path = "ancestor/limits.rs"]
mod limits;
#[path = "ancestor/listening.rs"]
mod listening;
#[path = "ancestor/logs.rs"]
mod logs;
#[path = "ancestor/merging.rs"]
mod merging;
#[path = "ancestor/refused.rs"]
mod refused;
#[path = "ancestor/seeds.rs"]
mod seeds;
#[path = "ancestor/traps.rs"]
mod traps;

use portreeve_tests::compare::{Compared, Input, Scene, Side, allowed, differences};

fn run(scene: &Scene) {
    let stage = scene.stage();
    let ancestor = scene.run(&stage.world, Side::Ancestor);
    let ours = scene.run(&stage.world, Side::Ours);
    let compared = differences(scene, &ancestor, &ours);
    let Compared { connections, fields, allowed, .. } = &compared;
    let figures =
        format!("{}: {connections} connections, {fields} fields, {allowed:?}", scene.name);
    assert!(compared.wrong.is_empty(), "{figures}\n{}", compared.wrong.join("\n"));
    portreeve_tests::figures(&figures);
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
    who_may_come_in_by_address access::allowed();
    who_may_come_in_by_address_too access::allowed_too();
    who_may_not_come_in access::denied();
    who_may_come_in_by_ipv6_address access::ipv6();
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

/// Each row shows in a scene: the predicate applies, and where it applies the test of that scene
/// fails unless the difference is there.
#[test]
fn every_allowed_difference_shows_somewhere() {
    let scenes = scenes();
    let entries: Vec<_> = scenes.iter().map(|scene| (scene, scene.entries())).collect();
    let inputs = entries.iter().flat_map(|(scene, entries)| {
        scene.scripts.iter().flat_map(move |script| Input::all(scene, entries, script))
    });
    let inputs: Vec<_> = inputs.collect();
    for (number, allowed) in allowed::ALL.iter().enumerate() {
        assert!(inputs.iter().any(|input| (allowed.when)(input)), "row {number}, {allowed:?}");
    }
    let mut names: Vec<_> = scenes.iter().map(|scene| scene.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), scenes.len(), "scenes of one name");
}

/// The names are those of the book.
#[test]
fn every_allowed_difference_is_named_in_the_book() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/xinetd.md");
    #[expect(clippy::disallowed_methods, reason = "a file of this project")]
    let book = std::fs::read_to_string(path).unwrap();
    let (_, book) = book.split_once("## Where the outcome differs").unwrap();
    let (table, _) = book.split_once("\n## ").unwrap();
    let allowed = allowed::ALL.iter().map(|allowed| allowed.defect);
    for defect in allowed.chain(refused::defects()) {
        let row = format!("\n| {defect} |");
        assert_eq!(table.matches(&row).count(), 1, "{defect} in {path}");
    }
}
