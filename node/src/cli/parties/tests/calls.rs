//! Every call that a party can sign has a command, or a reason why it has none.

use std::collections::BTreeSet;

use clap::Command;
use frame_support::traits::GetCallName;
use xinglin_runtime::Runtime;

/// How a call is made from the command line.
enum By {
    /// By this command; words that begin with `--` are its options.
    Command(&'static str),
    /// By no command of a party, and why.
    None(&'static str),
}

use By::Command as To;

/// A pallet with a row for each of its calls.
struct Table {
    pallet: &'static str,
    calls: &'static [&'static str],
    rows: &'static [(&'static str, By)],
}

const MEMBERS: &[(&str, By)] = &[
    ("register_member", To("council propose register-member")),
    ("describe_member", To("council propose describe-member")),
    ("suspend", To("council propose suspend")),
    ("lift", To("council propose lift")),
    ("remove_member", To("council propose remove-member")),
    ("change_member_account", To("member change-account")),
    ("add_service_account", To("member add-service-account")),
    (
        "remove_service_account",
        To("member remove-service-account"),
    ),
    ("set_encryption_key", To("patient set-encryption-key")),
    ("register_practitioner", To("member register-practitioner")),
    ("set_licence", To("member set-licence")),
    ("suspend_licence", To("member suspend-licence")),
    ("lift_licence", To("member lift-licence")),
    ("revoke_licence", To("member revoke-licence")),
    ("register_patient", To("member register-patient")),
    ("propose_replacement", To("member replacement propose")),
    ("approve_replacement", To("member replacement approve")),
    ("veto_replacement", To("patient veto-replacement")),
    ("cancel_replacement", To("member replacement cancel")),
    ("complete_replacement", To("member replacement complete")),
    ("delegate", To("patient delegate")),
    ("revoke_delegation", To("patient revoke-delegate")),
    ("renounce_delegation", To("patient renounce")),
    ("clear_expired", To("patient clear-delegates")),
];

const VALIDATORS: &[(&str, By)] = &[
    ("register_node", To("member node register")),
    ("update_node", To("member node update")),
    ("remove_node", To("member node remove")),
    ("register_validator", To("member validator register")),
    ("unregister_validator", To("member validator unregister")),
    ("add_validator", To("council propose add-validator")),
    ("remove_validator", To("council propose remove-validator")),
    ("set_validators", To("council propose set-validators")),
    (
        "set_consensus_parameters",
        To("council propose set-consensus-parameters"),
    ),
    (
        "report_equivocation",
        By::None("a node reports what it sees, unsigned"),
    ),
    ("clear_offences", To("council propose clear-offences")),
];

const APPOINTMENTS: &[(&str, By)] = &[
    ("publish_department", To("member publish-department")),
    ("withdraw_department", To("member withdraw-department")),
    ("publish_rules", To("member rules")),
    ("publish_schedule", To("member publish-schedule")),
    ("close_schedule", To("member close-schedule")),
    ("book", To("patient book")),
    ("confirm", To("member confirm")),
    ("reschedule", To("patient reschedule")),
    ("cancel", To("patient cancel")),
    ("check_in", To("member check-in")),
    ("complete", To("doctor complete")),
    ("mark_no_show", To("member no-show")),
];

const RECORDS: &[(&str, By)] = &[
    ("write", To("doctor write")),
    ("write_external", To("doctor write --envelope --location")),
    ("amend", To("doctor amend")),
    ("amend_external", To("doctor amend --envelope --location")),
    ("retract", To("doctor retract")),
    ("share", To("patient share")),
    ("reshare", To("doctor reshare")),
    ("add_keys", To("patient complete-grant")),
    ("provide_keys", To("patient provide-keys")),
    ("revoke", To("patient revoke")),
    ("request_access", To("doctor request")),
    ("withdraw_request", To("doctor withdraw-request")),
    ("answer", To("patient answer")),
    ("open", To("patient open --envelope")),
    ("break_glass", To("doctor break-glass")),
    ("justify", To("doctor justify")),
    ("review", To("regulator review")),
    ("reseal", To("patient reseal")),
    ("ask_erasure", To("patient erase")),
    ("confirm_erasure", To("member confirm-erasure")),
    ("prune_keys", To("patient prune-keys")),
];

const PAYMENTS: &[(&str, By)] = &[
    ("issue", To("member bank issue")),
    ("request_redemption", To("patient redeem")),
    ("confirm_redemption", To("member bank confirm")),
    ("reject_redemption", To("member bank reject")),
    ("withdraw_redemption", To("patient withdraw-redemption")),
    ("register_provider", To("council propose register-provider")),
    ("change_provider", To("council propose change-provider")),
    ("retire_provider", To("council propose retire-provider")),
    ("issue_invoice", To("member issue-invoice")),
    ("cancel_invoice", To("member cancel-invoice")),
    ("pay", To("patient pay")),
    ("pay_external", To("patient pay-external")),
    ("refund", To("member refund")),
    ("confirm_repayment", To("member confirm-repayment")),
];

const INSURANCE: &[(&str, By)] = &[
    ("create_scheme", To("insurer publish-scheme")),
    ("publish_version", To("insurer publish-version")),
    ("close_scheme", To("insurer close-scheme")),
    ("enrol", To("insurer cover")),
    ("change_standing", To("insurer change-standing")),
    ("set_coverage_end", To("insurer end-coverage")),
    ("credit_account", To("insurer credit")),
    ("release_account", To("insurer release-account")),
    ("settle", To("patient settle")),
    ("claim", To("patient claim")),
    ("reverse", To("member reverse")),
    ("decide", To("insurer decide")),
    ("appeal", To("patient appeal")),
    ("withdraw", To("patient withdraw-claim")),
    ("set_norms", To("council propose set-norms")),
    ("review_refund", To("insurer review-refund")),
];

const AUDIT: &[(&str, By)] = &[
    ("open_case", To("regulator case open")),
    ("close_case", To("regulator case close")),
    ("transfer_case", To("regulator case transfer")),
    ("request_disclosure", To("regulator request-disclosure")),
    ("withdraw_request", To("regulator withdraw-request")),
    ("disclose", To("member disclose")),
    ("hold", To("regulator hold")),
    ("lift", To("regulator lift")),
    (
        "anchor_questions",
        By::None("a node anchors what it answered by itself"),
    ),
];

const TRUSTED_TIME: &[(&str, By)] = &[
    (
        "register_certificates",
        To("council propose register-certificates"),
    ),
    (
        "withdraw_certificates",
        To("council propose withdraw-certificates"),
    ),
    ("submit_token", To("time-authority")),
];

const UPGRADE: &[(&str, By)] = &[
    ("plan", To("council propose plan-upgrade")),
    ("cancel", To("council propose cancel-upgrade")),
];

fn tables() -> [Table; 9] {
    let table = |pallet, calls, rows| Table {
        pallet,
        calls,
        rows,
    };
    [
        table(
            "Members",
            pallet_members::Call::<Runtime>::get_call_names(),
            MEMBERS,
        ),
        table(
            "Validators",
            pallet_validators::Call::<Runtime>::get_call_names(),
            VALIDATORS,
        ),
        table(
            "Appointments",
            pallet_appointments::Call::<Runtime>::get_call_names(),
            APPOINTMENTS,
        ),
        table(
            "Records",
            pallet_records::Call::<Runtime>::get_call_names(),
            RECORDS,
        ),
        table(
            "Payments",
            pallet_payments::Call::<Runtime>::get_call_names(),
            PAYMENTS,
        ),
        table(
            "Insurance",
            pallet_insurance::Call::<Runtime>::get_call_names(),
            INSURANCE,
        ),
        table(
            "Audit",
            pallet_audit::Call::<Runtime>::get_call_names(),
            AUDIT,
        ),
        table(
            "TrustedTime",
            pallet_trusted_time::Call::<Runtime>::get_call_names(),
            TRUSTED_TIME,
        ),
        table(
            "Upgrade",
            xinglin_runtime::upgrade::Call::<Runtime>::get_call_names(),
            UPGRADE,
        ),
    ]
}

/// Why there is no such command, or no such option.
fn missing(root: &Command, path: &str) -> Option<String> {
    let mut command = root;
    for word in path.split(' ') {
        if let Some(option) = word.strip_prefix("--") {
            let mut options = command.get_arguments();
            if !options.any(|it| it.get_long() == Some(option)) {
                return Some(format!("no option {word}"));
            }
            continue;
        }
        match command.find_subcommand(word) {
            Some(found) => command = found,
            None => return Some(format!("no command {word}")),
        }
    }
    None
}

#[test]
fn every_call_has_a_command_or_a_reason() {
    let root = crate::cli::command();
    for Table {
        pallet,
        calls,
        rows,
    } in tables()
    {
        let calls: BTreeSet<&str> = calls.iter().copied().collect();
        let listed: BTreeSet<&str> = rows.iter().map(|(call, _)| *call).collect();
        assert_eq!(
            listed.len(),
            rows.len(),
            "a call of {pallet} is there twice"
        );
        let unlisted: Vec<_> = calls.symmetric_difference(&listed).collect();
        assert!(unlisted.is_empty(), "{pallet}: {unlisted:?}");
        for (call, by) in rows {
            match by {
                By::Command(path) => {
                    let missing = missing(&root, path);
                    assert_eq!(missing, None, "{pallet}.{call}: xinglin {path}");
                }
                By::None(reason) => assert!(!reason.is_empty(), "{pallet}.{call}"),
            }
        }
    }
}
