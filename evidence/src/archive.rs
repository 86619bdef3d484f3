//! The file that a package is: a ZIP archive in the one form that is allowed.
//!
//! Files are stored without compression and without dates, in ascending order of their paths; there is
//! nothing between, before or behind them. So no file unpacks to more than it is, and one set of
//! files is one sequence of bytes.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read, Write},
};

use zip::{result::ZipError, write::SimpleFileOptions, CompressionMethod, ZipArchive, ZipWriter};

/// Largest package, in bytes.
pub const PACKAGE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most files of a package.
pub const FILES_MAX: usize = 4_096;
/// Longest path of a file, in bytes.
pub const PATH_BYTES_MAX: usize = 64;

/// The end record of an archive without comment, in bytes.
const END_BYTES: usize = 22;
/// What it begins with.
const END_SIGNATURE: [u8; 4] = *b"PK\x05\x06";

/// The files of a package by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Why bytes are no package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// There are more bytes than any package has.
    #[error("{bytes} bytes are more than a package has ({PACKAGE_BYTES_MAX})")]
    TooLarge {
        /// How many there are.
        bytes: u64,
    },
    /// It is no ZIP archive, or a damaged one.
    #[error(
        "not a package: {reason}; it was cut off or damaged, so get it again from where it came"
    )]
    Damaged {
        /// What is wrong.
        reason: String,
    },
    /// There are too many files.
    #[error("{files} files are more than a package has ({FILES_MAX})")]
    TooManyFiles {
        /// How many there are.
        files: usize,
    },
    /// A file is encrypted.
    #[error("`{path}` is encrypted; a package is not, so take the file as it was exported")]
    Encrypted {
        /// Which.
        path: String,
    },
    /// A file is compressed.
    #[error("`{path}` is compressed ({method}); a package is not, so take the file as it was exported, not packed again")]
    Compressed {
        /// Which.
        path: String,
        /// How.
        method: String,
    },
    /// A path is not one of a package.
    #[error(
        "`{path}` is no path of a package: a name, or a folder and a name, of a-z, 0-9 and dots"
    )]
    Path {
        /// Which, without what cannot be printed.
        path: String,
    },
    /// Two files have the same path.
    #[error("two files have the same path")]
    Duplicate,
    /// Unpacked, the files are larger than any package.
    #[error(
        "unpacked, the files have {bytes} bytes, more than a package has ({PACKAGE_BYTES_MAX})"
    )]
    TooLargeUnpacked {
        /// How many they say they have.
        bytes: u64,
    },
    /// The archive is not written as packages are.
    #[error("the archive is not in the form in which packages are written: it was packed again or altered; take the file as it was exported")]
    OtherForm,
}

/// Writes files as a package.
///
/// # Errors
/// There are more of them, or they are larger, than a package may have.
pub fn pack(files: &Files) -> Result<Vec<u8>, ArchiveError> {
    check_bounds(files)?;
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .unix_permissions(0o644);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        writer
            .start_file(path.as_str(), options)
            .and_then(|()| Ok(writer.write_all(bytes)?))
            .map_err(damaged)?;
    }
    let bytes = writer.finish().map_err(damaged)?.into_inner();
    if bytes.len() > PACKAGE_BYTES_MAX {
        let bytes = bytes.len() as u64;
        return Err(ArchiveError::TooLarge { bytes });
    }
    Ok(bytes)
}

/// Reads the files of a package.
///
/// # Errors
/// The bytes are no archive, go beyond a bound, or are not what [`pack`] writes of these files.
pub fn unpack(bytes: &[u8]) -> Result<Files, ArchiveError> {
    if bytes.len() > PACKAGE_BYTES_MAX {
        let bytes = bytes.len() as u64;
        return Err(ArchiveError::TooLarge { bytes });
    }
    check_end(bytes)?;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    if archive.len() > FILES_MAX {
        let files = archive.len();
        return Err(ArchiveError::TooManyFiles { files });
    }
    if archive.has_duplicate_names() {
        return Err(ArchiveError::Duplicate);
    }
    let mut files = Files::new();
    let mut room = PACKAGE_BYTES_MAX as u64;
    for index in 0..archive.len() {
        let (path, size) = check_entry(&mut archive, index)?;
        room = room
            .checked_sub(size)
            .ok_or(ArchiveError::TooLargeUnpacked { bytes: size })?;
        let file = archive.by_index(index).map_err(damaged)?;
        let mut content = Vec::new();
        // Whatever the file says of its size, no more is read than it may have.
        file.take(size.saturating_add(1))
            .read_to_end(&mut content)
            .map_err(|error| damaged(error.into()))?;
        files.insert(path, content);
    }
    match pack(&files) {
        Ok(packed) if packed == bytes => Ok(files),
        _ => Err(ArchiveError::OtherForm),
    }
}

/// What the archive says of a file: its path and size.
fn check_entry(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
) -> Result<(String, u64), ArchiveError> {
    let file = archive.by_index_raw(index).map_err(damaged)?;
    let path = String::from_utf8_lossy(file.name_raw()).into_owned();
    if !is_path(&path) {
        let path = path.chars().take(PATH_BYTES_MAX);
        let path = path.filter(|it| !it.is_control()).collect();
        return Err(ArchiveError::Path { path });
    }
    if file.encrypted() {
        return Err(ArchiveError::Encrypted { path });
    }
    if file.compression() != CompressionMethod::Stored {
        let method = file.compression().to_string();
        return Err(ArchiveError::Compressed { path, method });
    }
    Ok((path, file.size()))
}

/// Whether the end of the archive is where it is in a package, and promises no more files than one
/// may have: only then is the list of files worth reading.
fn check_end(bytes: &[u8]) -> Result<(), ArchiveError> {
    let end = bytes
        .len()
        .checked_sub(END_BYTES)
        .and_then(|at| bytes.get(at..))
        .filter(|end| end.starts_with(&END_SIGNATURE))
        .ok_or_else(|| ArchiveError::Damaged {
            reason: "it does not end as a ZIP archive without comment does".into(),
        })?;
    let files = usize::from(u16::from_le_bytes([end[10], end[11]]));
    // Where these are, the numbers are elsewhere (ZIP64), and so would be that of the files.
    let is_elsewhere = end.get(12..20).is_none_or(|at| {
        let mut fields = at.chunks(4);
        fields.any(|field| field == [0xff; 4])
    });
    if is_elsewhere {
        return Err(ArchiveError::OtherForm);
    }
    if files > FILES_MAX {
        return Err(ArchiveError::TooManyFiles { files });
    }
    Ok(())
}

fn check_bounds(files: &Files) -> Result<(), ArchiveError> {
    if files.len() > FILES_MAX {
        let files = files.len();
        return Err(ArchiveError::TooManyFiles { files });
    }
    if let Some(path) = files.keys().find(|path| !is_path(path)) {
        let path = path.clone();
        return Err(ArchiveError::Path { path });
    }
    let bytes = files.values().map(|bytes| bytes.len() as u64).sum();
    if bytes > PACKAGE_BYTES_MAX as u64 {
        return Err(ArchiveError::TooLargeUnpacked { bytes });
    }
    Ok(())
}

/// A name, or a folder and a name: nothing that leads elsewhere when it is unpacked.
pub(crate) fn is_path(path: &str) -> bool {
    let is_name = |name: &str| {
        let is_plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'.';
        !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_plain)
    };
    path.len() <= PATH_BYTES_MAX
        && match path.split_once('/') {
            None => is_name(path),
            Some((folder, name)) => is_name(folder) && is_name(name),
        }
}

fn damaged(error: ZipError) -> ArchiveError {
    ArchiveError::Damaged {
        reason: error.to_string(),
    }
}
