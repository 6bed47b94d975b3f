use super::*;

fn made(records: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut maker = Maker::new();
    let mut file = vec![0; HEADER];
    for (key, data) in records {
        file.extend_from_slice(&maker.record(key, data.len()).unwrap());
        file.extend_from_slice(key);
        file.extend_from_slice(data);
    }
    let ending = maker.finish().unwrap();
    ending.tables.for_each(|table| file.extend_from_slice(&table));
    file[..HEADER].copy_from_slice(&ending.header);
    file
}

const FIVE: &[(&[u8], &[u8])] =
    &[(b"one", b"Hello"), (b"two", b"Goodbye"), (b"one", b"Again"), (b"", b""), (b"", b"abc")];

#[test]
fn hashes_are_those_of_the_format() {
    for (key, want) in [(&b""[..], 5381), (b"one", 0x0b87_5b81), (b"two", 0x0b87_6029)] {
        assert_eq!(hash(key), want);
    }
}

#[test]
fn a_file_is_laid_out_byte_for_byte() {
    let file = made(FIVE);
    assert_eq!(file.len(), 2197);
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let header = |table: usize| (number(table * 8), number(table * 8 + 4));
    for (table, want) in [
        (0, (2117, 0)),
        (4, (2117, 0)),
        (5, (2117, 4)),
        (6, (2149, 0)),
        (41, (2149, 2)),
        (42, (2165, 0)),
        (129, (2165, 4)),
        (130, (2197, 0)),
        (255, (2197, 0)),
    ] {
        assert_eq!(header(table), want, "table {table}");
    }
    let slots: Vec<(u32, u32)> =
        (2117..2197).step_by(8).map(|at| (number(at), number(at + 4))).collect();
    assert_eq!(
        slots,
        [
            (0, 0),
            (5381, 2098),
            (5381, 2106),
            (0, 0),
            (193_421_353, 2064),
            (0, 0),
            (193_420_161, 2082),
            (0, 0),
            (0, 0),
            (193_420_161, 2048),
        ]
    );
}

#[test]
fn records_of_a_key_are_found_in_their_order() {
    let file = made(FIVE);
    let reader = Reader::new(&file);
    let all = |key: &[u8]| reader.find(key).collect::<Result<Vec<_>, _>>().unwrap();
    assert_eq!(all(b"one"), [&b"Hello"[..], b"Again"]);
    assert_eq!(all(b""), [&b""[..], b"abc"]);
    assert_eq!(all(b"three"), [&b""[..]; 0]);
    let walked: Vec<_> = reader.records().map(|it| it.unwrap()).collect();
    assert_eq!(walked.iter().map(|it| (it.key, it.data)).collect::<Vec<_>>(), FIVE);
    assert_eq!(reader.validate(), Ok(()));
    let stats = Stats::of(&reader).unwrap().to_string();
    assert!(stats.starts_with("records          5\nd0               3\nd1               2\n"));
    assert!(stats.ends_with("\n>9               0\n"));
}

#[test]
fn the_empty_files_are_empty() {
    for file in [made(&[]), vec![0; HEADER]] {
        assert_eq!(file.len(), HEADER);
        assert_eq!(Reader::new(&file).get(b""), Ok(None));
        assert_eq!(Reader::new(&file).validate(), Ok(()));
    }
}

#[test]
fn a_cut_file_is_damaged_where_it_is_touched() {
    let file = made(FIVE);
    for length in 0..file.len() {
        let reader = Reader::new(&file[..length]);
        assert_eq!(reader.validate(), Err(Damaged), "{length}");
        let _ = reader.get(b"one");
    }
    assert_eq!(Reader::new(&file[..2196]).get(b"two"), Ok(Some(&b"Goodbye"[..])));
}

#[test]
fn no_change_of_a_byte_makes_a_reader_wander() {
    let file = made(FIVE);
    for at in 0..file.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut file = file.clone();
            file[at] ^= change;
            let reader = Reader::new(&file);
            let _ = (reader.validate(), Stats::of(&reader));
            assert_eq!(Sound::new(reader).err(), reader.examine().err(), "{change} at {at}");
            for key in [&b"one"[..], b"two", b""] {
                assert!(reader.find(key).count() <= file.len());
            }
            assert!(reader.records().count() <= file.len());
        }
    }
}

/// Where the numbers of a file stand that say something: the heads of its records, the tables that
/// are not empty, and the places in these.
fn numbers(file: &[u8]) -> Vec<usize> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let mut all = Vec::new();
    let (mut at, end) = (HEADER, word(0));
    while at < end {
        all.extend([at, at + 4]);
        at += 8 + word(at) + word(at + 4);
    }
    for head in (0..HEADER).step_by(8).filter(|head| word(head + 4) > 0) {
        all.extend([head, head + 4]);
        all.extend((0..word(head + 4) * 2).map(|slot| word(head) + 4 * slot));
    }
    all
}

#[test]
fn a_number_that_points_anywhere_makes_no_reader_wander() {
    let file = made(FIVE);
    let far = [1 << 20, u32::MAX / 8, u32::MAX / 2, 1 << 31, u32::MAX - 8, u32::MAX - 1, u32::MAX];
    let near = 0..u32::try_from(file.len()).unwrap() + 10;
    let numbers = numbers(&file);
    assert_eq!(numbers.len(), 2 * 5 + 2 * 3 + 2 * 10);
    for at in numbers {
        for value in near.clone().chain(far) {
            let mut file = file.clone();
            file[at..at + 4].copy_from_slice(&value.to_le_bytes());
            let reader = Reader::new(&file);
            let sound = reader.examine().is_ok();
            assert!(!sound || Stats::of(&reader).is_ok(), "{value} at {at}");
            assert_eq!(Sound::new(reader).err(), reader.examine().err(), "{value} at {at}");
            for key in [&b"one"[..], b"nobody", b""] {
                assert!(reader.find(key).count() <= file.len() / 8, "{value} at {at}");
            }
            assert!(reader.records().count() <= file.len() / 8 + 1, "{value} at {at}");
        }
    }
}

#[test]
fn tables_that_lie_upon_one_another_are_damaged() {
    let mut file = vec![0; HEADER + 4096];
    for table in 0..256 {
        file[table * 8..table * 8 + 4].copy_from_slice(&2048_u32.to_le_bytes());
        file[table * 8 + 4..table * 8 + 8].copy_from_slice(&512_u32.to_le_bytes());
    }
    assert_eq!(Reader::new(&file).validate(), Err(Damaged));
}

#[test]
fn no_file_reaches_four_gib() {
    let mut maker = Maker::new();
    let most = usize::try_from(u32::MAX).unwrap();
    assert_eq!(maker.record(b"", most), Err(Full));
    maker.record(b"", most - 2048 - 8 - 16 - 1).unwrap();
    assert_eq!(maker.clone().record(b"", 0).err(), None);
    assert!(maker.clone().finish().is_ok());
    maker.record(b"", 0).unwrap();
    assert_eq!(maker.finish().err(), Some(Full), "its tables do not fit");
}
