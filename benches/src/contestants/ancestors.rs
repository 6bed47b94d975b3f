//! The doors of old, as Debian ships them, told not to look anything up and not to slow down.

use std::path::{Path, PathBuf};
use std::process::Command;

use portreeve_testkit::Running;

use crate::Failure;
use crate::contestant::{Job, Recipe};
use crate::host::Host;

/// xinetd, with the limits, lists and log that portreeve has in the same file.
pub(crate) const XINETD: Recipe = Recipe {
    name: "xinetd",
    start: |host, port, job| {
        let configuration = xinetd_configuration(host, port, job);
        let file = host.write(&format!("xinetd-{port}.conf"), &configuration)?;
        let mut command = host.world.door(installed("xinetd", "PORTREEVE_BENCH_XINETD")?);
        command.args(["-dontfork", "-f", &file]);
        command.arg("-filelog").arg(host.path(&format!("xinetd-{port}.log")));
        command.arg("-pidfile").arg(host.path(&format!("xinetd-{port}.pid")));
        Ok(host.world.start("xinetd", command))
    },
};

/// tcpserver, no rules.
pub(crate) const TCPSERVER: Recipe = Recipe {
    name: "tcpserver",
    start: |host, port, _| tcpserver(host, port, ancestor(host)?, None),
};

/// tcpserver with a table of rules.
pub(crate) const TCPSERVER_CDB: Recipe = Recipe {
    name: "tcpserver, rules in a cdb",
    start: |host, port, job| {
        let rules = rules(host, port, job)?;
        tcpserver(host, port, ancestor(host)?, Some(&rules))
    },
};

/// Ours of that name.
pub(crate) const OWN_TCPSERVER: Recipe = Recipe {
    name: "portreeve-tools tcpserver",
    start: |host, port, _| tcpserver(host, port, own(host), None),
};

/// The same, with a table of rules.
pub(crate) const OWN_TCPSERVER_CDB: Recipe = Recipe {
    name: "portreeve-tools tcpserver, rules in a cdb",
    start: |host, port, job| {
        let rules = rules(host, port, job)?;
        tcpserver(host, port, own(host), Some(&rules))
    },
};

/// The table: everybody, or nobody, of loopback.
fn rules(host: &Host, port: u16, job: Job) -> Result<String, Failure> {
    let rules = match job {
        Job::Serve => "127.:allow\n:deny\n",
        Job::Refuse => "127.:deny\n:allow\n",
    };
    let text = host.write(&format!("rules-{port}"), rules)?;
    let (cdb, scratch) = (format!("{text}.cdb"), format!("{text}.tmp"));
    host.world.door_run(&[
        "sh",
        "-euc",
        r#"tcprules "$1" "$2" <"$3""#,
        "tcprules",
        &cdb,
        &scratch,
        &text,
    ]);
    Ok(cdb)
}

fn ancestor(host: &Host) -> Result<Command, Failure> {
    Ok(host.world.door(installed("tcpserver", "PORTREEVE_BENCH_TCPSERVER")?))
}

fn own(host: &Host) -> Command {
    let mut command = host.world.door(host.world.bin("portreeve-tools"));
    command.arg("tcpserver");
    command
}

/// OpenBSD's inetd.
pub(crate) const INETD: Recipe = Recipe {
    name: "openbsd-inetd",
    start: |host, port, _| {
        let program = installed("inetd", "PORTREEVE_BENCH_INETD")?;
        let service = host.text_path("service");
        // The number is the most starts a minute.
        let line =
            format!("127.0.0.1:{port}\tstream\ttcp\tnowait.1000000\troot\t{service}\tservice\n");
        let file = host.write(&format!("inetd-{port}.conf"), &line)?;
        let mut command = host.world.door(program);
        command.args(["-i", "-q", "4096", &file]);
        Ok(host.world.start("inetd", command))
    },
};

fn tcpserver(
    host: &Host,
    port: u16,
    mut command: Command,
    rules: Option<&str>,
) -> Result<Running, Failure> {
    // No host name, no ident, no name of our own; a queue and room for every client.
    command.args(["-R", "-H", "-l", "0", "-b", "4096", "-c", "20000"]);
    if let Some(rules) = rules {
        command.args(["-x", rules]);
    }
    command.args(["127.0.0.1", &port.to_string()]).arg(host.path("service"));
    Ok(host.world.start("tcpserver", command))
}

/// The configuration that xinetd and portreeve both run.
pub(crate) fn xinetd_configuration(host: &Host, port: u16, job: Job) -> String {
    let from = match job {
        Job::Serve => "127.0.0.0/8",
        Job::Refuse => "10.0.0.0/8",
    };
    format!(
        "service bench\n{{\n\
         \ttype = UNLISTED\n\
         \tflags = NOLIBWRAP\n\
         \tsocket_type = stream\n\
         \tprotocol = tcp\n\
         \twait = no\n\
         \tuser = root\n\
         \tbind = 127.0.0.1\n\
         \tport = {port}\n\
         \tserver = {service}\n\
         \tonly_from = {from}\n\
         \taccess_times = 00:00-23:59\n\
         \tinstances = 20000\n\
         \tper_source = 20000\n\
         \tcps = 1000000 1\n\
         \tmax_load = 1000\n\
         \tlog_type = FILE {log}\n\
         \tlog_on_success = HOST PID EXIT DURATION\n\
         \tlog_on_failure = HOST\n}}\n",
        service = host.text_path("service"),
        log = host.text_path(&format!("service-{port}.log")),
    )
}

/// Where a program is: what a variable says, else the usual folders.
fn installed(name: &str, variable: &str) -> Result<PathBuf, Failure> {
    if let Some(path) = std::env::var_os(variable) {
        return Ok(path.into());
    }
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    let found =
        folders.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
    found.ok_or_else(|| format!("it is not installed; {variable} may name it"))
}
