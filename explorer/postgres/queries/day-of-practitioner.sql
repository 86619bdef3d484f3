-- One doctor's day in China: each appointment with what was written, charged and settled for it.
-- :practitioner is the doctor's number and :'day' the date, such as 2026-01-31.
SELECT
    appointments.starts_at,
    appointments.appointment_id,
    members.name AS member,
    departments.code AS department,
    appointments.patient_id,
    appointments.state,
    written.records,
    written.kinds,
    charged.invoices,
    charged.total_fen,
    charged.paid_fen,
    charged.covered_fen
FROM appointments
JOIN members USING (member_id)
LEFT JOIN departments USING (member_id, department_id)
CROSS JOIN LATERAL (
    SELECT count(*) AS records, array_agg(records.kind ORDER BY records.record_id) AS kinds
    FROM records
    WHERE records.appointment_id = appointments.appointment_id
) AS written
CROSS JOIN LATERAL (
    SELECT
        count(*) AS invoices,
        sum(invoices.total_fen - invoices.refunded_fen) AS total_fen,
        sum(invoices.paid_fen) AS paid_fen,
        sum(invoices.covered_fen) AS covered_fen
    FROM invoices
    WHERE invoices.appointment_id = appointments.appointment_id AND NOT invoices.is_cancelled
) AS charged
WHERE appointments.practitioner_id = :practitioner::bigint
  AND (appointments.starts_at AT TIME ZONE 'Asia/Shanghai')::date = :'day'::date
ORDER BY appointments.starts_at, appointments.appointment_id;
