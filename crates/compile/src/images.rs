//! Images on their way to the door: one after the other in the memory file on descriptor 4.

use portreeve_config::SourceRead;
use portreeve_sys::file::gather;
use portreeve_wire::compile::{Image, MAX_IMAGES, Outcome};
use std::fs::File;
use std::io::Write;

/// An image begins at a multiple of so many bytes, so that none shares a page with another's end.
const ALIGN: u64 = 4096;

/// Writes images, and says where they are.
///
/// # Errors
/// There is no file for them, or it takes no more.
pub(crate) fn write(read: Vec<SourceRead>, file: Option<File>) -> Result<Vec<Image>, String> {
    let mut writer = Writer { file, at: 0 };
    let mut images = Vec::new();
    for SourceRead { source, outcome, watched } in read {
        let outcome = match outcome {
            Ok(image) => {
                let offset = writer.add(&image.bytes)?;
                let length = u64::try_from(image.bytes.len()).unwrap_or(u64::MAX);
                Outcome::Read { offset, length, entries: image.entries }
            }
            Err(why) => Outcome::Bad(why),
        };
        images.push(Image { source, outcome, watched });
    }
    if let Some(file) = &writer.file {
        // where the kernel has no huge pages to spare, look-ups are a little slower
        let _ = gather(file);
    }
    Ok(images)
}

struct Writer {
    file: Option<File>,
    at: u64,
}

impl Writer {
    /// Appends an image; gives its place.
    fn add(&mut self, bytes: &[u8]) -> Result<u64, String> {
        let gap = self.at.next_multiple_of(ALIGN) - self.at;
        let gap = vec![0; usize::try_from(gap).unwrap_or(0)];
        let offset = self.at.saturating_add(gap.len().try_into().unwrap_or(u64::MAX));
        let end = offset.saturating_add(bytes.len().try_into().unwrap_or(u64::MAX));
        if end > MAX_IMAGES {
            return Err(format!("the lists take more than {} MiB", MAX_IMAGES >> 20));
        }
        let file = self.file.as_mut().ok_or("descriptor 4 is not open: no place for images")?;
        let written = file.write_all(&gap).and_then(|()| file.write_all(bytes));
        written.map_err(|error| format!("an image cannot be written: {error}"))?;
        self.at = end;
        Ok(offset)
    }
}
