//! The attributes of xinetd.conf(5): one registry for parser, checks and the book.

use std::fmt;

/// Where an attribute may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In services alone.
    Service,
    /// In services and in `defaults`.
    Both,
    /// In `defaults` alone.
    Defaults,
}

/// How many values an attribute takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Exactly so many.
    Exactly(usize),
    /// One or more.
    Some,
    /// Any number, none included.
    Any,
}

/// The operators an attribute has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operators {
    /// `=` alone, once in an entry.
    Set,
    /// `=` and `+=`.
    SetAdd,
    /// `=`, `+=` and `-=`.
    List,
    /// `=` and `+=`, which both add.
    Cumulative,
}

/// One line of the registry.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// Which.
    pub attribute: Attribute,
    /// Its name.
    pub name: &'static str,
    /// Where it may stand.
    pub place: Place,
    /// How many values.
    pub count: Count,
    /// Which operators.
    pub operators: Operators,
    /// The values it takes.
    pub values: &'static str,
    /// What portreeve makes of it.
    pub meaning: &'static str,
}

macro_rules! attributes {
    ($($variant:ident $name:literal $place:ident $count:expr, $operators:ident,
       $values:literal, $meaning:literal;)+) => {
        /// An attribute.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Attribute { $(#[doc = $meaning] $variant),+ }

        /// The registry.
        pub const ALL: &[Definition] = &[$(Definition {
            attribute: Attribute::$variant,
            name: $name,
            place: Place::$place,
            count: $count,
            operators: Operators::$operators,
            values: $values,
            meaning: $meaning,
        }),+];
    };
}

const ONE: Count = Count::Exactly(1);
const TWO: Count = Count::Exactly(2);

attributes! {
    Id "id" Service ONE, Set, "word", "name in logs and in `enabled`/`disabled`; the service's name if unset";
    Type "type" Service Count::Some, Set, "`INTERNAL` `UNLISTED`", "`RPC` and `TCPMUX*` are not served";
    Flags "flags" Service Count::Some, Set, "`SENSOR` `IPv4` `IPv6` `NAMEINARGS` `NODELAY` `KEEPALIVE` `NOLIBWRAP` `IDONLY` `REUSE` `NORETRY`", "`REUSE` and `NORETRY` change nothing; `INTERCEPT` and `LABELED` are not served";
    Disable "disable" Service ONE, Set, "`yes` `no`", "whether the entry is left out";
    SocketType "socket_type" Service ONE, Set, "`stream`", "derived from `protocol` if unset; others are not served";
    Protocol "protocol" Service ONE, Set, "`tcp`", "derived from `socket_type` if unset; others are not served";
    Wait "wait" Service ONE, Set, "`no`", "required; `yes` is not served";
    User "user" Service ONE, Set, "name or number", "required unless internal; with a number the group is the same number";
    Group "group" Service ONE, Set, "name or number", "the user's own if unset";
    Groups "groups" Both ONE, Set, "`yes` `no`", "supplementary groups of the user, or none";
    Umask "umask" Both ONE, Set, "octal, 0 to 777", "the daemon's own OR 022 if unset";
    Nice "nice" Service ONE, Set, "-20 to 19", "priority";
    Server "server" Service ONE, Set, "absolute path", "required unless internal";
    ServerArgs "server_args" Service Count::Some, Set, "words", "arguments; the first is the program's own name under `NAMEINARGS`, wherever that stands";
    Libwrap "libwrap" Service ONE, Set, "word", "the name under which hosts.allow and hosts.deny are asked";
    OnlyFrom "only_from" Both Count::Any, List, "addresses, networks, names", "who may come in; `no_access` wins";
    NoAccess "no_access" Both Count::Any, List, "addresses, networks, names", "who may not";
    AccessTimes "access_times" Service Count::Some, Set, "`H:M-H:M`…", "both ends inside; `24:00` and intervals over midnight work";
    LogType "log_type" Both Count::Some, Set, "`SYSLOG facility [level]`, `FILE path [soft [hard]]`", "where the service's records go";
    LogOnSuccess "log_on_success" Both Count::Any, List, "`PID` `HOST` `USERID` `EXIT` `DURATION`", "what is recorded of served connections";
    LogOnFailure "log_on_failure" Both Count::Any, List, "`HOST` `USERID` `ATTEMPT`", "what is recorded of refused ones; nobody refused is asked for a user";
    RpcVersion "rpc_version" Service ONE, Set, "-", "not served";
    RpcNumber "rpc_number" Service ONE, Set, "-", "not served";
    Env "env" Service Count::Any, SetAdd, "`NAME=VALUE`…", "added to the environment";
    Passenv "passenv" Both Count::Any, List, "names", "what is passed of the daemon's environment; all of it if unset";
    Port "port" Service ONE, Set, "1 to 65535", "must agree with /etc/services unless `UNLISTED`";
    Redirect "redirect" Service TWO, Set, "-", "not served";
    Bind "bind" Both Count::Some, Set, "addresses or host names", "where to listen; several are all bound (`interface` is the same attribute)";
    Banner "banner" Both ONE, Set, "absolute path", "sent to everybody first";
    BannerSuccess "banner_success" Both ONE, Set, "absolute path", "then to those served";
    BannerFail "banner_fail" Both ONE, Set, "absolute path", "or to those refused";
    Instances "instances" Both ONE, Set, "number or `UNLIMITED`", "live sessions at most";
    PerSource "per_source" Both ONE, Set, "number or `UNLIMITED`", "live sessions of one address at most";
    Cps "cps" Both TWO, Set, "`MAX WAIT`", "more than MAX in a second: nobody for WAIT seconds; 50 10 if unset";
    MaxLoad "max_load" Both ONE, Set, "decimal fraction", "one-minute load average from which nobody is let in";
    RlimitAs "rlimit_as" Service ONE, Set, "size or `UNLIMITED`", "address space, soft and hard";
    RlimitCpu "rlimit_cpu" Service ONE, Set, "seconds or `UNLIMITED`", "processor time, soft and hard";
    RlimitData "rlimit_data" Service ONE, Set, "size or `UNLIMITED`", "data segment, soft and hard";
    RlimitRss "rlimit_rss" Service ONE, Set, "size or `UNLIMITED`", "resident set, soft and hard";
    RlimitStack "rlimit_stack" Service ONE, Set, "size or `UNLIMITED`", "stack, soft and hard";
    RlimitFiles "rlimit_files" Service ONE, Set, "size or `UNLIMITED`", "open descriptors, soft and hard";
    DenyTime "deny_time" Service ONE, Set, "minutes, `FOREVER`, `NEVER`", "how long a sensor shuts out; `NEVER` if unset";
    V6only "v6only" Both ONE, Set, "`yes` `no`", "IPv6 peers alone";
    Mdns "mdns" Service ONE, Set, "`no`", "`yes` is not served";
    Enabled "enabled" Defaults Count::Any, Cumulative, "ids", "these services and no others";
    Disabled "disabled" Defaults Count::Any, Cumulative, "ids", "not these services";
}

/// Second names, with those they stand for.
const SYNONYMS: [(&str, &str); 1] = [("interface", "bind")];

/// The registry's line for a name, any case.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Definition> {
    let second = SYNONYMS.iter().find(|(second, _)| second.eq_ignore_ascii_case(name));
    let name = second.map_or(name, |(_, first)| *first);
    ALL.iter().find(|definition| definition.name.eq_ignore_ascii_case(name))
}

/// All names there are, for suggestions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|d| d.name).chain(SYNONYMS.iter().map(|(second, _)| *second))
}

impl Attribute {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        ALL.iter().find(|definition| definition.attribute == self).map_or("?", |d| d.name)
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.name())
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(1) => f.write_str("1"),
            Self::Exactly(n) => write!(f, "{n}"),
            Self::Some => f.write_str("1 or more"),
            Self::Any => f.write_str("any"),
        }
    }
}

impl fmt::Display for Operators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Set => "`=`",
            Self::SetAdd | Self::Cumulative => "`=` `+=`",
            Self::List => "`=` `+=` `-=`",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_are_unique() {
        let mut names: Vec<_> = ALL.iter().map(|d| d.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        assert_eq!(by_name("Only_From").map(|d| d.attribute), Some(Attribute::OnlyFrom));
        assert_eq!(by_name("interface").map(|d| d.attribute), Some(Attribute::Bind));
        assert!(by_name("only-from").is_none());
    }
}
