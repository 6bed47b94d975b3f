//! Which programs the helpers are, and as whom they run.

use crate::door::Door;
use crate::door::plan;
use portreeve_model::Ids;
use std::path::PathBuf;

impl Door {
    /// What the helpers run as, from the configuration in force.
    pub(crate) fn set_helper_programs(&mut self) {
        let resolved = &self.current.resolved;
        let as_sys = |ids: &Option<Ids>| ids.as_ref().map(plan::ids);
        let (clerk, relay) = (as_sys(&resolved.clerk), as_sys(&resolved.relay));
        // the monitor bounds them; the relay only has to have room for any number it allows
        let sessions = PathBuf::from("1000000");
        let mut clerk_args = vec![
            PathBuf::from("--state"),
            self.paths.state.clone(),
            "--log".into(),
            self.paths.log.clone(),
        ];
        if let Some(stream) = self.inherited.variable("JOURNAL_STREAM") {
            clerk_args.extend(["--journal-stream".into(), stream.into()]);
        }
        let relay_args = [PathBuf::from("--max-sessions"), sessions];
        let path = |name| self.paths.program(name);
        let words = |args: &[PathBuf]| args.to_vec();
        if self.root && clerk.is_none() {
            self.clerk.refuse("has no user to run as");
        } else {
            self.clerk.set_program(&path("portreeve-clerk"), &words(&clerk_args), clerk);
        }
        if self.root && relay.is_none() {
            self.relay.refuse("has no user to run as");
        } else {
            self.relay.set_program(&path("portreeve-relay"), &words(&relay_args), relay);
        }
        let firewall = path("portreeve-firewall");
        self.set_firewall(&firewall);
    }
}
