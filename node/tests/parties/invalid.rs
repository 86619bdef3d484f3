//! Documents that are wrong: one line says so, and nothing reaches the chain.

use xinglin_sdk::client::Client;

use super::{documented, support::acts::wallet, Day, Who, HOSPITAL, INSURER, PATIENT};

/// A document of the documentation with something else in it.
struct Wrong {
    name: &'static str,
    /// What stands there, and what instead.
    change: (&'static str, &'static str),
    /// What the line says.
    told: &'static str,
}

const fn wrong(
    name: &'static str,
    from: &'static str,
    to: &'static str,
    told: &'static str,
) -> Wrong {
    Wrong {
        name,
        change: (from, to),
        told,
    }
}

const OVERFLOWING: &str = "\"unitPriceFen\": 18446744073709551616";
const PRICE: &str = "\"unitPriceFen\": 2500";
const SIGNATURE: &str = "\"signature\": \"…\"";
const BANDS: &str = "[{ \"upToFen\": 2000000, \"ratioBp\": 7000 }]";

const WRONG: &[Wrong] = &[
    wrong("invoice.json", PRICE, OVERFLOWING, "invoice.json"),
    wrong(
        "invoice.json",
        PRICE,
        "\"unitPriceFen\": -1",
        "unitPriceFen",
    ),
    wrong("invoice.json", PRICE, "\"unitPriceFen\": 0", "unitPriceFen"),
    wrong(
        "invoice.json",
        "\"quantity\": 2",
        "\"quantity\": 0",
        "quantity",
    ),
    wrong(
        "invoice.json",
        "\"prepayBp\": 1000",
        "\"prepayBp\": 10001",
        "prepayBp",
    ),
    wrong("scheme.json", BANDS, "[]", "band"),
    wrong(
        "scheme.json",
        "\"ratioBp\": 7000",
        "\"ratioBp\": 10001",
        "band",
    ),
    wrong(
        "scheme.json",
        "\"ratioBp\": 7000",
        "\"ratioBp\": -1",
        "scheme.json",
    ),
    wrong("receipt.json", SIGNATURE, SIGNATURE, "signature"),
    wrong(
        "receipt.json",
        "\"amountFen\": 5000",
        "\"amountFen\": 0",
        "of nothing",
    ),
    wrong(
        "receipt.json",
        "\"amountFen\": 5000",
        "\"amountFen\": -5000",
        "receipt.json",
    ),
    wrong(
        "schedule.json",
        "\"slots\": 16",
        "\"slots\": 0",
        "out of its bounds",
    ),
    wrong(
        "schedule.json",
        "\"feeFen\": 2000",
        "\"feeFen\": -1",
        "schedule.json",
    ),
    wrong(
        "schedule.json",
        "\"slotMinutes\": 15",
        "\"slotMinutes\": 65536",
        "schedule.json",
    ),
];

/// Who gives a document, and with which command.
fn given(name: &str) -> (Who, &'static str) {
    match name {
        "invoice.json" => (HOSPITAL, "issue-invoice"),
        "scheme.json" => (INSURER, "publish-scheme --code WRONG --from 2026-01-01"),
        "receipt.json" => (PATIENT, "pay-external"),
        "schedule.json" => (HOSPITAL, "publish-schedule"),
        other => panic!("nobody gives {other}"),
    }
}

/// How many transactions of those who give documents are in the chain or on their way.
async fn transactions(client: &Client) -> Vec<u32> {
    let mut counts = Vec::new();
    for (_, path) in [HOSPITAL, INSURER, PATIENT] {
        let next = client.next_nonce(&wallet(path).account()).await;
        counts.push(next.unwrap());
    }
    counts
}

/// Gives each of them.
pub async fn documents_change_nothing(day: &Day, client: &Client) {
    let before = transactions(client).await;
    for (number, Wrong { name, change, told }) in WRONG.iter().enumerate() {
        let text = documented(&format!("`{name}`:"), "json");
        assert!(text.contains(change.0), "{} is not in {name}", change.0);
        let file = format!("wrong-{number}-{name}");
        day.write(&file, &text.replacen(change.0, change.1, 1));
        let (who, command) = given(name);
        day.refused(who, &format!("{command} {file}"), told);
    }
    assert_eq!(transactions(client).await, before);
}
