//! Filters as the installed fail2ban reads them, beside what we make of them.

mod differential;
mod driver;
mod mutate;
mod patterns;
mod samples;
