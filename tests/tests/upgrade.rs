//! A new program in the old one's place, restarts, and a successor: nobody who knocks is turned away,
//! nobody inside is lost, and nothing that was counted is forgotten.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "upgrade/kit.rs"]
mod kit;
#[path = "upgrade/manager.rs"]
mod manager;
#[path = "upgrade/place.rs"]
mod place;
#[path = "upgrade/stop.rs"]
mod stop;
#[path = "upgrade/successor.rs"]
mod successor;
