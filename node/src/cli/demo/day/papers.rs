//! The e-invoices of the day: every one is rendered, and is what the chain says.

use anyhow::{ensure, Result};
use xinglin_primitives::InvoiceId;
use xinglin_rpc_api::questions::RedLetters;
use xinglin_sdk::{
    client::Client,
    einvoice::{render, verify_against_chain},
    wallet::Wallet,
};

use super::{super::stage::Stage, cast::Cast, encounters::Encounters};

/// How a PDF begins.
const PDF_MAGIC: &[u8] = b"%PDF-";

/// What was rendered and compared.
#[derive(Default)]
pub struct Papers {
    /// E-invoices that charge.
    pub blue: usize,
    /// Red-letter invoices.
    pub red: usize,
    /// Changed copies that were found out.
    pub forged_refused: usize,
}

/// Renders the invoices of all encounters as their patients, with what took them back.
pub async fn render_all(stage: &Stage, cast: &Cast, day: &Encounters) -> Result<Papers> {
    let mut papers = Papers::default();
    for played in &day.played {
        let wallet = &cast.patients[played.patient].actor.wallet;
        let client = stage.client(wallet);
        for bill in &played.bills {
            papers.forged_refused += compare(client, wallet, bill.invoice).await?;
            papers.blue += 1;
            let question = RedLetters {
                invoice: bill.invoice,
            };
            let letters = client.ask(wallet.key(), &question).await?;
            ensure!(
                letters.len() == usize::from(bill.is_refunded),
                "invoice {} has {} red-letter invoices",
                bill.invoice,
                letters.len()
            );
            for (red, _) in letters {
                papers.forged_refused += compare(client, wallet, red).await?;
                papers.red += 1;
            }
        }
    }
    Ok(papers)
}

/// Renders one as JSON and PDF, and compares it, and a copy with another total, with the chain. How
/// many copies were found out.
async fn compare(client: &Client, wallet: &Wallet, invoice: InvoiceId) -> Result<usize> {
    let genuine = render(client, wallet, invoice).await?;
    let differences = verify_against_chain(client, wallet, &genuine).await?;
    ensure!(
        differences.is_empty(),
        "e-invoice {} is not what the chain says: {differences:?}",
        genuine.number
    );
    ensure!(
        genuine.to_pdf().starts_with(PDF_MAGIC),
        "e-invoice {} makes no PDF",
        genuine.number
    );
    let mut forged = genuine.clone();
    forged.total_fen = forged.total_fen.saturating_add(1);
    let differences = verify_against_chain(client, wallet, &forged).await?;
    ensure!(
        !differences.is_empty(),
        "e-invoice {} with another total was accepted",
        genuine.number
    );
    Ok(1)
}
