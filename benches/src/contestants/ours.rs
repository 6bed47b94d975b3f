//! Portreeve, with every limit, list, log and counter on.

use portreeve_testkit::{Running, bin_dir};

use crate::Failure;
use crate::contestant::{Job, Recipe};
use crate::contestants::ancestors::xinetd_configuration;
use crate::host::Host;

/// What xinetd is given, word for word.
pub(crate) const XINETD: Recipe = Recipe {
    name: "portreeved, xinetd dialect",
    start: |host, port, job| {
        let configuration = xinetd_configuration(host, port, job);
        let file = host.write(&format!("portreeve-{port}.xinetd"), &configuration)?;
        start(host, port, &["--xinetd", &file])
    },
};

/// Native, standard error on an evidence pipe.
pub(crate) const NATIVE: Recipe = Recipe {
    name: "portreeved, native, evidence pipe",
    start: |host, port, job| {
        let file = host.write(&format!("portreeve-{port}.toml"), &native(host, port, job))?;
        start(host, port, &["--config", &file])
    },
};

fn start(host: &Host, port: u16, words: &[&str]) -> Result<Running, Failure> {
    // Asked first: the kit panics about a program that is not there.
    let built = bin_dir().join("portreeved");
    if !built.exists() {
        return Err(format!("{} is not built", built.display()));
    }
    let root = host.path(&format!("portreeve-{port}"));
    std::fs::create_dir(&root).map_err(|error| format!("make {}: {error}", root.display()))?;
    let mut command = host.world.door(host.world.bin("portreeved"));
    command.args(words).arg("--root").arg(root);
    Ok(host.world.start("portreeved", command))
}

fn native(host: &Host, port: u16, job: Job) -> String {
    let access = match job {
        Job::Serve => "allow = [\"127.0.0.0/8\"]",
        Job::Refuse => "deny = [\"127.0.0.0/8\"]",
    };
    format!(
        "[portreeve]\n\
         max-sessions = 30000\n\
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
