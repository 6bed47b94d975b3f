//! What is read of fail2ban's configuration, compared with what the installed fail2ban reads of it:
//! every stock filter with every mode, every stock jail, and generated configurations.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a test, which runs programs and reads their files")]

#[path = "fail2ban/generated.rs"]
mod generated;
#[path = "fail2ban/ours.rs"]
mod ours;
#[path = "fail2ban/real.rs"]
mod real;
#[path = "fail2ban/stock.rs"]
mod stock;
