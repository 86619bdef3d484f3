-- What members were to disclose and did not, or disclosed late: by the last exported block's time.
SELECT
    disclosures.disclosure_id,
    disclosures.case_id,
    regulators.name AS regulator,
    asked.name AS member,
    disclosures.requested_at,
    disclosures.due,
    disclosures.state,
    disclosures.answered_at,
    coalesce(disclosures.answered_at, now.at) - disclosures.due AS late_by
FROM disclosures
JOIN cases USING (case_id)
JOIN members AS regulators ON regulators.member_id = cases.regulator_id
JOIN members AS asked ON asked.member_id = disclosures.member_id
CROSS JOIN (SELECT max(at) AS at FROM blocks) AS now
WHERE disclosures.is_late OR (disclosures.state = 'Open' AND disclosures.due < now.at)
ORDER BY disclosures.due;
