//! How commands print: tables for people, JSON for programs.

use std::{fs::OpenOptions, io::Write, path::Path};

use anyhow::{Context, Result};
use comfy_table::{presets::UTF8_FULL_CONDENSED, ContentArrangement, Table};
use serde_json::Value;

/// An empty table in the style of all tables.
pub fn table() -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// A table of names and values.
pub fn property_table<N: ToString, V: ToString>(rows: impl IntoIterator<Item = (N, V)>) -> Table {
    let mut table = table();
    for (name, value) in rows {
        table.add_row([name.to_string(), value.to_string()]);
    }
    table
}

/// Writes text to a new file, or to the standard output.
pub fn write(path: Option<&Path>, text: &str) -> Result<()> {
    let Some(path) = path else {
        return Ok(std::io::stdout().write_all(text.as_bytes())?);
    };
    write_new(path, text)
}

/// Writes text to a file that does not exist yet.
pub fn write_new(path: &Path, text: &str) -> Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .with_context(|| format!("{}, which must not exist yet", path.display()))?
        .write_all(text.as_bytes())
        .with_context(|| format!("writing {}", path.display()))
}

/// As [`fn@write`], for JSON.
pub fn write_json(path: Option<&Path>, value: &Value) -> Result<()> {
    write(path, &format!("{value:#}\n"))
}

/// Bytes for people, such as `1.5 GiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut whole = count;
    let mut tenths = 0;
    while whole >= 1024 && unit + 1 < UNITS.len() {
        tenths = whole % 1024 * 10 / 1024;
        whole /= 1024;
        unit += 1;
    }
    match unit {
        0 => format!("{whole} {}", UNITS[0]),
        _ => format!("{whole}.{tenths} {}", UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_the_largest_unit() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(3 << 30), "3.0 GiB");
        assert_eq!(bytes(u64::MAX), "16777215.9 TiB");
    }
}
