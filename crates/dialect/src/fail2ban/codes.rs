//! Every code that reading fail2ban's configuration may report: what it means, and the outcome. The
//! table of the documentation is made from this list and a test compares them.
//!
//! An error refuses the configuration as a whole; a warning says where something does nothing or
//! means something else than it seems; a note only explains.

use portreeve_diag::Code;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal: $meaning:literal;)+) => {
        $(#[doc = $meaning] pub(crate) const $name: Code = Code($code);)+

        /// (code, meaning and outcome), in the order of the documentation's table.
        pub const ALL: &[(&str, &str)] = &[$(($code, $meaning)),+];
    };
}

codes! {
    // Files.
    UNREADABLE = "fail2ban-unreadable": "error: a file or folder cannot be read";
    ENCODING = "fail2ban-encoding": "error: a file is not UTF-8; fail2ban goes on without it";
    TOO_LARGE = "fail2ban-too-large": "error: a bound on size, count or depth is passed";
    INCLUDE_MISSING = "fail2ban-include-missing": "warning: an included file is not there, without which fail2ban goes on too (a `.local` may be missing without a word)";
    INCLUDE_TWICE = "fail2ban-include-twice": "warning: a file includes itself, perhaps through others; it is read once";
    SYNTAX = "fail2ban-syntax": "error: a line that is no section, option, continuation or comment";
    DUPLICATE = "fail2ban-duplicate": "error: a section or option twice in one file; fail2ban refuses the file";

    // Values.
    INTERPOLATION = "fail2ban-interpolation": "error: a `%` that begins no reference, or one to nothing, or a circle";
    RECURSION = "fail2ban-recursion": "error: a tag that refers to itself";
    PARAMETERS = "fail2ban-parameters": "error: `name[option=value]` that cannot be read";
    BAD_VALUE = "fail2ban-bad-value": "error: a value the option does not take";
    USEDNS = "fail2ban-usedns": "warning: `usedns` is none of its words; fail2ban takes it for `no`, and so does portreeve";

    // Filters.
    NO_FILTER = "fail2ban-no-filter": "error: a filter that is not there, or has no `[Definition]`";
    NO_FAILREGEX = "fail2ban-no-failregex": "error: a filter that looks for nothing";

    // Jails.
    NO_JAIL = "fail2ban-no-jail": "error: a jail is named that is not there, or there is none to import (warning: none is enabled)";
    JAIL_NAME = "fail2ban-jail-name": "error: a jail's name that no watch can have";
    BACKEND = "fail2ban-backend": "error: a backend that is not served";
    NO_SOURCE = "fail2ban-no-source": "error: a jail that reads files and names none";
    LOGPATH = "fail2ban-logpath": "error: a path that is not absolute, or more than `head` or `tail` behind it";
    LOG_ENCODING = "fail2ban-log-encoding": "error: a `logencoding` other than `auto`, UTF-8 and ASCII: lines are bytes, read as UTF-8";
    TIME_ZONE = "fail2ban-time-zone": "error: a `logtimezone` that is not served";
    JOURNAL_MATCH = "fail2ban-journal-match": "error: a `journalmatch` that is none (warning where files are read)";
    JOURNAL_ANYBODY = "fail2ban-journal-anybody": "note: a jail reads entries of the journal by fields that any user's program can have";
    NOT_JUDGED = "fail2ban-not-judged": "note: with `judges = false`: what a jail says of counting, ignoring and banning is not taken from it: its offences are recorded, and nobody is banned by it";
    JUDGES = "fail2ban-judges": "note: a jail judges: whom it bans is shut out by what `[ban]` says, and its actions are not taken";
    JUDGEMENT = "fail2ban-judgement": "error: a jail cannot be judged as it says: a formula, an `ignorecommand`, a name in `ignoreip`, or no number or time where one is needed";
    UNKNOWN_OPTION = "fail2ban-unknown-option": "warning: an option of a jail that fail2ban does not know and no other refers to";
}
