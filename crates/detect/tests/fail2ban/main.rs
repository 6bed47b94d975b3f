//! Filters as the installed fail2ban reads them, beside what we make of them.

mod driver;
mod samples;
