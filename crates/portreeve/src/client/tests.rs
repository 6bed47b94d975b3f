use super::*;
use crate::exit::Exit;
use portreeve_model::Parting;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

/// A door that reads one question and answers with these bytes, then closes.
struct FakeDoor {
    root: PathBuf,
    thread: JoinHandle<()>,
}

impl FakeDoor {
    fn open(name: &str, answer: Vec<u8>) -> Self {
        let root = root(name);
        std::fs::create_dir_all(root.join("run/portreeve")).unwrap();
        let listener = UnixListener::bind(root.join("run/portreeve/control.sock")).unwrap();
        let thread = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 4];
            stream.read_exact(&mut head).unwrap();
            let mut body = vec![0; usize::try_from(u32::from_le_bytes(head)).unwrap()];
            stream.read_exact(&mut body).unwrap();
            let request: Request = portreeve_wire::decode(&body).unwrap();
            assert_eq!(request, Request::Stop(None));
            for piece in answer.chunks(3) {
                stream.write_all(piece).unwrap();
            }
        });
        Self { root, thread }
    }

    fn ask(self) -> Result<Answered, Failure> {
        let result = ask(&Paths::new(Some(&self.root)), &Request::Stop(None), Patience::Glance);
        self.thread.join().unwrap();
        std::fs::remove_dir_all(self.root).unwrap();
        result
    }
}

fn root(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("portreeve-client-{}-{name}", std::process::id()))
}

fn framed(answer: &Answer) -> Vec<u8> {
    portreeve_wire::frame(answer, MAX_ANSWER).unwrap()
}

#[test]
fn an_answer_in_pieces_is_read_and_what_follows_stays_on_the_stream() {
    let mut bytes = framed(&Answer::Stopping { sessions: 3, parting: Parting::Wait });
    bytes.extend_from_slice(b"a line\n");
    let mut answered = FakeDoor::open("pieces", bytes).ask().unwrap();
    assert_eq!(answered.answer, Answer::Stopping { sessions: 3, parting: Parting::Wait });
    let mut rest = String::new();
    answered.stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "a line\n");
}

#[test]
fn broken_answers_are_told_apart() {
    let mut edition = framed(&Answer::Events);
    edition[4] = 99;
    for (name, bytes, exit, words) in [
        ("cut", framed(&Answer::Events)[..4].to_vec(), Exit::Unavailable, "before it had answered"),
        ("edition", edition, Exit::Unavailable, "another build"),
        ("nonsense", vec![2, 0, 0, 0, 1, 200], Exit::Bug, "makes no sense"),
        ("huge", vec![255; 4], Exit::Bug, "over the limit"),
    ] {
        let failure = FakeDoor::open(name, bytes).ask().unwrap_err();
        assert_eq!(failure.exit, exit, "{name}: {failure}");
        assert!(failure.message.contains(words), "{name}: {failure}");
    }
}

#[test]
fn a_door_that_is_away_is_named_with_the_line_that_starts_it() {
    let paths = Paths::new(Some(&root("nobody")));
    let failure = ask(&paths, &Request::Status, Patience::Glance).unwrap_err();
    assert_eq!(failure.exit, Exit::Unavailable);
    let text = failure.to_string();
    assert!(text.starts_with("the door is not running (no answer on "), "{text}");
    assert!(text.contains("start it with `portreeve run --root "), "{text}");
    assert!(ask_if_there(&paths, &Request::Status).unwrap().is_none());
}

#[test]
fn silence_ends_at_the_deadline() {
    let (mut ours, _theirs) = UnixStream::pair().unwrap();
    let deadline = portreeve_sys::clock::monotonic() + Duration::from_millis(50);
    let error = read_answer(&mut ours, deadline).unwrap_err();
    assert!(matches!(error, ClientError::Silent), "{error:?}");
}

#[test]
fn refusals_of_the_door_keep_their_words_and_are_escaped() {
    let denied = granted(Answer::NotPermitted("not \x1b you".into())).unwrap_err();
    assert_eq!((denied.exit, denied.message.as_str()), (Exit::NotPermitted, "not \\x1b you"));
    let failed = granted(Answer::Failed("no clerk".into())).unwrap_err();
    assert_eq!(failed.exit, Exit::Unavailable);
    assert!(granted(Answer::Events).is_ok());
}
