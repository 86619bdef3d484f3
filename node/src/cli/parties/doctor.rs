//! `xinglin doctor`.

use std::{fs, path::PathBuf};

use anyhow::{bail, ensure, Context, Result};
use clap::Subcommand;
use pallet_members::Principal;
use pallet_records::{
    emergency::EmergencyReason,
    requests::{NewRequest, RequestReason},
    types::{AmendReason, ContentKind, RetractReason},
};
use serde_json::{json, Value};
use xinglin_primitives::{
    glue::Scope, AccessRequestId, AccountId, AppointmentId, EmergencyId, GrantId, MemberId, Party,
    PatientId, PractitionerId, RecordId, ScheduleId,
};
use xinglin_rpc_api::questions as ask;
use xinglin_runtime::Runtime;
use xinglin_sdk::{
    envelope::Compression,
    records::{self, Amendment, RecordDraft, Written},
    secret_file,
};

use super::{
    external::{self, ExternalArgs},
    input::{self, Lasting, OpenArgs, PageArgs, TermsArgs},
    keys::{self, KeeperCommand},
    patient::{delegation, tell_sharing},
    session::Session,
};

/// What a practitioner does.
#[derive(Subcommand)]
pub enum DoctorCommand {
    #[command(flatten)]
    Writing(WritingCommand),
    #[command(flatten)]
    Access(AccessCommand),
    /// List the bookings of a schedule
    Appointments {
        /// The schedule
        #[arg(value_parser = input::number::<ScheduleId>)]
        schedule: ScheduleId,
        /// From this slot on
        #[arg(long, default_value = "0")]
        first_slot: u16,
    },
    /// Confirm an appointment
    Confirm {
        /// The appointment
        #[arg(value_parser = input::number::<AppointmentId>)]
        appointment: AppointmentId,
    },
    /// End the visit of a patient who has arrived
    Complete {
        /// The appointment
        #[arg(value_parser = input::number::<AppointmentId>)]
        appointment: AppointmentId,
    },
    /// Show what came of an appointment, without the bills
    Trail {
        /// The appointment
        #[arg(value_parser = input::number::<AppointmentId>)]
        appointment: AppointmentId,
    },
    /// Mark a record as entered in error
    Retract {
        /// The record
        #[arg(value_parser = input::number::<RecordId>)]
        record: RecordId,
        /// Why: wrongPatient, duplicate, wrongContent or other
        #[arg(long, value_parser = input::word::<RetractReason>)]
        reason: RetractReason,
    },
    /// Open records and show or store what is in them
    Open(OpenArgs),
    /// Let a device do the routine calls for some days, 3 at most
    SessionKey {
        /// The device's account
        #[arg(value_parser = input::account)]
        account: AccountId,
        #[command(flatten)]
        lasting: Lasting,
    },
    /// End what a device may do
    RevokeSessionKey {
        /// The device's account
        #[arg(value_parser = input::account)]
        account: AccountId,
    },
    /// Act no more, as a device, for the practitioner whom --practitioner names
    RenounceSessionKey,
    /// Clear away the session keys that are over
    ClearSessionKeys,
    #[command(flatten)]
    Keys(KeeperCommand),
}

/// Writing records.
#[derive(Subcommand)]
pub enum WritingCommand {
    /// Write a record
    Write {
        /// Whom it is about
        #[arg(long, value_name = "ID", value_parser = input::number::<PatientId>)]
        patient: PatientId,
        /// For which member
        #[arg(long, value_name = "ID", value_parser = input::number::<MemberId>)]
        member: MemberId,
        /// The visit that it documents
        #[arg(long, value_name = "ID", value_parser = input::number::<AppointmentId>)]
        visit: Option<AppointmentId>,
        /// What it is about: encounter, profile, diagnosis and others
        #[arg(long, default_value = "encounter", value_parser = input::word::<ContentKind>)]
        kind: ContentKind,
        /// The content, or - for the standard input
        file: PathBuf,
        #[command(flatten)]
        external: ExternalArgs,
    },
    /// Add a version to a record
    Amend {
        /// The record
        #[arg(value_parser = input::number::<RecordId>)]
        record: RecordId,
        /// Why: correction, addition, completion or patientRequest
        #[arg(long, value_parser = input::word::<AmendReason>)]
        reason: AmendReason,
        /// The content of the new version, or - for the standard input
        file: PathBuf,
        #[command(flatten)]
        external: ExternalArgs,
    },
}

/// Who may read what.
#[derive(Subcommand)]
pub enum AccessCommand {
    /// List what is granted, newest first
    Grants(PageArgs),
    /// Ask a patient for access, for oneself or for whom she is referred to
    Request {
        /// The patient
        #[arg(long, value_name = "ID", value_parser = input::number::<PatientId>)]
        patient: PatientId,
        /// Why: referral, consultation, secondOpinion or continuation
        #[arg(long, value_parser = input::word::<RequestReason>)]
        reason: RequestReason,
        #[command(flatten)]
        terms: TermsArgs,
    },
    /// Take back a request
    WithdrawRequest {
        /// The request
        #[arg(value_parser = input::number::<AccessRequestId>)]
        request: AccessRequestId,
    },
    /// Pass a grant on, no wider and no longer
    Reshare {
        /// The grant
        #[arg(value_parser = input::number::<GrantId>)]
        grant: GrantId,
        #[command(flatten)]
        terms: TermsArgs,
    },
    /// End a grant that was passed on
    Revoke {
        /// The grant
        #[arg(value_parser = input::number::<GrantId>)]
        grant: GrantId,
    },
    /// Take access in an emergency; justify it within 72 hours
    BreakGlass {
        /// The patient
        #[arg(long, value_name = "ID", value_parser = input::number::<PatientId>)]
        patient: PatientId,
        /// At which member
        #[arg(long, value_name = "ID", value_parser = input::number::<MemberId>)]
        member: MemberId,
        /// Why: lifeThreatening, unconscious, incapable or other
        #[arg(long, value_parser = input::word::<EmergencyReason>)]
        reason: EmergencyReason,
        /// What there is to say about it, of which the chain gets the hash
        #[arg(long, value_name = "FILE")]
        document: PathBuf,
    },
    /// Justify an access in an emergency
    Justify {
        /// The emergency
        #[arg(value_parser = input::number::<EmergencyId>)]
        emergency: EmergencyId,
        /// The justification, of which the chain gets the hash
        #[arg(long, value_name = "FILE")]
        document: PathBuf,
    },
}

type Appointments = pallet_appointments::Call<Runtime>;
type Members = pallet_members::Call<Runtime>;
type Records = pallet_records::Call<Runtime>;

/// Does what a practitioner's command says; `named` is the practitioner for whom a device acts.
pub async fn run(
    session: &Session,
    named: Option<PractitionerId>,
    command: DoctorCommand,
) -> Result<()> {
    use DoctorCommand as It;

    match command {
        It::Appointments {
            schedule,
            first_slot,
        } => {
            let question = ask::Bookings {
                schedule,
                first_slot,
            };
            session.ask(question).await
        }
        It::Confirm { appointment } => {
            let call = Appointments::confirm { appointment };
            session.execute("Confirmed", call).await
        }
        It::Complete { appointment } => {
            let call = Appointments::complete { appointment };
            session.execute("The visit is over", call).await
        }
        It::Trail { appointment } => {
            let question = ask::Trail {
                appointment,
                before: None,
            };
            session.ask(question).await
        }
        It::Writing(command) => write(session, named, command).await,
        It::Retract { record, reason } => {
            let call = Records::retract { record, reason };
            session.execute("Entered in error", call).await
        }
        It::Open(args) => {
            let party = Party::Practitioner(session.practitioner(named).await?);
            open(session, party, &args).await
        }
        It::SessionKey { account, lasting } => {
            let scopes = vec![Scope::Routine];
            let call = delegation(session, account, scopes, (true, None), &lasting).await?;
            session.execute("The device may act", call).await
        }
        It::RevokeSessionKey { account: delegate } => {
            let call = Members::revoke_delegation { delegate };
            session.execute("The device may act no more", call).await
        }
        It::RenounceSessionKey => {
            let practitioner =
                named.context("name for whom the device acts with --practitioner")?;
            let principal = Principal::Practitioner(practitioner);
            let call = Members::renounce_delegation { principal };
            session.execute("The device acts no more", call).await
        }
        It::ClearSessionKeys => {
            let principal = Principal::Practitioner(session.practitioner(named).await?);
            let call = Members::clear_expired { principal };
            session.execute("What was over is cleared", call).await
        }
        It::Keys(command) => keys::run(session, command).await,
        It::Access(command) => access(session, named, command).await,
    }
}

async fn access(
    session: &Session,
    named: Option<PractitionerId>,
    command: AccessCommand,
) -> Result<()> {
    use AccessCommand as It;

    match command {
        It::Grants(page) => {
            let question = ask::GrantsTo {
                holder: ask::Holder::Practitioner(session.practitioner(named).await?),
                before: page.at,
                limit: page.limit,
            };
            session.ask(question).await
        }
        It::Request {
            patient,
            reason,
            terms,
        } => {
            let call = Records::request_access {
                requester: session.practitioner(named).await?,
                request: NewRequest {
                    patient,
                    what: terms.covered()?,
                    grantee: terms.grantee(),
                    purpose: terms.purpose(),
                    reason,
                },
            };
            session.execute("Asked for access", call).await
        }
        It::WithdrawRequest { request } => {
            let call = Records::withdraw_request { request };
            session.execute("The request is taken back", call).await
        }
        It::Reshare { grant, terms } => {
            let terms = terms.terms(session.client()).await?;
            let (client, wallet) = (session.client(), session.wallet());
            let sharing = records::reshare(client, wallet, grant, terms).await?;
            tell_sharing(session, "Passed on", &sharing)
        }
        It::Revoke { grant } => {
            let call = Records::revoke { grant };
            session.execute("The grant is ended", call).await
        }
        It::BreakGlass {
            patient,
            member,
            reason,
            document,
        } => {
            let call = Records::break_glass {
                patient,
                member,
                reason,
                digest: input::digest(&document)?,
            };
            session.execute("Access in an emergency", call).await
        }
        It::Justify {
            emergency,
            document,
        } => {
            let digest = input::digest(&document)?;
            let call = Records::justify { emergency, digest };
            session.execute("Justified", call).await
        }
    }
}

async fn write(
    session: &Session,
    named: Option<PractitionerId>,
    command: WritingCommand,
) -> Result<()> {
    use WritingCommand as It;

    let client = session.client();
    let compression = Compression::Zstd;
    let written = match command {
        It::Write {
            patient,
            member,
            visit,
            kind,
            file,
            external,
        } => {
            let draft = RecordDraft {
                patient,
                author: session.practitioner(named).await?,
                member,
                visit,
                kind,
                content: input::document(&file)?,
                compression,
            };
            let version = records::prepare(client, &draft).await?;
            external.submit(session, version).await?
        }
        It::Amend {
            record,
            reason,
            file,
            external,
        } => {
            let amendment = Amendment {
                record,
                reason,
                content: input::document(&file)?,
                compression,
            };
            let version = records::prepare_amendment(client, &amendment).await?;
            external.submit(session, version).await?
        }
    };
    let Written {
        record,
        version,
        unreached,
        outcome,
    } = written;
    let more = json!({
        "record": record,
        "version": version,
        "delegatesWithoutKey": unreached,
    });
    session.tell("Written", &[outcome], more)
}

/// Opens records as a party, and stores or prints what is in them. Fails, after all of that, if one
/// was denied or cannot be read.
pub(super) async fn open(session: &Session, party: Party, args: &OpenArgs) -> Result<()> {
    let (client, wallet) = (session.client(), session.wallet());
    ensure!(
        args.envelope.is_none() || args.records.len() == 1,
        "--envelope is of one record; open the others apart from it"
    );
    if let Some(folder) = &args.output {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let opening = records::open(client, wallet, party, &args.records, args.purpose).await?;
    let denied = opening.denied.iter();
    let mut rows: Vec<Value> = denied
        .map(|(id, denial)| json!({ "record": id, "result": format!("denied: {denial:?}") }))
        .collect();
    let mut failed = rows.len();
    let mut printed = Vec::new();
    for (id, read) in opening.allowed {
        let read = match &args.envelope {
            Some(file) => external::read(session, party, file, read).await?,
            None => read,
        };
        match (read, &args.output) {
            (Ok(opened), Some(folder)) => {
                let file = folder.join(format!("record-{id}-v{}.json", opened.version));
                // Only the owner may read what was encrypted.
                secret_file::write_new(&file, &opened.content)?;
                rows.push(json!({ "record": id, "version": opened.version, "result": file }));
            }
            (Ok(opened), None) => {
                let content = String::from_utf8_lossy(&opened.content);
                let mut row = json!({ "record": id, "version": opened.version });
                if session.is_json() {
                    row["content"] = content.into();
                } else {
                    row["result"] = format!("{} bytes, below", opened.content.len()).into();
                    printed.push(opened.content);
                }
                rows.push(row);
            }
            (Err(error), _) => {
                failed += 1;
                let mut row = json!({ "record": id, "result": error.to_string() });
                if let Some(location) = external::location(session, &error).await? {
                    row["location"] = location.into();
                }
                rows.push(row);
            }
        }
    }
    session.tell("Opened", &[opening.outcome], Value::Array(rows))?;
    for content in printed {
        println!("{}", String::from_utf8_lossy(&content));
    }
    if failed > 0 {
        let all = args.records.len();
        bail!(
            "{failed} of {all} records were not opened; the patient's access log has the attempt"
        );
    }
    Ok(())
}
