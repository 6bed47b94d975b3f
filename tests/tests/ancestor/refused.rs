//! Mistakes with which xinetd runs a service without the restriction that was meant, or with less
//! of it: the peer is let in there, and portreeve refuses the whole configuration and says why.

use portreeve_tests::compare::{Entry, Scene, Side, Verdict, from};
use std::time::Duration;

/// (as the book names it, the code, the lines of the entry)
const MISTAKES: &[(&str, &str, &str)] = &[
    ("voided-limit", "xinetd-trailing-comment", "instances = 0 # nobody"),
    ("voided-limit", "xinetd-value-count", "per_source = 0 0"),
    ("unknown-attribute", "xinetd-unknown-attribute", "only_form = 10.1.2.3"),
    ("ignored-operator", "xinetd-operator", "instances += 0"),
    ("second-setting", "xinetd-repeated", "instances = UNLIMITED\ninstances = 0"),
    ("forgotten-denial", "xinetd-list-replaced", "no_access = 192.168.0.50\nno_access = 10.1.2.3"),
    (
        "vain-removal",
        "xinetd-remove-unmatched",
        "only_from = 192.168.0.0\nonly_from -= 192.168.0.50",
    ),
    ("revived-service", "xinetd-revived", "only_from = 192.168.0.50 10.1.{1\ndisable = no"),
    ("placeholder", "xinetd-placeholder-address", "no_access = 192.168.???.???"),
    ("dropped-word", "xinetd-wrappers-word", "no_access = ALL"),
    ("dropped-word", "xinetd-wrappers-word", "no_access = 192.168.0.*"),
    ("mask", "xinetd-prefix-length", "no_access = 192.168.0.0/33"),
    ("short-address", "xinetd-classic-address", "no_access = 192.168"),
    ("short-address", "xinetd-short-prefix", "no_access = 192.168/16"),
    ("half-sensor", "xinetd-deny-time", "deny_time = 60"),
    ("vain-idonly", "xinetd-idonly", "flags = IDONLY"),
    ("loose-numbers", "xinetd-bad-value", "max_load = 5000x"),
];

/// Checks each file of a folder, and writes its name, the exit status and the findings.
const CHECK: &str = r##"
for file in "$1"/*; do
    echo "==== ${file##*/}"
    "$0" check --xinetd "$file" 2>&1
    echo "exit $?"
done
"##;

#[test]
fn what_xinetd_lets_pass_is_refused_with_a_code() {
    let mut scene = Scene::new("refused");
    for (defect, _, lines) in MISTAKES {
        scene.visit(defect, lines, from("192.168.0.50"));
    }
    let world = scene.stage().world;
    let ancestor = scene.run(&world, Side::Ancestor);
    let folder = world.dir().join("mistakes");
    let entries = scene.entries().into_iter().filter(|entry| !entry.is_defaults());
    let entries: Vec<Entry> = entries.collect();
    assert_eq!(entries.len(), MISTAKES.len());
    for (number, entry) in entries.iter().enumerate() {
        let text = entry.text().replace("PROBE", "/bin/true");
        world.write(folder.join(format!("{number:02}")), text);
    }
    let mut command = world.door("sh");
    command.args(["-c", CHECK]).arg(world.bin("portreeve")).arg(&folder);
    let output = world.run(command, Duration::from_secs(60));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let answers: Vec<&str> = said.split("==== ").filter(|answer| !answer.is_empty()).collect();
    assert_eq!(answers.len(), MISTAKES.len(), "{said}");
    for (((defect, code, lines), told), answer) in MISTAKES.iter().zip(&ancestor).zip(answers) {
        let verdict = told.told[0].verdict("");
        assert_eq!(verdict, Verdict::Served, "{defect} in xinetd: `{lines}`");
        assert!(answer.contains(&format!("error[{code}]")), "{defect}: {answer}");
        assert!(answer.trim_end().ends_with("exit 78"), "{defect}: {answer}");
    }
}

/// The names of the rows.
pub(crate) fn defects() -> impl Iterator<Item = &'static str> {
    MISTAKES.iter().map(|(defect, ..)| *defect)
}
