//! Reports by mail: to a server that writes down what it is told, and by a program.

use crate::kit::{DOOR, denyhosts, enforcer, told};
use portreeve_testkit::{World, wait_for};
use portreeve_tests::{Door, SOON};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

/// What a server has been told in one conversation.
#[derive(Debug, Default)]
struct Told {
    commands: Vec<String>,
    message: String,
}

/// Serves one conversation; with `refuse`, no recipient is taken for now.
fn converse(stream: &TcpStream, refuse: bool) -> std::io::Result<Told> {
    stream.set_read_timeout(Some(SOON))?;
    let mut out = stream;
    let mut told = Told::default();
    let mut lines = BufReader::new(stream).lines();
    write!(out, "220 test ESMTP\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let word = line.get(..4).unwrap_or_default().to_uppercase();
        told.commands.push(line);
        match word.as_str() {
            "EHLO" => write!(out, "250-test\r\n250 8BITMIME\r\n")?,
            "RCPT" if refuse => write!(out, "450 not now\r\n")?,
            "DATA" => {
                write!(out, "354 go on\r\n")?;
                for line in lines.by_ref() {
                    let line = line?;
                    if line == "." {
                        break;
                    }
                    told.message.push_str(&line);
                    told.message.push('\n');
                }
                write!(out, "250 taken\r\n")?;
            }
            "QUIT" => {
                write!(out, "221 bye\r\n")?;
                break;
            }
            _ => write!(out, "250 fine\r\n")?,
        }
    }
    Ok(told)
}

/// A server that refuses the first so many, and tells of each conversation. It ends with its listener's
/// last one: the test's end closes the world, and with it nobody connects any more.
fn server(listener: TcpListener, refused: usize) -> Receiver<Told> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for (count, stream) in listener.incoming().enumerate() {
            let Ok(stream) = stream else { return };
            let told = converse(&stream, count < refused).unwrap_or_default();
            if send.send(told).is_err() {
                return;
            }
        }
    });
    receive
}

const MAIL: &str = "ADMIN_EMAIL = root@localhost, admin@example.org\nSMTP_HOST = 127.0.0.1\n\
                    SMTP_PORT = 2525\nSMTP_FROM = DenyHosts <nobody@localhost>\n\
                    SMTP_SUBJECT = DenyHosts Report\nSMTP_SSL = no";

#[test]
fn a_digest_goes_to_a_server_and_is_tried_again() {
    let world = World::standard();
    denyhosts(&world, MAIL);
    let told_of = server(world.listen("door", "127.0.0.1:2525").unwrap(), 1);
    let door = Door::native(&world, DOOR);
    told(&door, &["ban", "203.0.113.9", "--for", "1h"]);
    told(&door, &["ban", "2001:db8:7::/64", "--for", "1h"]);
    let first = told_of.recv_timeout(SOON).unwrap();
    assert!(first.message.is_empty(), "no recipient was taken: {first:?}");
    let event = door.expect("enforcement", |event| event["enforcer"] == "mail");
    let outcome = event["outcome"].as_str().unwrap();
    assert!(outcome.contains("not now") && outcome.ends_with("it is tried again"), "{outcome}");
    assert_eq!(enforcer(&door, "mail")["waiting"], 1);
    let second = told_of.recv_timeout(SOON).unwrap();
    let has = |line: &str| second.commands.iter().any(|told| told.starts_with(line));
    assert!(has("MAIL FROM:<nobody@localhost>"), "{second:?}");
    assert!(has("RCPT TO:<root@localhost>") && has("RCPT TO:<admin@example.org>"), "{second:?}");
    for line in [
        "From: DenyHosts <nobody@localhost>\nTo: root@localhost,\n admin@example.org\n",
        "Subject: DenyHosts Report\n",
        "Auto-Submitted: auto-generated\n",
        "\n203.0.113.9: by hand (until ",
        "\n2001:db8:7::/64: by hand (until ",
    ] {
        assert!(second.message.contains(line), "{line} in {}", second.message);
    }
    door.expect("enforcement", |event| event["enforcer"] == "mail" && event["outcome"] == "done");
    wait_for(SOON, "the alarm to end", || door.status()["alarms"].as_array().unwrap().is_empty());
}

#[test]
fn a_program_reads_the_digest_as_its_user() {
    let world = World::standard();
    denyhosts(&world, "ADMIN_EMAIL = root@localhost\nEMAIL_METHOD = SENDMAIL");
    world.overlay("/usr/sbin");
    world.write_program(
        "/usr/sbin/sendmail",
        "#!/bin/bash\n{ echo \"$* uid $(id -u)\"; cat; } >/run/d/out/letter.new\n\
         mv /run/d/out/letter.new /run/d/out/letter\n",
    );
    let door = Door::native(&world, DOOR);
    told(&door, &["ban", "203.0.113.9", "--for", "1h"]);
    let text = crate::kit::expect_file(&world, "/run/d/out/letter", |text| !text.is_empty());
    assert!(text.starts_with("-t -i uid 65534\nFrom: "), "{text}");
    assert!(text.contains("203.0.113.9: by hand (until "), "{text}");
}
