//! Layers the options of `xinglin start`: configuration file, then environment, then command line.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::{bail, Context, Result};
use clap::{Args as _, Command};
use figment::{
    providers::{Format, Serialized, Toml},
    value::{Dict, Value},
    Figment, Provider,
};

use crate::cli::args::StartArgs;

/// Options whose values are paths: relative ones in the file start at the file's folder.
const PATH_OPTIONS: [&str; 6] = [
    "base-path",
    "consensus-key",
    "passphrase-file",
    "node-key-file",
    "anchor-key",
    "anchor-passphrase-file",
];

/// Merges the file named by `--config`, if any, below the options of the command line, which clap
/// has already merged with the environment.
pub fn layer(flags: StartArgs) -> Result<StartArgs> {
    let Some(path) = flags.config.clone() else {
        return Ok(flags);
    };
    let file = read_file(&path)?;
    let mut merged: StartArgs = Figment::new()
        .merge(Serialized::defaults(file))
        .merge(Serialized::defaults(&flags))
        .extract()
        .with_context(|| format!("configuration file {}", path.display()))?;
    merged.config = flags.config;
    merged.print_config = flags.print_config;
    Ok(merged)
}

/// The options as the text of a configuration file.
pub fn to_toml(options: &StartArgs) -> Result<String> {
    Ok(toml::to_string(options)?)
}

fn read_file(path: &Path) -> Result<Dict> {
    let name = || format!("configuration file {}", path.display());
    let text = std::fs::read_to_string(path).with_context(name)?;
    let mut dict = Toml::string(&text)
        .data()
        .with_context(name)?
        .into_values()
        .next()
        .unwrap_or_default();
    let known = option_names();
    for key in dict.keys() {
        if !known.contains(key) {
            bail!(
                "{}: `{key}` is not an option; `xinglin start --help` lists them{}",
                name(),
                suggestion(key, &known)
            );
        }
    }
    // One by one, since the error for a whole does not say which option it means.
    for (key, value) in &dict {
        let alone = Dict::from([(key.clone(), value.clone())]);
        Figment::from(Serialized::defaults(alone))
            .extract::<StartArgs>()
            .with_context(|| format!("{}: `{key}`", name()))?;
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    for key in PATH_OPTIONS {
        if let Some(value) = dict.get_mut(key) {
            anchor(value, folder);
        }
    }
    anchor_chain(&mut dict, folder);
    Ok(dict)
}

/// Makes a relative path start at `folder`.
fn anchor(value: &mut Value, folder: &Path) {
    if let Value::String(_, text) = value {
        if Path::new(text.as_str()).is_relative() {
            let path: PathBuf = folder.join(text.as_str());
            *text = path.to_string_lossy().into_owned();
        }
    }
}

/// `chain` is a path unless it names a preset.
fn anchor_chain(dict: &mut Dict, folder: &Path) {
    if let Some(value) = dict.get_mut("chain") {
        let preset = value
            .as_str()
            .is_some_and(|name| crate::settings::PRESETS.contains(&name));
        if !preset {
            anchor(value, folder);
        }
    }
}

/// The names of all options that a file may contain.
fn option_names() -> BTreeSet<String> {
    StartArgs::augment_args(Command::new("start"))
        .get_arguments()
        .filter_map(|argument| argument.get_long())
        .filter(|name| !["config", "print-config"].contains(name))
        .map(str::to_owned)
        .collect()
}

/// The option that shares the longest beginning or end with a mistaken name.
fn suggestion(key: &str, known: &BTreeSet<String>) -> String {
    let normal = key.replace('_', "-");
    let common = |name: &str| {
        let ahead = name.chars().zip(normal.chars());
        let behind = name.chars().rev().zip(normal.chars().rev());
        let ahead = ahead.take_while(|(a, b)| a == b).count();
        ahead.max(behind.take_while(|(a, b)| a == b).count())
    };
    known
        .iter()
        .max_by_key(|name| common(name))
        .filter(|name| common(name) >= 3)
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::PruningArg;
    use clap::Parser;

    #[derive(Parser)]
    struct Start {
        #[command(flatten)]
        args: StartArgs,
    }

    fn with_file(text: &str, flags: &[&str]) -> Result<StartArgs> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.toml");
        std::fs::write(&path, text).unwrap();
        let arguments = ["start", "--config", path.to_str().unwrap()];
        let parsed = Start::try_parse_from(arguments.iter().chain(flags)).unwrap();
        layer(parsed.args)
    }

    #[test]
    fn flags_prevail_over_the_file_and_the_rest_of_the_file_stays() {
        let text =
            "rpc-port = 1\nport = 2\nvalidator = true\nbootnodes = ['/a', '/b']\npruning = 64";
        let merged = with_file(text, &["--rpc-port", "9", "--validator=false"]).unwrap();
        assert_eq!(merged.rpc.rpc_port, Some(9));
        assert_eq!(merged.network.port, Some(2));
        assert_eq!(merged.validator.validator, Some(false));
        assert_eq!(merged.network.bootnodes, ["/a", "/b"]);
        assert_eq!(merged.storage.pruning, Some(PruningArg::Keep(64)));
    }

    #[test]
    fn an_unknown_name_in_the_file_is_an_error_with_a_suggestion() {
        let error = with_file("rpc_port = 1", &[]).unwrap_err().to_string();
        assert!(error.contains("`rpc_port` is not an option"), "{error}");
        assert!(error.contains("did you mean `rpc-port`"), "{error}");
        assert!(with_file("[rpc]\nport = 1", &[]).is_err());
        assert!(with_file("config = 'x'", &[]).is_err());
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_an_error_that_names_it() {
        let error = format!("{:#}", with_file("rpc-port = 'high'", &[]).unwrap_err());
        assert!(error.contains("rpc-port"), "{error}");
        assert!(with_file("pruning = 0", &[]).is_err());
    }

    #[test]
    fn relative_paths_in_the_file_start_at_its_folder() {
        let merged = with_file(
            "base-path = 'data'\nconsensus-key = '/abs/key'\nchain = 'spec.json'",
            &[],
        )
        .unwrap();
        let folder = merged.config.unwrap().parent().unwrap().to_owned();
        assert_eq!(merged.storage.base_path, Some(folder.join("data")));
        assert_eq!(merged.validator.consensus_key, Some("/abs/key".into()));
        let spec = folder.join("spec.json").to_string_lossy().into_owned();
        assert_eq!(merged.chain.chain, Some(spec));
        let preset = with_file("chain = 'local'", &[]).unwrap();
        assert_eq!(preset.chain.chain.as_deref(), Some("local"));
    }

    #[test]
    fn printed_options_read_back_the_same() {
        let flags =
            Start::parse_from(["start", "--dev", "--pruning", "256", "--bootnodes", "/a,/b"]);
        let text = to_toml(&flags.args).unwrap();
        let mut read = with_file(&text, &[]).unwrap();
        read.config = None;
        assert_eq!(read, flags.args);
    }

    #[test]
    fn every_path_option_exists() {
        let known = option_names();
        for name in PATH_OPTIONS {
            assert!(known.contains(name), "{name}");
        }
    }
}
