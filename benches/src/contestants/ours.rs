//! Portreeve, with every limit, list, log and counter on.

use std::path::PathBuf;

use portreeve_testkit::{Running, bin_dir};

use crate::Failure;
use crate::contestant::{Job, Recipe};
use crate::contestants::ancestors::xinetd_configuration;
use crate::host::Host;

/// What xinetd is given, word for word; only the most sessions of the whole door, for which xinetd
/// has no word, stand beside it.
pub(crate) const XINETD: Recipe = Recipe {
    name: "portreeved, xinetd dialect",
    start: |host, port, job| {
        let configuration = xinetd_configuration(host, port, job);
        let imported = host.write(&format!("portreeve-{port}.xinetd"), &configuration)?;
        let text = format!("{SESSIONS}[import]\nxinetd = \"{imported}\"\n");
        start(host, port, &text)
    },
};

/// Native, standard error on an evidence pipe.
pub(crate) const NATIVE: Recipe = Recipe {
    name: "portreeved, native, evidence pipe",
    start: |host, port, job| start(host, port, &native(host, port, job)),
};

/// What the event logs of a door on this port say about events that they lack. A rate at which the
/// log falls behind for good is no rate.
pub(crate) fn losses(host: &Host, port: u16) -> Vec<String> {
    let folder = host.path(&format!("portreeve-{port}/var/log/portreeve"));
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let texts = files.flatten().filter_map(|file| std::fs::read_to_string(file.path()).ok());
    let lost = |text: String| -> Vec<String> {
        let lines = text.lines().filter(|line| line.contains(r#""event":"events-lost""#));
        lines.map(str::to_owned).collect()
    };
    texts.flat_map(lost).collect()
}

/// More than `descriptors` holds.
const SESSIONS: &str = "[portreeve]\nmax-sessions = 30000\n";

fn start(host: &Host, port: u16, configuration: &str) -> Result<Running, Failure> {
    // Asked first: the kit panics about a program that is not there.
    let built = bin_dir().join("portreeved");
    if !built.exists() {
        return Err(format!("{} is not built", built.display()));
    }
    host.write(&format!("portreeve-{port}.toml"), configuration)?;
    let root = host.path(&format!("portreeve-{port}"));
    std::fs::create_dir(&root).map_err(|error| format!("make {}: {error}", root.display()))?;
    start_again(host, port)
}

/// Starts a door on a port where one of ours has been before, with what that one left.
pub(crate) fn start_again(host: &Host, port: u16) -> Result<Running, Failure> {
    let mut command = host.world.door(host.world.bin("portreeved"));
    command.arg("--config").arg(host.path(&format!("portreeve-{port}.toml")));
    command.arg("--root").arg(host.path(&format!("portreeve-{port}")));
    Ok(host.world.start("portreeved", command))
}

/// Where the door on a port keeps its ledger.
pub(crate) fn ban_folder(host: &Host, port: u16) -> PathBuf {
    host.path(&format!("portreeve-{port}/var/lib/portreeve"))
}

fn native(host: &Host, port: u16, job: Job) -> String {
    let access = match job {
        Job::Serve => "allow = [\"127.0.0.0/8\"]",
        Job::Refuse => "deny = [\"127.0.0.0/8\"]",
    };
    format!(
        "{SESSIONS}\
         [service.bench]\n\
         listen = [\"127.0.0.1:{port}\"]\n\
         run = [\"{service}\"]\n\
         user = \"root\"\n\
         {access}\n\
         hours = [\"00:00-24:00\"]\n\
         rate = {{ connections = 1000000, per = \"1s\", pause = \"1s\" }}\n\
         instances = 20000\n\
         per-source = 20000\n\
         startups = \"15000:30:20000\"\n\
         grace = \"2m\"\n\
         max-load = 1000\n\
         backlog = 4096\n",
        service = host.text_path("service"),
    )
}
