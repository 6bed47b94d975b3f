//! Services kept by a supervisor: asked, told, shown.

mod child;
mod disk;
mod folder;
mod fork;
mod kept;
mod layout;
mod log;
mod parent;
mod reading;
mod ready;
mod supervise;
mod svc;
mod svok;
mod svstat;

pub(crate) use child::{Child, boot, end};
pub(crate) use disk::Held;
pub(crate) use folder::{because, create};
pub(crate) use kept::{Kept, Source, Stay, not_at_once, now};
pub(crate) use parent::{Order, Parent, failed};
pub(crate) use supervise::supervise;
pub(crate) use svc::svc;
pub(crate) use svok::svok;
pub(crate) use svstat::svstat;
