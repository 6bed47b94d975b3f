//! Which commands there are.

use crate::trouble::Trouble;
use crate::{cdb, chain, filter, install, keeper, multilog, rules, service, tcp, wrappers};
use std::ffi::OsString;
use std::process::ExitCode;

/// How a command is asked to run.
#[derive(Debug)]
pub(crate) struct Call {
    /// Its name, for messages.
    pub(crate) name: &'static str,
    /// The name it is called by, path and all.
    pub(crate) called: OsString,
    /// What follows.
    pub(crate) arguments: Vec<OsString>,
}

/// How the usage line of a command looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UsageLine {
    /// `NAME: usage: NAME ARGUMENTS`
    Ucspi,
    /// `usage: NAME ARGUMENTS` with the name it is called by, path and all, and an empty line.
    Cdb,
}

/// A command.
#[derive(Debug)]
pub(crate) struct Applet {
    pub(crate) name: &'static str,
    /// As its usage line has them.
    pub(crate) arguments: &'static str,
    pub(crate) usage: UsageLine,
    /// Whether `install` makes a link for it.
    pub(crate) linked: bool,
    pub(crate) run: fn(&Call) -> Result<ExitCode, Trouble>,
}

const fn cdb(
    name: &'static str,
    arguments: &'static str,
    run: fn(&Call) -> Result<ExitCode, Trouble>,
) -> Applet {
    Applet { name, arguments, usage: UsageLine::Cdb, linked: true, run }
}

const fn ucspi(
    name: &'static str,
    arguments: &'static str,
    run: fn(&Call) -> Result<ExitCode, Trouble>,
) -> Applet {
    Applet { name, arguments, usage: UsageLine::Ucspi, linked: true, run }
}

const RBLSMTPD: &str = "[ -bBcC ] [ -t timeout ] [ -r base[:text] ] [ -a base ] smtpd [ arg ... ]";

const SOFTLIMIT: &str = "[-a allbytes] [-c corebytes] [-d databytes] [-f filebytes] [-l lockbytes] \
    [-m membytes] [-o openfiles] [-p processes] [-r residentbytes] [-s stackbytes] [-t cpusecs] child";

const TCPCLIENT: &str = "[ -46hHrRdDqQv ] [ -i localip ] [ -p localport ] [ -T timeoutconn ] \
    [ -l localname ] [ -t timeoutinfo ] [ -I interface ] host port program";

const TCPSERVER: &str = "[ -461UXpPhHrRoOdDqQv ] [ -c limit ] [ -x rules.cdb ] [ -B banner ] \
    [ -g gid ] [ -u uid ] [ -b backlog ] [ -l localname ] [ -t timeout ] [ -I interface ] host port \
    program";

/// All of them, by name.
pub(crate) const APPLETS: &[Applet] = &[
    ucspi("addcr", "", filter::addcr),
    ucspi("argv0", "realname program [ arg ... ]", chain::argv0),
    cdb("cdbdump", "", cdb::dump),
    cdb("cdbget", "key [skip]", cdb::get),
    cdb("cdbmake", "cdb cdb.tmp", cdb::make),
    cdb("cdbstats", "", cdb::stats),
    ucspi("date@", "[ host ]", tcp::date),
    ucspi("delcr", "", filter::delcr),
    ucspi("envdir", "dir child", chain::envdir),
    ucspi("envuidgid", "account child", chain::envuidgid),
    ucspi("fghack", "child", chain::fghack),
    ucspi("finger@", "[ host [ user ] ]", tcp::finger),
    ucspi("fixcrio", "program [ arg ... ]", filter::fixcrio),
    ucspi("http@", "[ host [ path [ port ] ] ]", tcp::http),
    Applet { linked: false, ..ucspi("install", "dir", install::install) },
    ucspi("mconnect", "[ host [ port ] ]", tcp::mconnect),
    ucspi("multilog", "action ...", multilog::multilog),
    ucspi("pgrphack", "child", chain::pgrphack),
    ucspi("rblsmtpd", RBLSMTPD, tcp::rblsmtpd),
    ucspi("readproctitle", "...", filter::readproctitle),
    ucspi("recordio", "program [ arg ... ]", filter::recordio),
    ucspi("setlock", "[ -nNxX ] file program [ arg ... ]", chain::setlock),
    ucspi("setuidgid", "account child", chain::setuidgid),
    ucspi("softlimit", SOFTLIMIT, chain::softlimit),
    ucspi("supervise", "dir", service::supervise),
    ucspi("svc", "[ -udopchaitkx ] dir ...", service::svc),
    ucspi("svok", "dir", service::svok),
    ucspi("svscan", "[ dir ... ]", keeper::svscan),
    ucspi("svscanboot", "[ dir ]", keeper::svscanboot),
    Applet { linked: false, ..ucspi("svscan-worker", "dir ...", keeper::worker) },
    ucspi("svstat", "dir ...", service::svstat),
    ucspi("tai64n", "", filter::tai64n),
    ucspi("tai64nlocal", "", filter::tai64nlocal),
    ucspi("tcpcat", "[ host [ port ] ]", tcp::tcpcat),
    ucspi("tcpclient", TCPCLIENT, tcp::tcpclient),
    ucspi("tcpd", "daemon [argument ...]", wrappers::tcpd),
    ucspi("tcpdchk", "[-a] [-d] [-i inet_conf] [-v]", wrappers::tcpdchk),
    ucspi("tcpdmatch", "[-d] [-i inet_conf] daemon[@host] [user@]host", wrappers::tcpdmatch),
    ucspi("tcprules", "rules.cdb rules.tmp", rules::make),
    ucspi("tcprulescheck", "rules.cdb", rules::check),
    ucspi("tcpserver", TCPSERVER, tcp::tcpserver),
    ucspi("try-from", "", wrappers::try_from),
    ucspi("who@", "[ host ]", tcp::who),
];
