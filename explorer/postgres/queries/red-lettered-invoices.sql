-- Invoices of which red-letter invoices took something back, and what became of the money.
SELECT
    invoices.invoice_id,
    invoices.number,
    members.name AS member,
    invoices.patient_id,
    invoices.appointment_id,
    invoices.issued_at,
    invoices.total_fen,
    red_letters.number AS red_number,
    red_letters.issued_at AS taken_back_at,
    red_letters.reason,
    red_letters.total_fen AS taken_back_fen,
    red_letters.to_balance_fen,
    red_letters.outside_fen,
    invoice_states.state
FROM red_letters
JOIN invoices USING (invoice_id)
JOIN invoice_states USING (invoice_id)
JOIN members ON members.member_id = invoices.member_id
ORDER BY red_letters.issued_at DESC, red_letters.red_id DESC;
