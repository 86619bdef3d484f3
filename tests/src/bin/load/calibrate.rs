//! What this machine can do, from the same run: the limit that the result is held against.

use std::{
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Result;
use schnorrkel::{signing_context, ExpansionMode, MiniSecretKey};
use serde::Serialize;

/// Signatures of one batch.
const BATCH: usize = 128;
/// How long each figure is measured.
const TIME: Duration = Duration::from_millis(300);
/// Synced writes measured.
const SYNCS: usize = 64;

/// Figures of the machine, on one core.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Calibration {
    /// sr25519 signatures verified per second, one by one.
    pub verify_single_per_s: f64,
    /// The same in batches of 128.
    pub verify_batch_per_s: f64,
    /// Median time of one `fdatasync` after 4 KiB.
    pub fdatasync_p50_ms: f64,
    /// Number of cores.
    pub cores: usize,
}

/// Measures.
pub fn run(dir: &Path) -> Result<Calibration> {
    let (single, batch) = signatures()?;
    Ok(Calibration {
        verify_single_per_s: single,
        verify_batch_per_s: batch,
        fdatasync_p50_ms: fdatasync(dir)?,
        cores: std::thread::available_parallelism().map_or(1, usize::from),
    })
}

fn signatures() -> Result<(f64, f64)> {
    let context = signing_context(b"substrate");
    let mut messages = Vec::new();
    let mut signatures = Vec::new();
    let mut keys = Vec::new();
    for number in 0..BATCH {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&(number as u64).to_le_bytes());
        let pair = MiniSecretKey::from_bytes(&seed)
            .map_err(|error| anyhow::anyhow!("{error}"))?
            .expand_to_keypair(ExpansionMode::Ed25519);
        let message = [number as u8; 120];
        signatures.push(pair.sign(context.bytes(&message)));
        keys.push(pair.public);
        messages.push(message);
    }
    let single = rate(BATCH, || {
        (0..BATCH).all(|n| {
            keys[n]
                .verify(context.bytes(&messages[n]), &signatures[n])
                .is_ok()
        })
    })?;
    let batch = rate(BATCH, || {
        let transcripts = messages.iter().map(|message| context.bytes(message));
        schnorrkel::verify_batch(transcripts, &signatures, &keys, false).is_ok()
    })?;
    Ok((single, batch))
}

fn rate(per_round: usize, round: impl Fn() -> bool) -> Result<f64> {
    let start = Instant::now();
    let mut done = 0;
    while start.elapsed() < TIME {
        anyhow::ensure!(round(), "a signature does not verify");
        done += per_round;
    }
    Ok(done as f64 / start.elapsed().as_secs_f64())
}

fn fdatasync(dir: &Path) -> Result<f64> {
    let mut file = tempfile::tempfile_in(dir)?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        file.write_all(&[1; 4096])?;
        let start = Instant::now();
        file.sync_data()?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times[SYNCS / 2].as_secs_f64() * 1_000.0)
}
