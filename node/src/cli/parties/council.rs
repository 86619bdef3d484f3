//! `xinglin council`.

mod motions;

use std::path::PathBuf;

use anyhow::{bail, Result};
use clap::Subcommand;
use codec::DecodeAll;
use pallet_insurance::norms::Norms;
use pallet_members::Name;
use serde_json::{json, Value};
use xinglin_primitives::{
    glue::{Held, HospitalLevel, MemberKind},
    AccountId, BlockNumber, EncryptionKey, Hash, MemberId, Party,
};
use xinglin_runtime::{Runtime, RuntimeCall};
use xinglin_sdk::{
    council::{self, Motion},
    keys::address_of,
};

use self::motions::{AccountMotion, ConsensusMotion, ProviderMotion};
use super::{super::time_authority, input, session::Session};

/// Characters of a call that a list shows.
const CALL_SHOWN: usize = 400;

/// What members do in the council.
#[derive(Subcommand)]
pub enum CouncilCommand {
    /// List the motions under vote
    Motions,
    /// Propose a motion, and approve it
    #[command(subcommand)]
    Propose(Proposal),
    /// Vote on a motion
    Vote {
        /// Hash of the motion
        motion: Hash,
        /// aye or nay
        #[arg(value_parser = vote)]
        vote: Vote,
    },
    /// Close a motion of which the outcome is certain: what it says is done if it is carried
    Close {
        /// Hash of the motion
        motion: Hash,
    },
}

/// What the council decides.
#[derive(Subcommand)]
pub enum Proposal {
    #[command(flatten)]
    Accounts(AccountMotion),
    #[command(flatten)]
    Providers(ProviderMotion),
    #[command(flatten)]
    Consensus(ConsensusMotion),
    /// Admit a member
    RegisterMember {
        /// Its main account
        #[arg(value_name = "ACCOUNT", value_parser = input::account)]
        account: AccountId,
        /// hospital, clinic, insurer, regulator, settlementBank, timeAuthority and others
        #[arg(long, value_parser = input::word::<MemberKind>)]
        kind: MemberKind,
        /// Level of a hospital
        #[arg(long, value_parser = input::word::<HospitalLevel>)]
        level: Option<HospitalLevel>,
        /// Its public name
        #[arg(long, value_parser = input::text::<Name>)]
        name: Name,
        /// To which envelopes for it are sealed
        #[arg(long, value_name = "HEX", value_parser = input::encryption_key)]
        encryption_key: EncryptionKey,
    },
    /// Remove a member, for good
    RemoveMember {
        /// The member
        #[arg(value_parser = input::number::<MemberId>)]
        member: MemberId,
    },
    /// Suspend a member, practitioner or patient
    Suspend {
        /// member:ID, practitioner:ID or patient:ID
        #[arg(value_name = "PARTY", value_parser = party)]
        party: Party,
    },
    /// Lift a suspension
    Lift {
        /// member:ID, practitioner:ID or patient:ID
        #[arg(value_name = "PARTY", value_parser = party)]
        party: Party,
    },
    /// Put a member's registered validator into the set
    AddValidator {
        /// The member
        #[arg(value_parser = input::number::<MemberId>)]
        member: MemberId,
        /// Its voting power
        #[arg(long, default_value = "1")]
        power: u32,
    },
    /// Take a member's validator out of the set
    RemoveValidator {
        /// The member
        #[arg(value_parser = input::number::<MemberId>)]
        member: MemberId,
    },
    /// Plan a change of the chain's rules
    PlanUpgrade {
        /// Version of the rules
        #[arg(long)]
        spec_version: u32,
        /// Height from which they hold
        #[arg(long, value_name = "HEIGHT")]
        at: BlockNumber,
    },
    /// Call a planned change of the rules off
    CancelUpgrade,
    /// Say what is remarkable in settlements
    SetNorms {
        /// JSON file, as docs/audit.md shows it
        file: PathBuf,
    },
    /// Register the certificates of a time authority's service
    RegisterCertificates {
        /// PEM file: that of the service first, then each one's issuer
        file: PathBuf,
        /// The authority
        #[arg(long, value_name = "ID", value_parser = input::number::<MemberId>)]
        member: MemberId,
    },
    /// Withdraw certificates of a time authority
    WithdrawCertificates {
        /// Number of the certificates among the authority's
        number: u32,
        /// The authority
        #[arg(long, value_name = "ID", value_parser = input::number::<MemberId>)]
        member: MemberId,
    },
    /// Any call, as a wallet encodes it
    Call {
        /// SCALE in hexadecimal
        #[arg(value_name = "HEX", value_parser = call)]
        call: Box<RuntimeCall>,
    },
}

/// How one votes.
#[derive(Clone, Copy, Debug)]
pub struct Vote {
    approves: bool,
}

fn vote(text: &str) -> Result<Vote, String> {
    let approves = input::one_of(text, &[("aye", true), ("nay", false)])?;
    Ok(Vote { approves })
}

fn party(text: &str) -> Result<Party, String> {
    match input::tagged::<Held>(text)? {
        Held::Party(party) => Ok(party),
        Held::Scheme(_) => Err("expected member:ID, practitioner:ID or patient:ID".to_owned()),
    }
}

fn call(text: &str) -> Result<Box<RuntimeCall>, String> {
    let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(text));
    let bytes = bytes.map_err(|error| format!("no hexadecimal: {error}"))?;
    let call = RuntimeCall::decode_all(&mut &bytes[..]);
    call.map(Box::new)
        .map_err(|_| "no call of this chain; encode it for this version of the rules".to_owned())
}

impl Proposal {
    fn call(self) -> Result<RuntimeCall> {
        type Members = pallet_members::Call<Runtime>;
        type Validators = pallet_validators::Call<Runtime>;
        type Upgrade = xinglin_runtime::upgrade::Call<Runtime>;
        type TrustedTime = pallet_trusted_time::Call<Runtime>;

        Ok(match self {
            Self::RegisterMember {
                account,
                kind,
                level,
                name,
                encryption_key,
            } => Members::register_member {
                account,
                kind,
                level,
                name,
                encryption_key,
            }
            .into(),
            Self::RemoveMember { member } => Members::remove_member { member }.into(),
            Self::Suspend { party } => Members::suspend { party }.into(),
            Self::Lift { party } => Members::lift { party }.into(),
            Self::AddValidator { member, power } => {
                Validators::add_validator { member, power }.into()
            }
            Self::RemoveValidator { member } => Validators::remove_validator { member }.into(),
            Self::PlanUpgrade { spec_version, at } => Upgrade::plan { spec_version, at }.into(),
            Self::CancelUpgrade => Upgrade::cancel {}.into(),
            Self::SetNorms { file } => {
                let norms: Norms = input::json(&file)?;
                pallet_insurance::Call::<Runtime>::set_norms { norms }.into()
            }
            Self::RegisterCertificates { file, member } => {
                let (_, call) = time_authority::registration(&file, member)?;
                call
            }
            Self::WithdrawCertificates { number, member } => {
                TrustedTime::withdraw_certificates { member, number }.into()
            }
            Self::Accounts(motion) => motion.call()?,
            Self::Providers(motion) => motion.call(),
            Self::Consensus(motion) => motion.call()?,
            Self::Call { call } => *call,
        })
    }
}

/// Does what a member's command in the council says.
pub async fn run(session: &Session, command: CouncilCommand) -> Result<()> {
    let (client, key) = (session.client(), session.key());
    match command {
        CouncilCommand::Motions => {
            let motions = council::motions(client).await?;
            session.show(&motions.iter().map(shown).collect())
        }
        CouncilCommand::Propose(proposal) => {
            let (motion, outcomes) = council::propose(client, key, proposal.call()?).await?;
            session.tell("Proposed", &outcomes, json!({ "motion": motion }))
        }
        CouncilCommand::Vote { motion, vote } => {
            let outcome = council::vote(client, key, motion, vote.approves).await?;
            session.tell("Voted", &[outcome], Value::Null)
        }
        CouncilCommand::Close { motion } => {
            let closed = council::close(client, key, motion).await?;
            if let Some(failure) = closed.failure {
                bail!("the motion is carried, and the rules refuse what it says: {failure}");
            }
            let done = match closed.is_carried {
                true => "Carried and done",
                false => "Rejected",
            };
            let more = json!({ "isCarried": closed.is_carried });
            session.tell(done, &[closed.outcome], more)
        }
    }
}

fn shown(motion: &Motion) -> Value {
    let names =
        |accounts: &[AccountId]| -> Vec<String> { accounts.iter().map(address_of).collect() };
    let call = format!("{:?}", motion.call);
    json!({
        "motion": motion.hash,
        "call": call.chars().take(CALL_SHOWN).collect::<String>(),
        "needs": motion.threshold,
        "ayes": names(&motion.ayes),
        "nays": names(&motion.nays),
        "untilBlock": motion.end,
    })
}
