//! Two outcomes, field by field.

use super::allowed::{ALL, What};
use super::{Input, Outcome, Scene, Told, Verdict};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a comparison found.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// What differs and may not, or may and does not.
    pub wrong: Vec<String>,
    /// How often each allowed difference showed.
    pub allowed: BTreeMap<&'static str, usize>,
    /// Connections compared.
    pub connections: usize,
    /// Fields compared.
    pub fields: usize,
}

/// Compares what came of each script under the ancestor and under the door.
#[must_use]
pub fn differences(scene: &Scene, ancestor: &[Outcome], ours: &[Outcome]) -> Compared {
    let entries = scene.entries();
    let mut compared = Compared::default();
    for ((script, ancestor), ours) in scene.scripts.iter().zip(ancestor).zip(ours) {
        let inputs = Input::all(scene, &entries, script);
        let mut one =
            OneScript { inputs, ancestor: ancestor.clone(), ours, compared: &mut compared };
        one.compare(&format!("{}: {}", scene.name, script.name));
    }
    compared
}

struct OneScript<'a> {
    inputs: Vec<Input<'a>>,
    ancestor: Outcome,
    ours: &'a Outcome,
    compared: &'a mut Compared,
}

impl OneScript<'_> {
    fn compare(&mut self, name: &str) {
        let mut log = true;
        let mut mended: BTreeMap<&'static str, bool> = BTreeMap::new();
        for (at, input) in self.inputs.clone().iter().enumerate() {
            let place =
                format!("{name}: connection {at} from {} to {}", input.visit.peer, input.visit.to);
            self.compared.connections += 1;
            match self.instead(input, &place) {
                true => log = false,
                false => {
                    self.mend(input, &mut mended);
                    let (theirs, ours) = (&self.ancestor.told[at], &self.ours.told[at]);
                    let (wrong, fields) = fields(theirs, ours, input.visit.says);
                    self.compared.fields += fields;
                    self.compared.wrong.extend(wrong.iter().map(|line| format!("{place}: {line}")));
                }
            }
        }
        let idle = mended.iter().filter(|(_, shown)| !**shown);
        let idle = idle.map(|(defect, _)| format!("{name}: `{defect}` does not show"));
        self.compared.wrong.extend(idle);
        if log {
            super::record::normalise(&mut self.ancestor.log);
            self.compared.fields += self.ours.log.len();
            if self.ancestor.log != self.ours.log {
                let show = |log: &[super::LogLine]| {
                    let lines = log
                        .iter()
                        .map(|l| format!("\n    {} {}: {} {}", l.place, l.kind, l.id, l.rest));
                    lines.collect::<String>()
                };
                self.compared.wrong.push(format!(
                    "{name}: the log: xinetd{}\n  portreeve{}",
                    show(&self.ancestor.log),
                    show(&self.ours.log)
                ));
            }
        }
    }

    /// Whether a prescribed verdict stands in for the comparison.
    fn instead(&mut self, input: &Input<'_>, place: &str) -> bool {
        let mut found = false;
        for allowed in ALL {
            let What::Instead(wanted) = allowed.what else { continue };
            if !(allowed.when)(input) {
                continue;
            }
            found = true;
            *self.compared.allowed.entry(allowed.defect).or_default() += 1;
            let said = input.visit.says;
            let ours = self.ours.told[input.nth].verdict(said);
            let theirs = self.ancestor.told[input.nth].verdict(said);
            if ours != wanted {
                let told = &self.ours.told[input.nth];
                self.compared.wrong.push(format!(
                    "{place}: `{}` prescribes {wanted:?}, not {ours:?}: {told:?}",
                    allowed.defect
                ));
            }
            if theirs == wanted {
                self.compared.wrong.push(format!(
                    "{place}: `{}` does not show: the ancestor does it too",
                    allowed.defect
                ));
            }
        }
        found
    }

    /// Mends what the ancestor did, and notes which defects showed.
    fn mend(&mut self, input: &Input<'_>, mended: &mut BTreeMap<&'static str, bool>) {
        for allowed in ALL {
            let What::Mended(mend) = allowed.what else { continue };
            if !(allowed.when)(input) {
                continue;
            }
            let before = self.ancestor.clone();
            mend(input, &mut self.ancestor);
            let shown = self.ancestor != before;
            *mended.entry(allowed.defect).or_default() |= shown;
            *self.compared.allowed.entry(allowed.defect).or_default() += usize::from(shown);
        }
    }
}

/// What differs between two connections, and how many fields were looked at.
fn fields(theirs: &Told, ours: &Told, said: &str) -> (Vec<String>, usize) {
    let refused = |told: &Told| told.verdict(said) == Verdict::Refused;
    let spoke = !said.is_empty() && refused(theirs) && refused(ours);
    let (theirs, ours) = (flat(theirs), flat(ours));
    let names: std::collections::BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    let absent = "nothing".to_owned();
    // Whether what a refused peer said meets an open socket is chance.
    // Where only one was served, that says it all.
    let served = theirs.contains_key("report") == ours.contains_key("report");
    let names = names.into_iter().filter(|name| served || !name.starts_with("report."));
    let names = names.filter(|name| !spoke || *name != "end");
    let names: Vec<&String> = names.collect();
    let wrong = names.iter().filter_map(|name| {
        let (a, b) = (theirs.get(*name).unwrap_or(&absent), ours.get(*name).unwrap_or(&absent));
        (a != b).then(|| format!("{name}: xinetd {a}, portreeve {b}"))
    });
    (wrong.collect(), names.len())
}

fn flat(told: &Told) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::from([
        ("connected".to_owned(), format!("{:?}", told.connected)),
        ("words".to_owned(), format!("{:?}", told.words)),
        ("after".to_owned(), format!("{:?}", told.after)),
        ("end".to_owned(), format!("{:?}", told.end)),
    ]);
    if let Some(report) = &told.report {
        fields.insert("report".to_owned(), "something".to_owned());
        leaves("report", report, &mut fields);
    }
    fields
}

fn leaves(name: &str, value: &Value, fields: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                leaves(&format!("{name}.{key}"), value, fields);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            fields.insert(name.to_owned(), value.to_string());
        }
    }
}

/// The verdict of a connection under the door, for tests that look at it alone.
impl Outcome {
    /// The verdict of one connection of a script.
    #[must_use]
    pub fn verdict(&self, input: &Input<'_>) -> Verdict {
        self.told[input.nth].verdict(input.visit.says)
    }
}
