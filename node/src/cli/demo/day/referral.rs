//! Who else reads: another hospital's doctor, to whom the patients are referred, and nobody to whom
//! nothing is granted.

use anyhow::{ensure, Result};
use futures::future::try_join_all;
use pallet_records::{
    access::{Denial, Purpose},
    grants::{Covered, Grantee},
    requests::{NewRequest, RequestReason, REQUESTS_BY_ONE_MAX},
};
use xinglin_primitives::{
    time::{Moment, DAY_MS},
    AccessRequestId, GrantId, Party, RecordId,
};
use xinglin_runtime::{Runtime, RuntimeEvent};
use xinglin_sdk::{
    client::{Client, Outcome},
    operation::{self, told},
    parties,
    records::{self, Period},
};

use super::{
    super::stage::Stage,
    cast::{Cast, Doctor, Patient},
    encounters::{Encounters, Scene},
};

/// How long the other hospital's doctor may read what is referred to her.
const REFERRAL_MS: Moment = 7 * DAY_MS;

/// How many records were referred, and what came of it.
#[derive(Default)]
pub struct Referred {
    /// Asked for by a doctor, and granted by the patients.
    pub granted: usize,
    /// Read by the other hospital's doctor.
    pub read: usize,
    /// Refused to her once the grants were taken back.
    pub refused: usize,
}

impl Encounters {
    /// Refers the patients to another hospital (转诊), as many records of each at a time as one doctor
    /// may ask for. In the end the doctor there is refused all of them.
    pub async fn refer(
        &mut self,
        stage: &mut Stage,
        cast: &Cast,
        doctor: &Doctor,
        scenes: &[Scene<'_>],
    ) -> Result<()> {
        let at_a_time = REQUESTS_BY_ONE_MAX as usize;
        let most = scenes.iter().map(|scene| scene.records.len()).max();
        for first in (0..most.unwrap_or_default()).step_by(at_a_time) {
            let asked = scenes.iter().flat_map(|scene| {
                let records = scene.records.iter().skip(first).take(at_a_time);
                records.map(move |record| (scene, *record))
            });
            self.refer_some(stage, cast, doctor, asked.collect())
                .await?;
        }
        let there = &cast.other_hospital.doctor;
        self.referred.refused += refuse(stage, there, scenes).await?;
        Ok(())
    }

    /// The doctor asks for a doctor of the other hospital, the patients agree, she reads, and they
    /// take the grants back.
    async fn refer_some(
        &mut self,
        stage: &mut Stage,
        cast: &Cast,
        doctor: &Doctor,
        asked: Vec<(&Scene<'_>, RecordId)>,
    ) -> Result<()> {
        let there = &cast.other_hospital.doctor;
        let requests = asked.iter().map(|(scene, record)| {
            let request = NewRequest {
                patient: scene.patient.id,
                what: Covered::Record(*record),
                grantee: Grantee::Practitioner(there.id),
                purpose: Purpose::Treatment,
                reason: RequestReason::Referral,
            };
            let requester = doctor.id;
            pallet_records::Call::<Runtime>::request_access { requester, request }.into()
        });
        let outcomes = stage.in_order(&doctor.actor, requests.collect()).await?;
        let mut by_scene: Vec<(&Scene<'_>, Vec<AccessRequestId>)> = Vec::new();
        for (outcome, (scene, _)) in outcomes.iter().zip(&asked) {
            let request = told(outcome, "AccessRequested", |event| match event {
                RuntimeEvent::Records(pallet_records::Event::AccessRequested {
                    request, ..
                }) => Some(*request),
                _ => None,
            })?;
            match by_scene.last_mut() {
                Some((last, requests)) if last.place == scene.place => requests.push(request),
                _ => by_scene.push((scene, vec![request])),
            }
        }
        let answers = by_scene.iter().map(|(scene, requests)| {
            let client = stage.client(&scene.patient.actor.wallet);
            answer(client, scene.patient, requests)
        });
        let answered: Vec<(Vec<GrantId>, Vec<Outcome>)> = try_join_all(answers).await?;
        for (grants, outcomes) in &answered {
            stage.keep(outcomes).await?;
            self.referred.granted += grants.len();
        }
        let ids: Vec<RecordId> = asked.iter().map(|(_, record)| *record).collect();
        for part in ids.chunks(pallet_records::types::BATCH_MAX as usize) {
            let read = self.read_all(stage, there, part).await?;
            self.referred.read += read;
        }
        let revocations = by_scene
            .iter()
            .zip(&answered)
            .map(|((scene, _), (grants, _))| {
                let client = stage.client(&scene.patient.actor.wallet);
                revoke(client, scene.patient, grants)
            });
        let revoked = try_join_all(revocations).await?;
        stage.keep(&revoked.concat()).await
    }
}

/// The patients agree to what was asked.
async fn answer(
    client: &Client,
    patient: &Patient,
    requests: &[AccessRequestId],
) -> Result<(Vec<GrantId>, Vec<Outcome>)> {
    let now = parties::now(client).await?;
    let period = Period {
        from: now,
        until: now + REFERRAL_MS,
    };
    let (mut grants, mut outcomes) = (Vec::new(), Vec::new());
    for request in requests {
        let sharing =
            records::answer(client, &patient.actor.wallet, *request, period, false).await?;
        grants.push(sharing.grant);
        outcomes.extend(sharing.outcomes);
    }
    Ok((grants, outcomes))
}

async fn revoke(client: &Client, patient: &Patient, grants: &[GrantId]) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for grant in grants {
        let call = pallet_records::Call::<Runtime>::revoke { grant: *grant };
        outcomes.push(operation::execute(client, patient.actor.wallet.key(), call).await?);
    }
    Ok(outcomes)
}

/// A doctor to whom nothing is granted tries to read, and is refused. The attempt stays on the
/// chain. How many records were refused.
pub async fn refuse(stage: &mut Stage, other: &Doctor, scenes: &[Scene<'_>]) -> Result<usize> {
    let ids: Vec<RecordId> = scenes
        .iter()
        .flat_map(|scene| scene.records.clone())
        .collect();
    let mut refused = 0;
    for part in ids.chunks(pallet_records::types::BATCH_MAX as usize) {
        let client = stage.client(&other.actor.wallet);
        let party = Party::Practitioner(other.id);
        let wallet = &other.actor.wallet;
        let opening = records::open(client, wallet, party, part, Purpose::Treatment).await?;
        let is_refused =
            |(_, denial): &(RecordId, Denial)| matches!(denial, Denial::NoGrant | Denial::Expired);
        ensure!(
            opening.allowed.is_empty() && opening.denied.iter().all(is_refused),
            "{} could open {:?} without a grant",
            other.actor.name,
            opening.allowed
        );
        refused += opening.denied.len();
        stage.keep(&[opening.outcome]).await?;
    }
    Ok(refused)
}
