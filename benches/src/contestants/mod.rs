//! Everybody who takes part.

mod ancestors;
mod bare;
mod ours;

pub(crate) use ours::{ban_folder, losses, start_again};

use crate::args::Options;
use crate::contestant::{Job, Recipe};

/// The name of what others are measured by, for a job.
pub(crate) fn reference(job: Job) -> &'static str {
    match job {
        Job::Serve => bare::VFORK_TWO.name,
        Job::Refuse => bare::CLOSE_ONE.name,
    }
}

/// Those who can do a job, the reference first.
pub(crate) fn for_job(job: Job, options: &Options) -> Vec<Recipe> {
    let all = match job {
        Job::Serve => vec![
            bare::VFORK_TWO,
            bare::VFORK_ONE,
            bare::CLONE_TWO,
            bare::CLONE_ONE,
            bare::CLONE_SHARED,
            bare::SPAWN_TWO,
            bare::SPAWN_ONE,
            ours::XINETD,
            ours::NATIVE,
            ancestors::OWN_TCPSERVER,
            ancestors::OWN_TCPSERVER_CDB,
            ancestors::TCPSERVER,
            ancestors::TCPSERVER_CDB,
            ancestors::XINETD,
            ancestors::INETD,
        ],
        Job::Refuse => vec![
            bare::CLOSE_ONE,
            bare::CLOSE_TWO,
            ours::XINETD,
            ours::NATIVE,
            ancestors::OWN_TCPSERVER_CDB,
            ancestors::TCPSERVER_CDB,
            ancestors::XINETD,
        ],
    };
    let takes_part = |recipe: &Recipe| recipe.name == reference(job) || options.wants(recipe.name);
    all.into_iter().filter(takes_part).collect()
}

/// Doors, without the bare loops.
pub(crate) fn doors(options: &Options) -> Vec<Recipe> {
    let all = [
        ours::XINETD,
        ours::NATIVE,
        ancestors::OWN_TCPSERVER,
        ancestors::TCPSERVER,
        ancestors::XINETD,
        ancestors::INETD,
    ];
    all.into_iter().filter(|recipe| options.wants(recipe.name)).collect()
}

/// Doors, and the loops that tell what the kernel takes for children that are not reaped and for
/// children that are.
pub(crate) fn holders(options: &Options) -> Vec<Recipe> {
    let loops = [bare::VFORK_ONE, bare::CLONE_ONE].into_iter();
    let loops = loops.filter(|recipe| options.wants(recipe.name));
    loops.chain(doors(options)).collect()
}

/// Doors that keep bans.
pub(crate) fn with_bans(options: &Options) -> Vec<Recipe> {
    let ours = [ours::XINETD, ours::NATIVE].into_iter();
    ours.filter(|recipe| options.wants(recipe.name)).collect()
}
