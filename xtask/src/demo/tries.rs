//! What the demo does itself, as its reader would.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::stage::Stage;
use super::{must, soon};
use crate::cli::say;

/// Everything once.
pub(super) fn all(stage: &Stage) -> Result<(), String> {
    login(stage)?;
    echo(stage)?;
    trap(stage)?;
    explain(stage)
}

/// A real login with a real client.
pub(super) fn login(stage: &Stage) -> Result<(), String> {
    let words = stage.ssh();
    let mut ssh = Command::new("ssh");
    ssh.args(words.iter().skip(1)).args(["-o", "BatchMode=yes"]);
    ssh.arg("echo \"logged in as $(id -un), let in by portreeve\"").stdin(Stdio::null());
    let said = must(ssh)?;
    say(format_args!("ssh says: {}", said.trim_end()));
    Ok(())
}

fn connect(port: u16) -> Result<TcpStream, String> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
    let stream = stream.map_err(|error| format!("cannot connect to port {port}: {error}"))?;
    let limit = Some(Duration::from_secs(10));
    stream.set_read_timeout(limit).map_err(|error| error.to_string())?;
    Ok(stream)
}

fn echo(stage: &Stage) -> Result<(), String> {
    let mut stream = connect(stage.echo)?;
    let mut answer = [0; 6];
    let spoken = stream.write_all(b"hello\n").and_then(|()| stream.read_exact(&mut answer));
    spoken.map_err(|error| format!("the echo: {error}"))?;
    say(format_args!("the echo says: {}", String::from_utf8_lossy(&answer).trim_end()));
    Ok(())
}

fn trap(stage: &Stage) -> Result<(), String> {
    let mut text = String::new();
    let read = connect(stage.trap)?.read_to_string(&mut text);
    read.map_err(|error| format!("the trap: {error}"))?;
    soon("the trap to be recorded", || {
        let mut events = stage.command("events");
        let output = events.args(["--last", "100", "--json"]).output();
        output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("trap-touched"))
    })?;
    say("the trap says nothing, and is recorded");
    Ok(())
}

fn explain(stage: &Stage) -> Result<(), String> {
    let mut explain = stage.command("explain");
    explain.args(["echo", "203.0.113.7"]);
    let output = explain.output().map_err(|error| format!("cannot explain: {error}"))?;
    say(format_args!(
        "\nportreeve explain echo 203.0.113.7\n{}",
        String::from_utf8_lossy(&output.stdout)
    ));
    match output.status.code() {
        Some(1) => Ok(()),
        _ => Err("a stranger was not refused".into()),
    }
}
