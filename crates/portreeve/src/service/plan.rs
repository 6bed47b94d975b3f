//! What a service's supervisor starts, as its directory says: by the same files that portreeve's
//! supervisor reads.

use super::place::Place;
use portreeve_supervise::extras::{self, Extra};
use portreeve_supervise::plan::{Command, FINISH_WITHIN, Finish, MOST, Plan};
use portreeve_supervise::state::fingerprint;
use portreeve_sys::file::read_bounded;
use std::io::ErrorKind;
use std::path::Path;

/// What is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Planned {
    /// `./run`, and what the optional files beside it ask for.
    Run(Plan),
    /// A service of the configuration: its plan, and which that is, as a supervisor notes it.
    File(Plan, u64),
    /// Nothing, for this reason.
    Nothing(String),
}

impl Planned {
    /// The plan, if there is one.
    pub(crate) fn plan(&self) -> Option<&Plan> {
        match self {
            Self::Run(plan) | Self::File(plan, _) => Some(plan),
            Self::Nothing(_) => None,
        }
    }
}

/// Reads a service's directory.
pub(super) fn of(place: &Place) -> Planned {
    if place.path.join("run").exists() {
        return Planned::Run(of_run(&place.path));
    }
    match read_bounded(&place.path.join("plan"), MOST) {
        Ok(content) => match Plan::parse(&content.bytes) {
            Ok(plan) => Planned::File(plan, fingerprint(&content.bytes)),
            Err(error) => Planned::Nothing(format!("its file `plan` cannot be used: {error}")),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Planned::Nothing("it has no `run`".to_owned())
        }
        Err(error) => Planned::Nothing(format!("its file `plan` cannot be read: {error}")),
    }
}

/// As daemontools has it, but for what the optional files ask for. A supervisor that is not portreeve's
/// asks them nothing; that is for whoever shows this.
fn of_run(folder: &Path) -> Plan {
    let mut plan = Plan::of_run();
    if folder.join("finish").exists() {
        let command = Command::alone("./finish");
        plan.finish = Some(Finish { command, within: Some(FINISH_WITHIN) });
    }
    for extra in Extra::ALL {
        let text = read_bounded(&folder.join(extra.name()), extras::MOST);
        // one that is not understood asks for nothing; its supervisor has said so
        let _ = text.map(|content| extra.apply(&content.bytes, &mut plan));
    }
    plan
}
