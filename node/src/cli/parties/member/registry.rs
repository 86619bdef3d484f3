//! Who belongs to the member: accounts, practitioners, patients; and the keys of records.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Subcommand;
use pallet_members::Specialty;
use serde_json::json;
use xinglin_primitives::{
    AccountId, DepartmentId, DisclosureId, EncryptionKey, Hash, MemberId, Party, PractitionerId,
    RecordId,
};
use xinglin_rpc_api::questions as ask;
use xinglin_runtime::Runtime;
use xinglin_sdk::{
    audit,
    identity::{identity_hash, Salt, SALT_BYTES},
    secret_file,
};

use crate::cli::parties::{
    doctor,
    input::{self, ForPrincipal, IdentityArgs, OpenArgs, PageArgs},
    keys::{self, KeeperCommand},
    session::Session,
};

/// Who belongs to the member, and its keys of records.
#[derive(Subcommand)]
pub enum RegistryCommand {
    /// Replace the account of a person who lost the key
    #[command(subcommand)]
    Replacement(ReplacementCommand),
    #[command(flatten)]
    Files(FileCommand),
    #[command(flatten)]
    Keys(KeeperCommand),
    /// Register a patient whose identity was checked
    RegisterPatient {
        /// The patient's account
        #[arg(long, value_parser = input::account)]
        account: AccountId,
        /// The patient's encryption key
        #[arg(long, value_name = "HEX", value_parser = input::encryption_key)]
        encryption_key: EncryptionKey,
        #[command(flatten)]
        identity: IdentityArgs,
    },
    /// Register a practitioner and license her
    RegisterPractitioner {
        /// The practitioner's account
        #[arg(long, value_parser = input::account)]
        account: AccountId,
        /// The practitioner's encryption key
        #[arg(long, value_name = "HEX", value_parser = input::encryption_key)]
        encryption_key: EncryptionKey,
        /// The department
        #[arg(long, value_name = "ID", value_parser = input::number::<DepartmentId>)]
        department: DepartmentId,
        /// The code of the specialty
        #[arg(long, value_parser = input::text::<Specialty>)]
        specialty: Specialty,
    },
    /// License a practitioner who is registered, or change the licence
    SetLicence {
        /// The practitioner
        #[arg(value_parser = input::number::<PractitionerId>)]
        practitioner: PractitionerId,
        /// The department
        #[arg(long, value_name = "ID", value_parser = input::number::<DepartmentId>)]
        department: DepartmentId,
        /// The code of the specialty
        #[arg(long, value_parser = input::text::<Specialty>)]
        specialty: Specialty,
    },
    /// Suspend a licence
    SuspendLicence {
        /// The practitioner
        #[arg(value_parser = input::number::<PractitionerId>)]
        practitioner: PractitionerId,
    },
    /// End the suspension of a licence
    LiftLicence {
        /// The practitioner
        #[arg(value_parser = input::number::<PractitionerId>)]
        practitioner: PractitionerId,
    },
    /// Revoke a licence
    RevokeLicence {
        /// The practitioner
        #[arg(value_parser = input::number::<PractitionerId>)]
        practitioner: PractitionerId,
    },
    /// Add a service account: a server or a desk
    AddServiceAccount {
        /// The account
        #[arg(value_parser = input::account)]
        account: AccountId,
    },
    /// Remove a service account
    RemoveServiceAccount {
        /// The account
        #[arg(value_parser = input::account)]
        account: AccountId,
    },
    /// Change the main account; the balance moves along
    ChangeAccount {
        /// The new main account
        #[arg(value_parser = input::account)]
        account: AccountId,
    },
}

/// New accounts for persons who lost their keys.
#[derive(Subcommand)]
pub enum ReplacementCommand {
    /// Propose a new account for a person who lost the key
    Propose {
        #[command(flatten)]
        person: ForPrincipal,
        /// The new account
        #[arg(long, value_parser = input::account)]
        account: AccountId,
        /// The new encryption key
        #[arg(long, value_name = "HEX", value_parser = input::encryption_key)]
        encryption_key: EncryptionKey,
    },
    /// Approve, as a second member, a new account for a person
    Approve {
        #[command(flatten)]
        person: ForPrincipal,
        /// The new account
        #[arg(long, value_parser = input::account)]
        account: AccountId,
    },
    /// Complete the replacement once its delay is over
    Complete {
        #[command(flatten)]
        person: ForPrincipal,
    },
    /// Take the replacement back before it is completed
    Cancel {
        #[command(flatten)]
        person: ForPrincipal,
    },
}

/// Records and disclosures.
#[derive(Subcommand)]
pub enum FileCommand {
    /// Open records that the member wrote or was granted, and show or store what is in them
    Open(OpenArgs),
    /// Confirm that the member's keys of a record are destroyed
    ConfirmErasure {
        /// The record
        #[arg(value_parser = input::number::<RecordId>)]
        record: RecordId,
    },
    /// List what regulators ask the member to disclose, the first due first
    DisclosureRequests(PageArgs),
    /// Read the letter that says what is asked for
    ReadRequest {
        /// The request
        #[arg(value_parser = input::number::<DisclosureId>)]
        disclosure: DisclosureId,
        /// The letter, in hexadecimal
        letter: PathBuf,
    },
    /// Disclose a document to the regulator that asked
    Disclose {
        /// The request
        #[arg(value_parser = input::number::<DisclosureId>)]
        disclosure: DisclosureId,
        /// The document
        file: PathBuf,
    },
    /// Show a disclosure of the member's again
    ReadDisclosure {
        /// The transaction that disclosed it
        transaction: Hash,
    },
}

type Members = pallet_members::Call<Runtime>;

/// Does what a command about the member's own says.
pub async fn run(session: &Session, command: RegistryCommand) -> Result<()> {
    use RegistryCommand as It;

    let (done, call) = match command {
        It::RegisterPatient {
            account,
            encryption_key,
            identity,
        } => {
            let call = Members::register_patient {
                identity: identity_of(&identity)?,
                account,
                encryption_key,
            };
            ("Registered", call)
        }
        It::RegisterPractitioner {
            account,
            encryption_key,
            department,
            specialty,
        } => {
            let call = Members::register_practitioner {
                account,
                encryption_key,
                department,
                specialty,
            };
            ("Registered", call)
        }
        It::SetLicence {
            practitioner,
            department,
            specialty,
        } => {
            let call = Members::set_licence {
                practitioner,
                department,
                specialty,
            };
            ("Licensed", call)
        }
        It::SuspendLicence { practitioner } => {
            let call = Members::suspend_licence { practitioner };
            ("The licence is suspended", call)
        }
        It::LiftLicence { practitioner } => {
            let call = Members::lift_licence { practitioner };
            ("The licence holds again", call)
        }
        It::RevokeLicence { practitioner } => {
            let call = Members::revoke_licence { practitioner };
            ("The licence is revoked", call)
        }
        It::AddServiceAccount { account } => {
            let call = Members::add_service_account { account };
            ("The account is added", call)
        }
        It::RemoveServiceAccount { account } => {
            let call = Members::remove_service_account { account };
            ("The account is removed", call)
        }
        It::ChangeAccount { account } => {
            let member = session.member().await?;
            let call = Members::change_member_account { member, account };
            ("The main account is changed", call)
        }
        It::Replacement(command) => replacement(command)?,
        It::Files(command) => return files(session, command).await,
        It::Keys(command) => return keys::run(session, command).await,
    };
    session.execute(done, call).await
}

fn replacement(command: ReplacementCommand) -> Result<(&'static str, Members)> {
    use ReplacementCommand as It;

    Ok(match command {
        It::Propose {
            person,
            account,
            encryption_key,
        } => {
            let call = Members::propose_replacement {
                principal: person.principal()?,
                account,
                encryption_key,
            };
            ("Proposed; a second member approves it", call)
        }
        It::Approve { person, account } => {
            let principal = person.principal()?;
            let call = Members::approve_replacement { principal, account };
            ("Approved; it can be completed after the delay", call)
        }
        It::Complete { person } => {
            let principal = person.principal()?;
            let call = Members::complete_replacement { principal };
            ("The account is replaced; reseal a patient's keys", call)
        }
        It::Cancel { person } => {
            let principal = person.principal()?;
            let call = Members::cancel_replacement { principal };
            ("The replacement is taken back", call)
        }
    })
}

/// The identity hash under a salt that is kept, or made now.
fn identity_of(args: &IdentityArgs) -> Result<xinglin_primitives::IdentityHash> {
    let number = input::document(&args.identity_file)?;
    let number = std::str::from_utf8(&number).context("the identity number is not text")?;
    anyhow::ensure!(
        !number.trim().is_empty(),
        "the identity file is empty; write the number into it"
    );
    Ok(identity_hash(&salt(&args.salt_file)?, number))
}

fn salt(path: &Path) -> Result<Salt> {
    if path.exists() {
        let kept = secret_file::read(path)?;
        let bytes: [u8; SALT_BYTES] = kept.as_slice().try_into().with_context(|| {
            format!(
                "{} is no salt: it has not {SALT_BYTES} bytes",
                path.display()
            )
        })?;
        return Ok(Salt::from_bytes(bytes));
    }
    let salt = Salt::random();
    secret_file::write_new(path, salt.as_bytes())?;
    Ok(salt)
}

async fn files(session: &Session, command: FileCommand) -> Result<()> {
    use FileCommand as It;

    let (client, wallet) = (session.client(), session.wallet());
    match command {
        It::Open(args) => {
            let member: MemberId = session.member().await?;
            doctor::open(session, Party::Member(member), &args).await
        }
        It::ConfirmErasure { record } => {
            let call = pallet_records::Call::<Runtime>::confirm_erasure { record };
            session.execute("Erased", call).await
        }
        It::DisclosureRequests(page) => {
            let question = ask::DisclosureRequests {
                member: session.member().await?,
                after: page.at.map(DisclosureId),
                limit: page.limit,
            };
            session.ask(question).await
        }
        It::ReadRequest { disclosure, letter } => {
            let letter = input::letter(&letter)?;
            let text = audit::open_request(client, wallet, disclosure, &letter).await?;
            session.show(&json!({ "request": String::from_utf8_lossy(&text) }))
        }
        It::Disclose { disclosure, file } => {
            let content = input::document(&file)?;
            let outcome = audit::disclose(client, wallet, disclosure, &content).await?;
            session.tell("Disclosed", &[outcome], serde_json::Value::Null)
        }
        It::ReadDisclosure { transaction } => {
            let (id, content) = audit::read_disclosure(client, wallet, transaction).await?;
            let content = String::from_utf8_lossy(&content);
            session.show(&json!({ "disclosure": id, "content": content }))
        }
    }
}
