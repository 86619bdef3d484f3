-- Claims that were flagged and paid all the same: the dearest for the fund first.
SELECT
    claims.claim_id,
    insurers.name AS insurer,
    claims.flags,
    claims.state,
    claims.decision,
    claims.decision_reason,
    claims.filed_at,
    claims.decided_at,
    claims.invoice_id,
    invoices.number,
    invoices.member_id,
    invoices.patient_id,
    settlements.settlement_id,
    settlements.total_fen,
    settlements.fund_fen,
    settlements.account_fen
FROM claims
JOIN settlements ON settlements.settlement_id = claims.settlement_id AND settlements.state = 'Live'
JOIN invoices ON invoices.invoice_id = claims.invoice_id
JOIN members AS insurers ON insurers.member_id = claims.insurer_id
WHERE cardinality(claims.flags) > 0 AND settlements.fund_fen + settlements.account_fen > 0
ORDER BY settlements.fund_fen DESC, claims.claim_id;
