//! The clinic with its doctor and patients, and the regulator: schedules, registrations, nodes,
//! emergencies and cases.

use xinglin_primitives::{consensus::SignedPayload, MemberId};
use xinglin_runtime::genesis::dev;

use super::{address, document, encryption_key, support::acts::wallet, Day, Who};

const CLINIC: Who = ("member", "//Bob");
const DOCTOR: Who = ("doctor", "//Bob//doctor//1");
const PATIENT: Who = ("patient", "//Bob//patient//1");
const REGULATOR: Who = ("regulator", "//Dave");

/// All that they do.
pub fn scene(day: &Day) {
    booked(day);
    registered(day);
    replaced(day);
    nodes(day);
    emergency(day);
    investigated(day);
    // From here on the clinic has another key.
    let account = address("//Bob//another");
    day.ok(CLINIC, &format!("change-account {account}"));
}

fn booked(day: &Day) {
    day.ok(CLINIC, "publish-department 2 Dental");
    day.ok(CLINIC, "withdraw-department 2");
    let tomorrow = day.date(1);
    day.ok(CLINIC, &format!("rules rules.json --from {tomorrow}"));
    let mut schedule = document("schedule.json");
    schedule["practitioner"] = 2.into();
    schedule["start"] = day.morning(3).into();
    day.write("clinic.json", &schedule.to_string());
    let id = day.made(CLINIC, "publish-schedule clinic.json", "schedule");
    day.ok(CLINIC, &format!("slots {id}"));
    day.ok(PATIENT, &format!("slots {id}"));

    let visit = day.made(PATIENT, &format!("book {id} 0"), "appointment");
    day.ok(PATIENT, &format!("reschedule {visit} {id} 1"));
    let elsewhere = format!("reschedule {visit} {id} 2 --reason schedule");
    day.ok(CLINIC, &elsewhere);
    day.ok(DOCTOR, &format!("confirm {visit}"));
    day.ok(DOCTOR, &format!("appointments {id}"));
    day.ok(CLINIC, &format!("bookings {id}"));
    day.ok(PATIENT, "appointments");
    for who in [PATIENT, DOCTOR, CLINIC] {
        day.ok(who, &format!("trail {visit}"));
    }
    day.refused(CLINIC, &format!("no-show {visit}"), "TooEarly");
    day.ok(PATIENT, &format!("cancel {visit}"));

    let visit = day.made(PATIENT, &format!("book {id} 3"), "appointment");
    day.ok(CLINIC, &format!("confirm {visit}"));
    day.ok(CLINIC, &format!("close-schedule {id}"));
    day.ok(CLINIC, &format!("cancel {visit} --reason practitioner"));
}

/// The options that name an account and its encryption key.
fn account(path: &str) -> String {
    let key = encryption_key(path);
    format!("--account {} --encryption-key {key}", address(path))
}

fn registered(day: &Day) {
    day.write("identity.txt", "11010519491231002X");
    let identity = "--identity-file identity.txt --salt-file salt";
    let register = format!(
        "register-patient {} {identity}",
        account("//Bob//new-patient")
    );
    day.made(CLINIC, &register, "patient");
    let licence = "--department 1 --specialty 01";
    let register = format!(
        "register-practitioner {} {licence}",
        account("//Bob//new-doctor")
    );
    let doctor = day.made(CLINIC, &register, "practitioner");
    day.ok(
        CLINIC,
        &format!("set-licence {doctor} --department 1 --specialty 02"),
    );
    for change in ["suspend-licence", "lift-licence", "revoke-licence"] {
        day.ok(CLINIC, &format!("{change} {doctor}"));
    }
    let server = address("//Bob//server");
    day.ok(CLINIC, &format!("add-service-account {server}"));
    day.ok(CLINIC, &format!("remove-service-account {server}"));
}

fn replaced(day: &Day) {
    let second = ("member", "//Dave");
    let new = "//Bob//patient//2//new";
    let propose = format!("replacement propose --patient 11 {}", account(new));
    let approve = format!(
        "replacement approve --patient 11 --account {}",
        address(new)
    );
    day.ok(CLINIC, &propose);
    day.ok(second, &approve);
    // The account that would be replaced has three days to say no.
    let complete = "replacement complete --patient 11";
    day.refused(CLINIC, complete, "VetoPeriod");
    day.ok(("patient", "//Bob//patient//2"), "veto-replacement");
    let new = account("//Bob//doctor//1//new");
    let propose = format!("replacement propose --practitioner 2 {new}");
    day.ok(CLINIC, &propose);
    day.ok(CLINIC, "replacement cancel --practitioner 2");
}

fn nodes(day: &Day) {
    let peer = bs58::encode(dev::peer_id("//Bob//spare")).into_string();
    day.ok(CLINIC, &format!("node register {peer} 127.0.0.1:30999"));
    let places = "node.example:30999 [::1]:30999";
    day.ok(CLINIC, &format!("node update {peer} {places}"));
    let key = wallet("//Bob//spare").key().to_schnorrkel().unwrap();
    let payload = SignedPayload::Possession {
        member: MemberId(1),
    };
    let proof = hex::encode(payload.sign(&day.genesis, &key).0);
    let key = hex::encode(key.public.to_bytes());
    let what = format!("--consensus-key {key} --possession {proof} --peer {peer}");
    day.ok(CLINIC, &format!("validator register {what}"));
    day.ok(CLINIC, "validator unregister");
    day.ok(CLINIC, &format!("node remove {peer}"));
}

fn emergency(day: &Day) {
    let why = "--reason unconscious --document note.txt";
    let break_glass = format!("break-glass --patient 10 --member 1 {why}");
    let emergency = day.made(DOCTOR, &break_glass, "emergency");
    day.ok(REGULATOR, "emergencies");
    day.ok(DOCTOR, &format!("justify {emergency} --document note.txt"));
    day.ok(REGULATOR, &format!("review {emergency} upheld"));
}

fn investigated(day: &Day) {
    let statement = "--code 1 --document note.txt";
    let about = format!("case open patient:10 {statement}");
    let case = day.made(REGULATOR, &about, "case");
    day.ok(REGULATOR, "cases");
    for what in [
        "accesses",
        "records",
        "grants",
        "appointments",
        "invoices",
        "coverages",
    ] {
        let inspect = format!("inspect --case {case} --patient 10 {what}");
        day.ok(REGULATOR, &inspect);
    }
    let disclosed = disclosed(day, &case);
    day.ok(REGULATOR, &format!("hold --case {case} practitioner:2"));
    day.ok(REGULATOR, "inbox");
    day.ok(REGULATOR, &format!("lift --case {case} practitioner:2"));
    let transfer = format!("case transfer {case} --to 0");
    day.refused(REGULATOR, &transfer, "BadRecipient");
    for who in [REGULATOR, CLINIC] {
        let read = day.ok(who, &format!("read-disclosure {disclosed}"));
        assert_eq!(read["content"], "what there is to say");
    }
    day.ok(REGULATOR, &format!("case close {case} {statement}"));
    day.ok(REGULATOR, &format!("report {case} -o case.pdf"));
}

/// What the clinic is asked for and discloses; the transaction.
fn disclosed(day: &Day, case: &str) -> String {
    let due = day.tomorrow();
    let ask = format!("request-disclosure --case {case} --member 1 --due {due} --text note.txt");
    let request = day.made(REGULATOR, &format!("{ask} -o ask-1"), "disclosure");
    let other = day.made(REGULATOR, &format!("{ask} -o ask-2"), "disclosure");
    day.ok(REGULATOR, &format!("withdraw-request {other}"));
    day.ok(REGULATOR, "awaited");
    day.ok(CLINIC, "disclosure-requests");
    let read = day.ok(CLINIC, &format!("read-request {request} ask-1"));
    assert_eq!(read["request"], "what there is to say");
    let told = day.ok(CLINIC, &format!("disclose {request} note.txt"));
    told["receipts"][0]["transaction"]
        .as_str()
        .unwrap()
        .to_owned()
}
