//! The running door is asked, in batches.

use super::outcome::{Outcome, Outcomes};
use crate::client;
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render::text::count;
use crate::terminal;
use portreeve_wire::control::{Answer, Request};
use portreeve_wire::import::MOST_IMPORTED;
use std::time::Duration;

/// Between two questions while the door's ledger keeps up.
const AGAIN: Duration = Duration::from_millis(50);
/// So many times at most without a single ban looked at.
const PATIENCE: u32 = 600;

/// Asks the door for every ban that is still open. Where it is only to say what would be and none is
/// running, nothing is known of them.
///
/// # Errors
/// No door is running, it does not answer, or its ledger does not keep up.
pub(super) fn send(
    outcomes: &mut Outcomes,
    from: &str,
    dry_run: bool,
    paths: &Paths,
) -> Result<(), Failure> {
    let mut open = outcomes.open();
    let mut rest = open.as_mut_slice();
    let (mut waited, mut taken) = (0_u32, 0_u64);
    while !rest.is_empty() {
        let page = rest.iter().take(MOST_IMPORTED);
        let bans: Vec<_> = page.map(|(found, _)| found.ban.clone()).collect();
        let request = Request::Import { from: from.to_owned(), bans, dry_run };
        let Some(answered) = client::ask_if_there(paths, &request)? else {
            if dry_run {
                rest.iter_mut().for_each(|(_, outcome)| *outcome = Outcome::Unknown);
                let why = "no door is running: whom it would never ban is not known";
                terminal::remark(&format!("portreeve: {why}\n"));
                return Ok(());
            }
            return Err(away(paths, taken));
        };
        let Answer::Imported(told) = client::granted(answered.answer)? else {
            return Err(client::unexpected());
        };
        let looked_at = told.len().min(rest.len());
        for ((_, outcome), told) in rest.iter_mut().zip(told) {
            *outcome = told.into();
            taken = taken.saturating_add(u64::from(*outcome == Outcome::Taken));
        }
        rest = rest.get_mut(looked_at..).unwrap_or_default();
        waited = if looked_at > 0 { 0 } else { waited + 1 };
        if waited > PATIENCE {
            let message = format!(
                "the ledger does not keep up: {} taken, the others are not",
                count(taken, "ban")
            );
            return Err(Failure::new(Exit::Unavailable, message)
                .help("`portreeve status` says what is wrong with the clerk"));
        }
        if looked_at < MOST_IMPORTED.min(looked_at.saturating_add(rest.len())) {
            std::thread::sleep(AGAIN);
        }
    }
    Ok(())
}

fn away(paths: &Paths, taken: u64) -> Failure {
    let message = match taken {
        0 => "the door is not running, and only a running door makes bans".to_owned(),
        _ => format!("the door has left: {} taken, the others are not", count(taken, "ban")),
    };
    Failure::new(Exit::Unavailable, message)
        .help(format!("start it with `{}`, then import again", paths.run_line()))
        .help("`--dry-run` shows what there is")
}
