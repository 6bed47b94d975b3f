//! Damaged and hostile databases: the commands say so, and end.

use crate::{Asked, Stage};
use std::fs;
use std::path::PathBuf;

/// Bytes of the header: 256 pairs of a position and a number of slots.
const HEADER: usize = 2048;

/// A small database, made by the ancestor: some keys, one of them twice.
fn database(stage: &Stage) -> Vec<u8> {
    let text = b"+7,2:1.2.3.4->D\0\n+4,5:1.2.->+A=b\0\n+1,0:a->\n+1,1:a->x\n+0,0:->\n\n";
    stage.lay_out(&[text.to_vec()]);
    let arguments = vec!["0.cdb".to_owned(), "0.tmp".to_owned()];
    let asked = Asked { input: stage.input(0), peer: Vec::new(), arguments };
    let told = stage.ask("theirs", &stage.houses[0].join("cdbmake"), "theirs", &[asked]);
    assert_eq!(told[0].code, Some(0), "{}", told[0].err);
    stage.made("theirs", 0).expect("a database")
}

fn word(file: &[u8], at: usize) -> u32 {
    let bytes = file.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    u32::from_le_bytes(bytes.expect("a number"))
}

/// Where numbers stand: heads of records, tables that are not empty, and their slots.
fn numbers(file: &[u8]) -> Vec<usize> {
    let word = |at: usize| usize::try_from(word(file, at)).expect("a position");
    let (mut all, mut at) = (Vec::new(), HEADER);
    while at < word(0) {
        all.extend([at, at + 4]);
        at += 8 + word(at) + word(at + 4);
    }
    for head in (0..HEADER).step_by(8).filter(|head| word(head + 4) > 0) {
        all.extend([head, head + 4]);
        all.extend((0..2 * word(head + 4)).map(|slot| word(head) + 4 * slot));
    }
    all
}

/// Cut at every byte; every number pointing to where it hurts; slots that lead round and round;
/// lengths and tables of the whole address space.
fn corpus(file: &[u8]) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = (0..file.len()).map(|length| file[..length].to_vec()).collect();
    let end = u32::try_from(file.len()).expect("a small file");
    let records = word(file, 0);
    let values = [
        0,
        1,
        7,
        8,
        2047,
        2048,
        2049,
        records - 1,
        records,
        end - 8,
        end - 1,
        end,
        end + 1,
        1 << 20,
        u32::MAX / 16,
        1 << 31,
        u32::MAX - 7,
        u32::MAX,
    ];
    let changed = |places: &[usize], value: u32| {
        let mut file = file.to_vec();
        for at in places {
            file[*at..*at + 4].copy_from_slice(&value.to_le_bytes());
        }
        file
    };
    let places = numbers(file);
    for at in &places {
        all.extend(values.iter().map(|value| changed(&[*at], *value)));
    }
    // all of them at once, and every table of the header
    all.extend(values.iter().map(|value| changed(&places, *value)));
    let heads: Vec<usize> = (0..HEADER).step_by(4).collect();
    all.extend(values.iter().map(|value| changed(&heads, *value)));
    // a table without a free slot, which a search for what is not there goes round
    let mut full = vec![0; HEADER];
    full.extend([0xff; 4096]);
    for table in (0..HEADER).step_by(8) {
        full[table..table + 4].copy_from_slice(&2048_u32.to_le_bytes());
        full[table + 4..table + 8].copy_from_slice(&512_u32.to_le_bytes());
    }
    all.push(full);
    all
}

#[test]
fn hostile_databases_give_an_error_and_never_a_crash() {
    let stage = Stage::new();
    let file = database(&stage);
    let corpus = corpus(&file);
    stage.lay_out(&corpus);
    let peer = vec![
        ("TCPREMOTEIP", "1.2.3.4".to_owned()),
        ("TCPREMOTEHOST", "a.b.dom".to_owned()),
        ("TCPREMOTEINFO", "joe".to_owned()),
    ];
    let inputs: Vec<PathBuf> = (0..corpus.len()).map(|number| stage.input(number)).collect();
    for (command, arguments, codes) in [
        ("cdbget", &["1.2.3.4"][..], &[0, 100, 111][..]),
        ("cdbget", &["a", "1"], &[0, 100, 111]),
        ("cdbget", &["nobody"], &[100, 111]),
        ("cdbdump", &[], &[0, 111]),
        ("cdbstats", &[], &[0, 111]),
        ("tcprulescheck", &["FILE"], &[0, 111]),
    ] {
        let ask = |input: &PathBuf| Asked {
            input: input.clone(),
            peer: peer.clone(),
            arguments: arguments
                .iter()
                .map(|word| word.replace("FILE", &input.display().to_string()))
                .collect(),
        };
        let asked: Vec<Asked> = inputs.iter().map(ask).collect();
        let told = stage.ask("ours", &stage.houses[1].join(command), "ours", &asked);
        let mut errors = 0;
        for (number, told) in told.iter().enumerate() {
            let code = told.code.unwrap_or(-1);
            assert!(codes.contains(&code), "{command} {arguments:?} of {number}: {told:?}");
            // a look-up may end in what there is of a file
            let whole = ["cdbdump", "cdbstats"].contains(&command);
            assert!(number >= HEADER || !whole || code == 111, "{command} of {number}: {told:?}");
            assert!((code == 111) != told.err.is_empty(), "{command} of {number}: {told:?}");
            errors += usize::from(code == 111);
        }
        assert!(errors > 200, "{command} {arguments:?}: {errors} errors");
    }
    let _ = fs::remove_dir_all(stage.dir.path().join("in"));
}
