//! `xinglin patient`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Subcommand;
use codec::Encode;
use pallet_appointments::types::Acting;
use pallet_members::{DelegationKind, Scopes};
use pallet_records::requests::Answer;
use serde_json::{json, Value};
use xinglin_primitives::{
    glue::Scope, AccessRequestId, AccountId, AppointmentId, ClaimId, CoverageId, GrantId, Hash,
    InvoiceId, MemberId, Party, PatientId, RecordId, ScheduleId,
};
use xinglin_rpc_api::questions as ask;
use xinglin_runtime::Runtime;
use xinglin_sdk::{
    billing, insurance,
    insurance::SettlementOrder,
    operation::random_id,
    parties,
    records::{self, Period, Slot},
};

use super::{
    input::{self, Lasting, OpenArgs, PageArgs, TermsArgs},
    session::Session,
};
use crate::cli::output;

/// What a patient does.
#[derive(Subcommand)]
pub enum PatientCommand {
    /// List the appointments, newest first
    Appointments(PageArgs),
    /// Show how full the slots of a schedule are
    Slots {
        /// The schedule
        #[arg(value_parser = input::number::<ScheduleId>)]
        schedule: ScheduleId,
    },
    /// Book a place
    Book {
        /// The schedule
        #[arg(value_parser = input::number::<ScheduleId>)]
        schedule: ScheduleId,
        /// The slot's number in it
        slot: u16,
        /// Wait for a place if there is none
        #[arg(long)]
        waitlist: bool,
    },
    /// Book a place and share what the doctor may read before; the grant ends with the visit
    BookAndShare {
        /// The schedule
        #[arg(value_parser = input::number::<ScheduleId>)]
        schedule: ScheduleId,
        /// The slot's number in it
        slot: u16,
        /// Wait for a place if there is none
        #[arg(long)]
        waitlist: bool,
        #[command(flatten)]
        terms: TermsArgs,
    },
    /// Call an appointment off
    Cancel {
        /// The appointment
        #[arg(value_parser = input::number::<AppointmentId>)]
        appointment: AppointmentId,
    },
    /// Move an appointment to another slot
    Reschedule {
        /// The appointment
        #[arg(value_parser = input::number::<AppointmentId>)]
        appointment: AppointmentId,
        /// The new schedule
        #[arg(value_parser = input::number::<ScheduleId>)]
        schedule: ScheduleId,
        /// The slot's number in it
        slot: u16,
    },
    /// Show all that came of an appointment: records, invoices, settlements
    Trail {
        /// The appointment
        #[arg(value_parser = input::number::<AppointmentId>)]
        appointment: AppointmentId,
    },
    /// List the records, newest first
    Records(PageArgs),
    /// Open records and show or store what is in them
    Open(OpenArgs),
    /// Share a record or the history
    Share(TermsArgs),
    /// Seal what a grant's grantee lacks: records written since
    CompleteGrant {
        /// The grant
        #[arg(value_parser = input::number::<GrantId>)]
        grant: GrantId,
    },
    /// End a grant
    Revoke {
        /// The grant
        #[arg(value_parser = input::number::<GrantId>)]
        grant: GrantId,
    },
    /// List the grants in force
    Grants,
    /// List the open requests for access
    Requests,
    /// Accept a request for access, or refuse it
    Answer {
        /// The request
        #[arg(value_parser = input::number::<AccessRequestId>)]
        request: AccessRequestId,
        /// Refuse it
        #[arg(long)]
        refuse: bool,
        /// Let the grantee pass it on
        #[arg(long, conflicts_with = "refuse")]
        may_reshare: bool,
        #[command(flatten)]
        lasting: Lasting,
    },
    /// List who opened the records, or tried to, newest first
    Accesses(PageArgs),
    /// Ask for the erasure of a record; its member confirms it
    Erase {
        /// The record
        #[arg(value_parser = input::number::<RecordId>)]
        record: RecordId,
    },
    /// Show how many records can be read after the key was replaced
    KeyProgress,
    /// List the invoices, newest first
    Invoices(PageArgs),
    /// Show what an invoice charges, checked against the chain
    Invoice {
        /// The invoice
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
    },
    /// Pay an invoice from the balance
    Pay {
        /// The invoice
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
        /// How much, in fen
        #[arg(long, value_name = "FEN")]
        amount_fen: u128,
        /// The payment's id, to submit the same again [default: a fresh one]
        #[arg(long, value_name = "HASH")]
        payment: Option<Hash>,
    },
    /// List the payments of an invoice
    Payments {
        /// The invoice
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
    },
    /// List the coverages with what this year has seen of them
    Coverages,
    /// Show what a settlement would bring; nothing is written
    PreSettle(SettleArgs),
    /// Settle an invoice that is not paid in full, and pay the rest from the balance
    Settle {
        #[command(flatten)]
        order: SettleArgs,
        /// Leave the rest unpaid
        #[arg(long)]
        no_payment: bool,
    },
    /// Claim what insurance pays of an invoice that is paid in full
    Claim(SettleArgs),
    /// Appeal against a decision, once
    Appeal {
        /// The claim
        #[arg(value_parser = input::number::<ClaimId>)]
        claim: ClaimId,
    },
    /// Take back a claim that is not decided, or an appeal
    WithdrawClaim {
        /// The claim
        #[arg(value_parser = input::number::<ClaimId>)]
        claim: ClaimId,
    },
    /// List the settlements of an invoice, newest first
    Settlements {
        /// The invoice
        #[arg(value_parser = input::number::<InvoiceId>)]
        invoice: InvoiceId,
    },
    /// Let somebody act for the patient, or a device for some hours
    Delegate {
        /// The account that is to act
        #[arg(value_parser = input::account)]
        account: AccountId,
        /// What it may do: booking, reading, paying
        #[arg(long, required = true, value_delimiter = ',', value_parser = input::word::<Scope>)]
        scopes: Vec<Scope>,
        /// A key of one of the patient's own devices, for 72 hours at most
        #[arg(long)]
        session_key: bool,
        #[command(flatten)]
        lasting: Lasting,
    },
    /// End what an account may do for the patient
    RevokeDelegate {
        /// The account
        #[arg(value_parser = input::account)]
        account: AccountId,
    },
    /// Ask a bank to pay out a part of the balance
    Redeem {
        /// The bank
        #[arg(long, value_name = "ID", value_parser = input::number::<MemberId>)]
        bank: MemberId,
        /// How much, in fen
        #[arg(long, value_name = "FEN")]
        amount_fen: u128,
        /// File that says where to pay
        #[arg(long, value_name = "FILE")]
        instruction: PathBuf,
        /// File for the sealed instruction, to be handed to the bank; it must not exist
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// Stop the replacement of the account by another
    VetoReplacement,
}

/// What is settled by which coverage.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct SettleArgs {
    /// The invoice
    #[arg(value_parser = input::number::<InvoiceId>)]
    invoice: InvoiceId,
    /// The coverage
    #[arg(value_parser = input::number::<CoverageId>)]
    coverage: CoverageId,
    /// Most of the personal account to use, in fen
    #[arg(long, value_name = "FEN", default_value = "0")]
    account_max_fen: u64,
}

impl SettleArgs {
    fn order(&self) -> SettlementOrder {
        SettlementOrder {
            invoice: self.invoice,
            coverage: self.coverage,
            account_max_fen: self.account_max_fen.into(),
        }
    }
}

type Appointments = pallet_appointments::Call<Runtime>;
type Insurance = pallet_insurance::Call<Runtime>;
type Members = pallet_members::Call<Runtime>;
type Payments = pallet_payments::Call<Runtime>;
type Records = pallet_records::Call<Runtime>;

/// Does what a patient's command says.
pub async fn run(
    session: &Session,
    named: Option<PatientId>,
    command: PatientCommand,
) -> Result<()> {
    use PatientCommand as It;

    match command {
        It::Appointments(_)
        | It::Slots { .. }
        | It::Book { .. }
        | It::BookAndShare { .. }
        | It::Cancel { .. }
        | It::Reschedule { .. }
        | It::Trail { .. } => visits(session, named, command).await,
        It::Invoices(_)
        | It::Invoice { .. }
        | It::Pay { .. }
        | It::Payments { .. }
        | It::Coverages
        | It::PreSettle(_)
        | It::Settle { .. }
        | It::Claim(_)
        | It::Appeal { .. }
        | It::WithdrawClaim { .. }
        | It::Settlements { .. }
        | It::Redeem { .. } => money(session, named, command).await,
        It::Delegate { .. } | It::RevokeDelegate { .. } | It::VetoReplacement => {
            keys(session, command).await
        }
        _ => files(session, named, command).await,
    }
}

async fn visits(
    session: &Session,
    named: Option<PatientId>,
    command: PatientCommand,
) -> Result<()> {
    use PatientCommand as It;

    let patient = session.patient(named).await?;
    match command {
        It::Appointments(page) => {
            let question = ask::Appointments {
                patient,
                before: page.at.map(AppointmentId),
                limit: page.limit,
            };
            session.ask(question).await
        }
        It::Slots { schedule } => slots(session, schedule).await,
        It::Book {
            schedule,
            slot,
            waitlist,
        } => {
            let call = Appointments::book {
                patient,
                schedule,
                slot,
                waitlist,
                pre_visit_grant: None,
            };
            session.execute("Booked", call).await
        }
        It::BookAndShare {
            schedule,
            slot,
            waitlist,
            terms,
        } => {
            let place = Slot {
                schedule,
                slot,
                waitlist,
            };
            let terms = terms.terms(session.client()).await?;
            let (client, wallet) = (session.client(), session.wallet());
            let sharing = records::book_with_grant(client, wallet, place, terms).await?;
            tell_sharing(session, "Booked and shared", &sharing)
        }
        It::Cancel { appointment } => {
            let acting = Acting::Patient(patient);
            let call = Appointments::cancel {
                appointment,
                acting,
            };
            session.execute("The appointment is called off", call).await
        }
        It::Reschedule {
            appointment,
            schedule,
            slot,
        } => {
            let call = Appointments::reschedule {
                appointment,
                schedule,
                slot,
                acting: Acting::Patient(patient),
            };
            session.execute("The appointment is moved", call).await
        }
        It::Trail { appointment } => session.ask(ask::Trail { appointment }).await,
        _ => Ok(()),
    }
}

/// How full the slots of a schedule are: anybody may know.
pub(super) async fn slots(session: &Session, schedule: ScheduleId) -> Result<()> {
    use pallet_appointments::reads::SlotStatus;

    let client = session.client();
    let slots: Option<Vec<SlotStatus>> = client
        .runtime_call(
            "AppointmentsApi_slots_of",
            &schedule.encode(),
            client.tip().await?,
        )
        .await?;
    let slots = slots.with_context(|| format!("there is no schedule {schedule}"))?;
    let rows: Vec<Value> = slots
        .iter()
        .map(|slot| {
            json!({
                "slot": slot.slot,
                "start": slot.start,
                "free": slot.free,
                "waiting": slot.waiting,
            })
        })
        .collect();
    session.show(&rows.into())
}

async fn files(session: &Session, named: Option<PatientId>, command: PatientCommand) -> Result<()> {
    use PatientCommand as It;

    let patient = session.patient(named).await?;
    let (client, wallet) = (session.client(), session.wallet());
    match command {
        It::Records(page) => {
            let question = ask::Records {
                patient,
                before: page.at,
                limit: page.limit,
            };
            session.ask(question).await
        }
        It::Open(args) => super::doctor::open(session, Party::Patient(patient), &args).await,
        It::Share(terms) => {
            let terms = terms.terms(client).await?;
            let sharing = records::share(client, wallet, terms).await?;
            tell_sharing(session, "Shared", &sharing)
        }
        It::CompleteGrant { grant } => {
            let sharing = records::complete_grant(client, wallet, grant).await?;
            tell_sharing(session, "The grant is complete", &sharing)
        }
        It::Revoke { grant } => {
            let call = Records::revoke { grant };
            session.execute("The grant is ended", call).await
        }
        It::Grants => session.ask(ask::Grants { patient }).await,
        It::Requests => session.ask(ask::AccessRequests { patient }).await,
        It::Answer {
            request,
            refuse: true,
            ..
        } => {
            let answer = Answer::Refuse;
            let call = Records::answer { request, answer };
            session.execute("The request is refused", call).await
        }
        It::Answer {
            request,
            may_reshare,
            lasting,
            ..
        } => {
            let (from, until) = lasting.period(client).await?;
            let period = Period { from, until };
            let sharing = records::answer(client, wallet, request, period, may_reshare).await?;
            tell_sharing(session, "The request is accepted", &sharing)
        }
        It::Accesses(page) => {
            let question = ask::AccessLog {
                patient,
                before: page.at,
                limit: page.limit,
            };
            session.ask(question).await
        }
        It::Erase { record } => {
            let call = Records::ask_erasure { record };
            session.execute("Asked for the erasure", call).await
        }
        It::KeyProgress => session.ask(ask::KeyProgress { patient }).await,
        _ => Ok(()),
    }
}

/// What came of sharing, and for what keys are missing.
pub(super) fn tell_sharing(
    session: &Session,
    done: &str,
    sharing: &records::Sharing,
) -> Result<()> {
    let missing: Vec<String> = sharing
        .missing
        .iter()
        .map(|(record, version)| format!("{record}/{version}"))
        .collect();
    let more = json!({
        "grant": sharing.grant,
        "keysSealed": sharing.sealed,
        "keysMissing": missing,
    });
    session.tell(done, &sharing.outcomes, more)
}

async fn money(session: &Session, named: Option<PatientId>, command: PatientCommand) -> Result<()> {
    use PatientCommand as It;

    let (client, key) = (session.client(), session.key());
    match command {
        It::Invoices(page) => {
            let question = ask::Invoices {
                patient: session.patient(named).await?,
                before: page.at.map(InvoiceId),
                limit: page.limit,
            };
            session.ask(question).await
        }
        It::Invoice { invoice } => super::member::show_invoice(session, invoice).await,
        It::Pay {
            invoice,
            amount_fen,
            payment,
        } => {
            let call = Payments::pay {
                invoice,
                amount_fen,
                payment: payment.unwrap_or_else(random_id),
            };
            session.execute("Paid", call).await
        }
        It::Payments { invoice } => session.ask(ask::Payments { invoice }).await,
        It::Coverages => {
            let question = ask::Coverages {
                patient: session.patient(named).await?,
                year: None,
                skip: 0,
                limit: 100,
            };
            session.ask(question).await
        }
        It::PreSettle(args) => {
            let question = ask::PreSettle {
                invoice: args.invoice,
                coverage: args.coverage,
                account_max_fen: args.account_max_fen,
            };
            session.ask(question).await
        }
        It::Settle { order, no_payment } => {
            let payment = (!no_payment).then(random_id);
            let settled = insurance::settle(client, key, order.order(), payment).await?;
            tell_settling(session, settled)
        }
        It::Claim(order) => {
            let settled = insurance::claim(client, key, order.order()).await?;
            tell_settling(session, settled)
        }
        It::Appeal { claim } => {
            let call = Insurance::appeal { claim };
            session.execute("Appealed", call).await
        }
        It::WithdrawClaim { claim } => {
            let call = Insurance::withdraw { claim };
            session.execute("Taken back", call).await
        }
        It::Settlements { invoice } => {
            let question = ask::Settlements {
                invoice,
                before: None,
                limit: 100,
            };
            session.ask(question).await
        }
        It::Redeem {
            bank,
            amount_fen,
            instruction,
            output,
        } => redeem(session, bank, amount_fen, (instruction, output)).await,
        _ => Ok(()),
    }
}

/// Who pays what, or that the insurer decides.
pub(super) fn tell_settling(
    session: &Session,
    (settling, outcome): (insurance::Settling, xinglin_sdk::client::Outcome),
) -> Result<()> {
    let (done, more) = match settling {
        insurance::Settling::Settled {
            fund_fen,
            account_fen,
            cash_fen,
            to_member_fen,
            to_patient_fen,
            ..
        } => (
            "Settled",
            json!({
                "fundFen": fund_fen.to_string(),
                "accountFen": account_fen.to_string(),
                "cashFen": cash_fen.to_string(),
                "toMemberFen": to_member_fen.to_string(),
                "toPatientFen": to_patient_fen.to_string(),
            }),
        ),
        insurance::Settling::Flagged { .. } => {
            ("The insurer is to decide; no money moved", Value::Null)
        }
    };
    session.tell(done, &[outcome], more)
}

async fn redeem(
    session: &Session,
    bank: MemberId,
    amount_fen: u128,
    (instruction, letter_file): (PathBuf, PathBuf),
) -> Result<()> {
    let client = session.client();
    let instruction = input::document(&instruction)?;
    let to = parties::encryption_key_of(client, Party::Member(bank)).await?;
    let holder = session.wallet().account();
    let (letter, payout) =
        billing::seal_payout(client.genesis(), (bank, to), holder, &instruction)?;
    output::write_new(&letter_file, &hex::encode(letter))?;
    let call = Payments::request_redemption {
        bank,
        amount_fen,
        payout,
    };
    session.execute("Asked to redeem", call).await
}

async fn keys(session: &Session, command: PatientCommand) -> Result<()> {
    use PatientCommand as It;

    match command {
        It::Delegate {
            account,
            scopes,
            session_key,
            lasting,
        } => {
            let call = delegation(session, account, scopes, session_key, &lasting).await?;
            session.execute("Delegated", call).await
        }
        It::RevokeDelegate { account: delegate } => {
            let call = Members::revoke_delegation { delegate };
            session.execute("The delegation is ended", call).await
        }
        It::VetoReplacement => {
            let call = Members::veto_replacement {};
            session.execute("The replacement is stopped", call).await
        }
        _ => Ok(()),
    }
}

/// The call that lets an account act for the signer.
pub(super) async fn delegation(
    session: &Session,
    delegate: AccountId,
    scopes: Vec<Scope>,
    session_key: bool,
    lasting: &Lasting,
) -> Result<Members> {
    let scopes: std::collections::BTreeSet<Scope> = scopes.into_iter().collect();
    let (_, until) = lasting.period(session.client()).await?;
    Ok(Members::delegate {
        delegate,
        kind: match session_key {
            true => DelegationKind::SessionKey,
            false => DelegationKind::Delegate,
        },
        scopes: Scopes::try_from(scopes).ok().context("too many scopes")?,
        until,
    })
}
