//! Files of the private host.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::PoisonError;
use std::time::Duration;

use super::World;
use crate::must::Must;

/// How long a small program of the system may take.
pub(super) const SHORT: Duration = Duration::from_secs(60);

impl World {
    /// A file or folder of the private `/etc`, to be read and written from outside.
    ///
    /// Give the path relative to `/etc`, such as `hosts.allow`.
    #[must_use]
    pub fn etc(&self, path: impl AsRef<Path>) -> PathBuf {
        self.dir().join("etc").join(path)
    }

    /// Writes a file of the door whole, making the folders above it. Mode 0644.
    ///
    /// Refuses a path that is not private, since that would write to the host: private are the
    /// world's folder, `/etc`, `/run`, `/var/run`, `/var/log`, `/var/lib`, `/dev`, and what
    /// [`World::overlay`] was called for.
    ///
    /// # Panics
    /// When the path is not private, or writing fails.
    #[track_caller]
    pub fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        self.write_with("0644", path.as_ref(), content.as_ref());
    }

    /// As [`World::write`], with mode 0755: a script that a service runs.
    ///
    /// # Panics
    /// As [`World::write`].
    #[track_caller]
    pub fn write_program(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        self.write_with("0755", path.as_ref(), content.as_ref());
    }

    #[track_caller]
    fn write_with(&self, mode: &str, path: &Path, content: &[u8]) {
        let mut command = self.door("sh");
        command.args(["-eu", "-c", WRITE, "write", mode]).arg(path).arg(self.dir());
        command.args(["/etc", "/run", "/var/log", "/var/lib", "/dev"]);
        command.args(self.overlays.lock().unwrap_or_else(PoisonError::into_inner).iter());
        command.stdin(Stdio::piped());
        let mut running = self.start("write", command);
        let mut input = running.take_stdin().must("the input of sh");
        // A refusal closes the pipe early; the exit status below tells why.
        let _ = input.write_all(content);
        drop(input);
        let status = running.wait(SHORT);
        assert!(status.success(), "write {}: {}", path.display(), running.stderr());
    }

    /// Reads a file of the door.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    #[track_caller]
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        let mut command = self.door("cat");
        command.arg(path.as_ref());
        let output = self.run(command, SHORT);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "read {}: {said}", path.as_ref().display());
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Whether there is a file or folder in the door.
    #[must_use]
    pub fn exists(&self, path: impl AsRef<Path>) -> bool {
        let mut command = self.door("test");
        command.arg("-e").arg(path.as_ref());
        self.run(command, SHORT).status.success()
    }

    /// Makes a folder of the host private: its content stays visible, changes stay in the world.
    ///
    /// # Panics
    /// When the folder does not exist or the kernel has no overlay file system.
    #[track_caller]
    pub fn overlay(&self, folder: impl AsRef<Path>) {
        let number = self.number();
        let (upper, work) =
            (format!("/run/overlay/{number}/upper"), format!("/run/overlay/{number}/work"));
        self.door_run(&["mkdir", "-p", &upper, &work]);
        let folder = folder.as_ref().display().to_string();
        let options = format!("lowerdir={folder},upperdir={upper},workdir={work}");
        self.door_run(&["mount", "-t", "overlay", "-o", &options, "overlay", &folder]);
        self.overlays.lock().unwrap_or_else(PoisonError::into_inner).push(folder);
    }
}

/// $1: mode. $2: the file. The others: the private folders. The content comes on standard input.
const WRITE: &str = r#"
mode=$1 file=$2
shift 2
folder=${file%/*}
near=$folder
while [ ! -d "$near" ]; do near=${near%/*}; done
near=$(readlink -f "$near/.")
private=no
for candidate; do
	case $near/ in "$candidate"/*) private=yes ;; esac
done
[ $private = yes ] || { echo "$near belongs to the host" >&2; exit 1; }
mkdir -p "$folder"
cat >"$file"
chmod "$mode" "$file"
"#;

/// A folder that every user may enter, whatever the umask.
pub(super) fn make_folder(path: &Path) {
    fs::create_dir(path).must(path.display());
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).must(path.display());
}
