//! What the council decides about members, providers of payment services and validators.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Subcommand;
use pallet_members::Name as MemberName;
use pallet_payments::{receipts::ReceiptKey, types::Name as ProviderName};
use xinglin_primitives::{
    consensus::ConsensusParameters, glue::HospitalLevel, AccountId, MemberId, ProviderId,
};
use xinglin_runtime::{Runtime, RuntimeCall};

use crate::cli::parties::input::{self, ForPrincipal};

/// What a member is called, and which accounts act.
#[derive(Subcommand)]
pub enum AccountMotion {
    /// Change the public name and the level of a member
    DescribeMember {
        /// The member
        #[arg(value_parser = input::number::<MemberId>)]
        member: MemberId,
        /// Level of a hospital
        #[arg(long, value_parser = input::word::<HospitalLevel>)]
        level: Option<HospitalLevel>,
        /// Its public name
        #[arg(long, value_parser = input::text::<MemberName>)]
        name: MemberName,
    },
    /// Give another main account to a member that lost the key
    ChangeMemberAccount {
        /// The member
        #[arg(value_parser = input::number::<MemberId>)]
        member: MemberId,
        /// The new main account
        #[arg(long, value_parser = input::account)]
        account: AccountId,
    },
    /// Take back the replacement of a person's account before it is completed
    CancelReplacement {
        #[command(flatten)]
        person: ForPrincipal,
    },
}

/// Providers of payment services.
#[derive(Subcommand)]
#[allow(
    clippy::enum_variant_names,
    reason = "the commands stand beside those of other motions"
)]
pub enum ProviderMotion {
    /// Register a provider of payment services
    RegisterProvider {
        /// Its account, which may submit receipts
        #[arg(value_name = "ACCOUNT", value_parser = input::account)]
        account: AccountId,
        /// Its public name
        #[arg(long, value_parser = input::text::<ProviderName>)]
        name: ProviderName,
        /// With which it signs receipts: sr25519:HEX or ed25519:HEX
        #[arg(long, value_name = "KEY", value_parser = input::receipt_key)]
        receipt_key: ReceiptKey,
    },
    /// Give a provider another account and key; receipts of the old key are void
    ChangeProvider {
        /// The provider
        #[arg(value_parser = input::number::<ProviderId>)]
        provider: ProviderId,
        /// Its account
        #[arg(long, value_parser = input::account)]
        account: AccountId,
        /// With which it signs receipts: sr25519:HEX or ed25519:HEX
        #[arg(long, value_name = "KEY", value_parser = input::receipt_key)]
        receipt_key: ReceiptKey,
    },
    /// Refuse a provider's receipts from now on, for good
    RetireProvider {
        /// The provider
        #[arg(value_parser = input::number::<ProviderId>)]
        provider: ProviderId,
    },
}

/// Validators and how they agree.
#[derive(Subcommand)]
pub enum ConsensusMotion {
    /// Decide on the whole set of validators, of those that are registered
    SetValidators {
        /// Each member with its voting power
        #[arg(required = true, value_name = "MEMBER:POWER", value_parser = power)]
        validators: Vec<(MemberId, u32)>,
    },
    /// Set timeouts and the pace of blocks
    SetConsensusParameters {
        /// JSON file: proposeTimeoutMs, prevoteTimeoutMs, precommitTimeoutMs, timeoutDeltaMs,
        /// blockIntervalMinMs, blockIntervalIdleMs, clockDriftMaxMs
        file: PathBuf,
    },
    /// Clear the record of a validator's offences, once they are dealt with
    ClearOffences {
        /// The member
        #[arg(value_parser = input::number::<MemberId>)]
        member: MemberId,
    },
}

fn power(text: &str) -> Result<(MemberId, u32), String> {
    let (member, power) = text
        .split_once(':')
        .ok_or("expected MEMBER:POWER, such as 0:1")?;
    let power = power.parse().map_err(|_| "the power is not a number")?;
    Ok((input::number(member)?, power))
}

impl AccountMotion {
    /// The call that is voted on.
    pub fn call(self) -> Result<RuntimeCall> {
        type Members = pallet_members::Call<Runtime>;

        Ok(match self {
            Self::DescribeMember {
                member,
                level,
                name,
            } => Members::describe_member {
                member,
                level,
                name,
            },
            Self::ChangeMemberAccount { member, account } => {
                Members::change_member_account { member, account }
            }
            Self::CancelReplacement { person } => Members::cancel_replacement {
                principal: person.principal()?,
            },
        }
        .into())
    }
}

impl ProviderMotion {
    /// The call that is voted on.
    pub fn call(self) -> RuntimeCall {
        type Payments = pallet_payments::Call<Runtime>;

        match self {
            Self::RegisterProvider {
                account,
                name,
                receipt_key: key,
            } => Payments::register_provider { name, account, key },
            Self::ChangeProvider {
                provider,
                account,
                receipt_key: key,
            } => Payments::change_provider {
                provider,
                account,
                key,
            },
            Self::RetireProvider { provider } => Payments::retire_provider { provider },
        }
        .into()
    }
}

impl ConsensusMotion {
    /// The call that is voted on.
    pub fn call(self) -> Result<RuntimeCall> {
        type Validators = pallet_validators::Call<Runtime>;

        Ok(match self {
            Self::SetValidators { validators } => Validators::set_validators {
                validators: validators
                    .try_into()
                    .ok()
                    .context("too many validators: 100 at most")?,
            },
            Self::SetConsensusParameters { file } => {
                let parameters: ConsensusParameters = input::json(&file)?;
                Validators::set_consensus_parameters { parameters }
            }
            Self::ClearOffences { member } => Validators::clear_offences { member },
        }
        .into())
    }
}
