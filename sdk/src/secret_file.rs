//! Files that hold secrets: created whole or not at all, for their owner only.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

/// Largest file that is read as a secret, in bytes.
pub const SECRET_FILE_BYTES_MAX: u64 = 64 * 1024;

/// Why a secret file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// The file exists. Keys are never overwritten.
    #[error("{} exists already; move it away first, a key is never overwritten", .0.display())]
    Exists(PathBuf),
    /// Others may read the file.
    #[error("{} is readable by others (mode {mode:04o}); run `chmod 600 {}`", .path.display(), .path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is larger than any key.
    #[error("{} is larger than {SECRET_FILE_BYTES_MAX} bytes and therefore not a key file", .0.display())]
    TooLarge(PathBuf),
    /// The operating system refuses.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> SecretFileError + '_ {
    move |source| SecretFileError::Io {
        path: path.to_owned(),
        source,
    }
}

/// Writes a new file with mode 0600. It appears under its name complete and synced, or not at all.
pub fn write_new(path: &Path, contents: &[u8]) -> Result<(), SecretFileError> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Temporary files are created with mode 0600, which the rename keeps.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io_error(path))?;
    file.write_all(contents)
        .and_then(|()| file.as_file().sync_all())
        .map_err(io_error(path))?;
    file.persist_noclobber(path)
        .map_err(|failure| match failure.error.kind() {
            io::ErrorKind::AlreadyExists => SecretFileError::Exists(path.to_owned()),
            _ => io_error(path)(failure.error),
        })?;
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io_error(path))
}

/// Reads a file that only its owner may read.
pub fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretFileError> {
    let mut file = fs::File::open(path).map_err(io_error(path))?;
    let metadata = file.metadata().map_err(io_error(path))?;
    check_mode(path, &metadata)?;
    if metadata.len() > SECRET_FILE_BYTES_MAX {
        return Err(SecretFileError::TooLarge(path.to_owned()));
    }
    let capacity = usize::try_from(metadata.len()).unwrap_or_default() + 1;
    let mut contents = Zeroizing::new(Vec::with_capacity(capacity));
    Read::by_ref(&mut file)
        .take(SECRET_FILE_BYTES_MAX)
        .read_to_end(&mut contents)
        .map_err(io_error(path))?;
    Ok(contents)
}

#[cfg(unix)]
fn check_mode(path: &Path, metadata: &fs::Metadata) -> Result<(), SecretFileError> {
    use std::os::unix::fs::PermissionsExt;

    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretFileError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &fs::Metadata) -> Result<(), SecretFileError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_new_file_is_for_its_owner_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_new(&path, b"first").unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(matches!(
            write_new(&path, b"second"),
            Err(SecretFileError::Exists(_))
        ));
        assert_eq!(&read(&path).unwrap()[..], b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_new(&path, b"secret").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = read(&path).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn an_oversized_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let size = usize::try_from(SECRET_FILE_BYTES_MAX).unwrap() + 1;
        write_new(&path, &vec![0; size]).unwrap();
        assert!(matches!(read(&path), Err(SecretFileError::TooLarge(_))));
    }
}
