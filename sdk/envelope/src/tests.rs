//! Bounds of decompression, and what is never printed.
use crate::{Compression, EnvelopeError, RecordKey};

const ALL: [Compression; 3] = [Compression::None, Compression::Zstd, Compression::Gzip];
const LIMIT: usize = 4_096;

#[test]
fn what_is_packed_is_unpacked() {
    let plain: Vec<u8> = (0..LIMIT).map(|byte| (byte % 251) as u8).collect();
    for compression in ALL {
        for length in [0, 1, LIMIT] {
            let packed = compression.pack(&plain[..length], LIMIT).unwrap();
            let unpacked = compression.unpack(&packed, LIMIT).unwrap();
            assert_eq!(*unpacked, plain[..length]);
            assert_eq!(Compression::from_code(compression.code()), Ok(compression));
        }
        let exceeds = vec![0; LIMIT + 1];
        assert_eq!(
            compression.pack(&exceeds, LIMIT),
            Err(EnvelopeError::TooLarge)
        );
    }
}

#[test]
fn a_bomb_is_refused_when_it_exceeds_the_bound() {
    // A few kilobytes that would unfold to 64 MiB.
    let zeros = vec![0; 64 * 1024 * 1024];
    for compression in [Compression::Zstd, Compression::Gzip] {
        let bomb = compression.pack(&zeros, zeros.len()).unwrap();
        assert!(bomb.len() < 100_000, "{}", bomb.len());
        let refused = compression.unpack(&bomb, LIMIT);
        assert_eq!(refused, Err(EnvelopeError::TooLarge));
    }
}

#[test]
fn a_frame_that_wants_much_memory_is_refused() {
    use std::io::Write;
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.window_log(27).unwrap();
    // A streamed frame does not say how long it is, and so is given the window that it asks for.
    encoder.write_all(&[1; 100]).unwrap();
    encoder.flush().unwrap();
    let frame = encoder.finish().unwrap();
    assert_eq!(
        Compression::Zstd.unpack(&frame, LIMIT),
        Err(EnvelopeError::BadCompression)
    );
}

#[test]
fn garbage_does_not_decompress() {
    let garbage = [7; 64];
    for compression in [Compression::Zstd, Compression::Gzip] {
        assert_eq!(
            compression.unpack(&garbage, LIMIT),
            Err(EnvelopeError::BadCompression)
        );
        let packed = compression.pack(&[9; 1_000], LIMIT).unwrap();
        assert_eq!(
            compression.unpack(&packed[..packed.len() - 1], LIMIT),
            Err(EnvelopeError::BadCompression),
        );
    }
}

#[test]
fn debug_output_has_no_key() {
    let key = RecordKey::from_bytes([0xAB; 32]);
    assert_eq!(format!("{key:?}"), "RecordKey(..)");
}
