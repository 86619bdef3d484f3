//! The ids of what the prologue made, read back from the state.

use std::collections::HashMap;

use anyhow::{Context, Result};
use codec::Encode;
use pallet_appointments::reads::SchedulePage;
use pallet_payments::reads::InvoiceStatus;
use xinglin_primitives::{AccountId, AppointmentId, Hash, InvoiceId, PatientId, ScheduleId};
use xinglin_sdk::client::Client;
use xinglin_tests::{
    cluster::Cluster,
    parties::{Crowd, HOSPITAL},
};

/// By patient, who has one of each at most.
#[derive(Default)]
pub(super) struct Ids {
    pub(super) appointments: HashMap<PatientId, AppointmentId>,
    pub(super) invoices: HashMap<PatientId, InvoiceId>,
}

impl Ids {
    /// Reads the bookings with the doctors of a crowd and the hospital's unpaid invoices.
    pub(super) async fn read(cluster: &Cluster, crowd: &Crowd) -> Result<Self> {
        let node = cluster.nodes.first().context("a cluster without nodes")?;
        let client = node.client().await?;
        let tip = client.tip().await?;
        let mut ids = Self::default();
        for number in 0..crowd.doctors() {
            let schedule = ScheduleId(crowd.first_schedule + number);
            ids.read_schedule(&client, schedule, tip).await?;
        }
        ids.read_invoices(&client, tip).await?;
        Ok(ids)
    }

    async fn read_schedule(
        &mut self,
        client: &Client,
        schedule: ScheduleId,
        at: Hash,
    ) -> Result<()> {
        let mut next_slot = Some(0_u16);
        while let Some(first) = next_slot {
            let arguments = (schedule, first).encode();
            let page: Option<SchedulePage<AccountId>> = client
                .runtime_call("AppointmentsApi_appointments_in", &arguments, at)
                .await?;
            let page = page.with_context(|| format!("there is no schedule {schedule}"))?;
            for (id, appointment) in page.appointments {
                self.appointments.insert(appointment.patient, id);
            }
            next_slot = page.next_slot;
        }
        Ok(())
    }

    async fn read_invoices(&mut self, client: &Client, at: Hash) -> Result<()> {
        let mut after: Option<InvoiceId> = None;
        loop {
            // The node answers with a page, however many are asked for.
            let arguments = (HOSPITAL, after, u32::MAX).encode();
            let page: Vec<InvoiceStatus> = client
                .runtime_call("PaymentsApi_unpaid_of", &arguments, at)
                .await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.id);
            for status in page {
                self.invoices.insert(status.invoice.patient, status.id);
            }
        }
    }

    /// The booking of a patient.
    pub(super) fn appointment(&self, patient: PatientId) -> Result<AppointmentId> {
        let id = self.appointments.get(&patient).copied();
        id.with_context(|| format!("no booking of patient {patient} was found"))
    }

    /// The invoice of a patient.
    pub(super) fn invoice(&self, patient: PatientId) -> Result<InvoiceId> {
        let id = self.invoices.get(&patient).copied();
        id.with_context(|| format!("no invoice of patient {patient} was found"))
    }
}
