//! Who books what is read of the watches, judges it and tells of it.

use crate::follow::told::Spot;
use portreeve_judge::{Booked, Heard, Proposal};
use portreeve_model::{Offence, Success};

/// Who books what was heard.
pub(crate) trait Clerk {
    /// Something was found: what it comes to, if it has not been told of before.
    fn hear(&self, heard: &Heard<'_>) -> Booked;
    /// An offence is given to the judges; gives what they ask for.
    fn judge(&self, offence: &Offence) -> Vec<Proposal>;
    /// Somebody has shown who they are, as a line says.
    fn succeeded(&self, success: Success);
    /// An offence is written to the event log.
    fn tell(&self, offence: &Offence, spot: &Spot<'_>);
    /// Something is to be mended, or is.
    fn alarm(&self, text: &str, on: bool);
}
