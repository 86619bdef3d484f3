//! `xinglin chain-spec`: how a chain begins.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use codec::DecodeAll;
use sp_core::storage::Storage;
use xinglin_chain_spec::ChainSpec;
use xinglin_primitives::{consensus::Validator, Hash, FIRST_HEIGHT};
use xinglin_runtime::Runtime;
use xinglin_sdk::receipt::TrustAnchor;

use super::output::{self, property_table};
use crate::settings;

/// Build, check and export chain specifications.
#[derive(Subcommand)]
pub enum ChainSpecCommand {
    /// Write the specification of a preset, to start one's own from
    Build(BuildArgs),
    /// Say all that is wrong with a specification, or which chain it begins
    Check(CheckArgs),
    /// Write what receipts are verified against: the genesis hash and the first validators
    Export(BuildArgs),
}

/// Options of `chain-spec build` and `chain-spec export`.
#[derive(Args)]
pub struct BuildArgs {
    /// `dev`, `local`, or a specification
    #[arg(long, value_name = "dev|local|FILE")]
    chain: String,
    /// File to write, which must not exist [default: the standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Options of `chain-spec check`.
#[derive(Args)]
pub struct CheckArgs {
    /// The specification
    #[arg(value_name = "dev|local|FILE")]
    chain: String,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Does what `xinglin chain-spec …` says.
pub fn run(command: ChainSpecCommand) -> Result<()> {
    match command {
        ChainSpecCommand::Build(args) => {
            let spec = settings::chain_spec(&args.chain)?;
            output::write(args.output.as_deref(), &spec.to_json()?)
        }
        ChainSpecCommand::Check(args) => check(&args),
        ChainSpecCommand::Export(args) => {
            let anchor = anchor(&settings::chain_spec(&args.chain)?)?;
            output::write_json(args.output.as_deref(), &anchor.to_json())
        }
    }
}

/// What receipts of the chain that begins with `spec` are verified against.
pub fn anchor(spec: &ChainSpec) -> Result<TrustAnchor> {
    let genesis = spec.build().context("the chain specification")?;
    Ok(TrustAnchor {
        genesis: genesis.hash(),
        from: FIRST_HEIGHT,
        validators: validators(&genesis.storage)?,
    })
}

fn check(args: &CheckArgs) -> Result<()> {
    let spec = settings::chain_spec(&args.chain)?;
    let genesis = spec.build().context("the chain specification")?;
    let summary = Summary {
        name: spec.name,
        genesis_hash: genesis.hash(),
        state_root: genesis.state_root(),
        members: spec.genesis.members.members.len(),
        practitioners: spec.genesis.members.practitioners.len(),
        patients: spec.genesis.members.patients.len(),
        validators: validators(&genesis.storage)?.len(),
    };
    if args.json {
        return output::write_json(None, &serde_json::to_value(summary)?);
    }
    let rows = [
        ("chain", summary.name),
        ("genesis hash", format!("{:?}", summary.genesis_hash)),
        ("state root", format!("{:?}", summary.state_root)),
        ("members", summary.members.to_string()),
        ("practitioners", summary.practitioners.to_string()),
        ("patients", summary.patients.to_string()),
        ("validators", summary.validators.to_string()),
    ];
    println!("{}", property_table(rows));
    println!("A chain can begin with this.");
    Ok(())
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    name: String,
    genesis_hash: Hash,
    state_root: Hash,
    members: usize,
    practitioners: usize,
    patients: usize,
    validators: usize,
}

/// The validators that the first state names.
fn validators(storage: &Storage) -> Result<Vec<Validator>> {
    let key = pallet_validators::Validators::<Runtime>::hashed_key();
    storage
        .top
        .get(key.as_slice())
        .and_then(|value| Vec::decode_all(&mut &value[..]).ok())
        .context("the first state names no validators")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_core::Pair;
    use xinglin_runtime::genesis::dev;

    #[test]
    fn the_anchor_of_a_preset_names_its_validators() {
        let spec = ChainSpec::from_preset("local").unwrap();
        let anchor = anchor(&spec).unwrap();
        assert_eq!(anchor.genesis, spec.build().unwrap().hash());
        assert_eq!(anchor.validators.len(), 4);
        let alice = dev::consensus_key_pair("//Alice").public();
        assert_eq!(anchor.validators[0].key, alice);
    }
}
