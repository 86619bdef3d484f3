-- Who read this patient's records, or tried to, and why: the newest first.
-- :patient is the patient's number.
SELECT
    accesses.at,
    accesses.party_kind,
    accesses.party_id,
    coalesce(members.name, licensed.name) AS member,
    accesses.by_account,
    accesses.record_id,
    records.kind AS record_kind,
    accesses.purpose,
    CASE
        WHEN NOT accesses.is_allowed THEN 'denied: ' || accesses.denial
        WHEN accesses.record_id IS NULL THEN 'emergency declared'
        WHEN accesses.basis = 'Grant' THEN 'grant ' || accesses.grant_id
        WHEN accesses.basis = 'Emergency' THEN 'emergency ' || accesses.emergency_id
        ELSE accesses.basis
    END AS why,
    accesses.height
FROM accesses
LEFT JOIN records USING (record_id)
LEFT JOIN members ON accesses.party_kind = 'Member' AND members.member_id = accesses.party_id
LEFT JOIN LATERAL (
    SELECT string_agg(members.name, ', ' ORDER BY members.member_id) AS name
    FROM licences
    JOIN members USING (member_id)
    WHERE accesses.party_kind = 'Practitioner' AND licences.practitioner_id = accesses.party_id
) AS licensed ON true
WHERE accesses.patient_id = :patient::bigint
ORDER BY accesses.entry DESC;
