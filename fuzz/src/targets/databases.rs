//! Rules databases and what is made of them: hostile files give an error, or answers that lie in
//! the file.

use super::{Outcome, Target, signature};
use portreeve_ucspi::cdb::{HEADER, Maker, Reader, Stats};
use portreeve_ucspi::image::{self, Answer, Hosts, Image, Info};
use portreeve_ucspi::rules::{Addresses, Line, Peer, Stored, data, doubt, look_up, trimmed};

pub(super) const CDB: Target = Target {
    name: "cdb",
    about: "constant databases: their records, look-ups, statistics, and images of them",
    check: cdb,
    seeds: databases,
    words: numbers,
    longest: 16 << 10,
};

pub(super) const IMAGE: Target = Target {
    name: "rules-image",
    about: "images of rules databases, as the door looks into them",
    check: in_image,
    seeds: || databases().iter().filter_map(|it| image::of_database(it).ok()).collect(),
    words: numbers,
    longest: 16 << 10,
};

pub(super) const RULES: Target = Target {
    name: "tcprules",
    about: "tcprules(1): the text of rules",
    check: rules,
    seeds: || {
        let texts = [
            "1.2.3.4:deny\n1.2.3.:allow,A=\"b\",RELAYCLIENT=\"\"\n=.example.org:allow\n:deny\n",
            "joe@1.2.3.4:allow\njoe@=host:deny\n1.2.3.4-9:deny\n10-12.:allow\n=:deny\n#c\n",
            "2001:db8::1:allow\n2001:db8::deny\n",
        ];
        texts.map(|text| text.as_bytes().to_vec()).to_vec()
    },
    words: || {
        let words = [
            "allow",
            "deny",
            ":allow",
            ":deny",
            "@",
            "=",
            ".",
            "-",
            ",",
            "A=\"x\"",
            "\n",
            "0-255",
            "1.2.3.",
            "255",
            "256",
            "18446744073709551615",
            "2001:db8:",
            "#",
            " ",
            "\t",
            "\r",
        ];
        words.map(String::from).to_vec()
    },
    longest: 16 << 10,
};

/// Databases with a few records, with many, with repeated keys, and with none.
fn databases() -> Vec<Vec<u8>> {
    let few: &[(&[u8], &[u8])] = &[(b"1.2.3.4", b"D\0"), (b"1.2.", b"+A=b\0"), (b"", b"")];
    let repeated: &[(&[u8], &[u8])] =
        &[(b"joe@1.2.3.4", b""), (b"joe@1.2.3.4", b"D\0"), (b"=.dom", b"D\0"), (b"=", b"")];
    let keys: Vec<Vec<u8>> = (0..60_u8).map(|n| format!("10.0.{n}.").into_bytes()).collect();
    let many: Vec<(&[u8], &[u8])> = keys.iter().map(|key| (key.as_slice(), &b"D\0"[..])).collect();
    [few, repeated, &many, &[]].map(database).to_vec()
}

/// A file of these records; none, where it cannot be made.
fn database(records: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut maker = Maker::new();
    let mut file = vec![0; HEADER];
    for (key, value) in records {
        let Ok(head) = maker.record(key, value.len()) else { return Vec::new() };
        [&head[..], key, value].iter().for_each(|part| file.extend_from_slice(part));
    }
    let Ok(ending) = maker.finish() else { return Vec::new() };
    ending.tables.for_each(|table| file.extend(table));
    ending.header.into_iter().zip(&mut file).for_each(|(byte, place)| *place = byte);
    file
}

/// Positions and lengths that readers stumble over.
fn numbers() -> Vec<String> {
    // as letters: the engine's words are texts
    let all =
        ["\0\0\0\0", "\u{8}\0\0", "\0\u{8}\0\0", "\u{1}\0\0\0", "\u{7f}\0\0\0", "D\0", "+A=b\0"];
    all.map(String::from).to_vec()
}

fn cdb(bytes: &[u8]) -> Outcome {
    let reader = Reader::new(bytes);
    // each record takes eight bytes: there cannot be more
    let most = bytes.len() / 8 + 1;
    let records: Vec<_> = reader.records().take(most + 1).collect();
    hold(records.len() <= most, "more records than fit")?;
    let sound = records.iter().all(Result::is_ok);
    let keys = records.iter().flatten().map(|record| record.key).take(64);
    for key in keys.chain([&b""[..], b"1.2.3.4", b"joe@1.2.3.4", b"nobody"]) {
        let found = reader.find(key).take(most + 1).count();
        hold(found <= most, "found more often than there are places")?;
    }
    let examined = reader.examine();
    if examined.is_ok() {
        hold(sound, "sound, with a record that is not")?;
        hold(Stats::of(&reader).is_ok(), "sound, and not to be counted")?;
    } else {
        let _ = Stats::of(&reader);
    }
    let host = b"a.b.dom".as_slice();
    let peer = Peer { address: b"1.2.3.4", host: Some(host), info: Some(b"joe") };
    let decided = look_up(&peer, |key| reader.get(key));
    let mut kinds =
        vec![format!("{} {:?}", sound, examined.is_ok()), records.len().min(9).to_string()];
    if let Ok(Some((_, data))) = &decided {
        kinds.push(format!("{:?}", Stored::parse(data).action));
    }
    if let Ok(image) = image::of_database(bytes) {
        hold(examined.is_ok(), "an image of what is damaged")?;
        kinds.push(format!("image {}", in_image(&image)? % 7));
        let opened = Image::open(&image).map_err(|_| "an image that cannot be opened")?;
        let hosts: &[&[u8]] = &[host];
        let peer = image::Peer {
            address: b"1.2.3.4",
            hosts: Hosts::Known(hosts),
            info: Info::Known(b"joe"),
        };
        let same = match (opened.decide(&peer), &decided) {
            (Ok(Answer::Decided(Some(found))), Ok(Some((key, _)))) => found.key == *key,
            (Ok(Answer::Decided(None)), Ok(None)) => true,
            _ => false,
        };
        hold(same, "the image decides by another rule than the file")?;
    }
    Ok(signature(kinds.iter().map(String::as_str)))
}

fn in_image(bytes: &[u8]) -> Outcome {
    let Ok(image) = Image::open(bytes) else { return Ok(0) };
    let hosts: &[&[u8]] = &[b"a.b.dom", b"x"];
    let mut kinds = Vec::new();
    for hosts in [Hosts::NotAsked, Hosts::Failed, Hosts::Known(&[]), Hosts::Known(hosts)] {
        for info in
            [Info::NotAsked, Info::None, Info::Failed, Info::Known(b"joe"), Info::Known(b"")]
        {
            for address in [&b"1.2.3.4"[..], b"2001:db8::1"] {
                let said = image.decide(&image::Peer { address, hosts, info });
                kinds.push(match said {
                    Err(_) => "damaged".to_owned(),
                    Ok(Answer::Decided(found)) => format!("decided {}", found.is_some()),
                    Ok(Answer::Ask(what)) => format!("ask {what:?}"),
                    Ok(Answer::Unclear(what)) => format!("unclear {what:?}"),
                });
            }
        }
    }
    Ok(signature(kinds.iter().map(String::as_str)))
}

fn rules(bytes: &[u8]) -> Outcome {
    let mut kinds = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n').map(trimmed) {
        let rule = match Line::parse(line) {
            Err(fault) => {
                hold(fault.at <= line.len(), "a fault behind the line")?;
                kinds.push(format!("{:?}", fault.what));
                continue;
            }
            Ok(Line::Rule(rule)) => rule,
            Ok(other) => {
                kinds.push(format!("{other:?}").split('(').next().unwrap_or_default().to_owned());
                continue;
            }
        };
        let stored = data(&rule);
        let again = Stored::parse(&stored);
        hold(again.action == rule.action, "stored as another action")?;
        hold(again.settings.len() <= rule.settings.len(), "settings from nowhere")?;
        let _ = doubt(rule.address);
        match Addresses::of(rule.address) {
            Ok(addresses) => {
                let count = addresses.take(300).count();
                hold(count <= 256, "a range of more than 256 addresses")?;
                kinds.push(format!("{:?} {}", rule.action, count.min(3)));
            }
            Err(at) => hold(at <= rule.address.len(), "a fault behind the address")?,
        }
    }
    Ok(signature(kinds.iter().map(String::as_str)))
}

fn hold(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}
