-- Cancellations and no-shows by department, of visits that were to begin in a period.
-- :'from' and :'until' are its first moment and the moment after its last, such as 2026-01-01.
SELECT
    appointments.member_id,
    members.name AS member,
    appointments.department_id,
    departments.code AS department,
    count(*) AS appointments,
    count(*) FILTER (WHERE appointments.state = 'Cancelled') AS cancelled,
    count(*) FILTER (WHERE cancelled.acting = 'Patient') AS by_patients,
    count(*) FILTER (WHERE cancelled.is_late) AS late,
    count(*) FILTER (WHERE cancelled.acting = 'Staff') AS by_staff,
    count(*) FILTER (WHERE appointments.state = 'NoShow') AS no_shows,
    round(100.0 * count(*) FILTER (WHERE appointments.state = 'NoShow') / count(*), 1) AS no_show_percent
FROM appointments
JOIN members USING (member_id)
LEFT JOIN departments USING (member_id, department_id)
LEFT JOIN appointment_changes AS cancelled
    ON cancelled.appointment_id = appointments.appointment_id AND cancelled.change = 'Cancelled'
WHERE appointments.starts_at >= :'from'::timestamptz AND appointments.starts_at < :'until'::timestamptz
GROUP BY appointments.member_id, members.name, appointments.department_id, departments.code
ORDER BY no_shows DESC, cancelled DESC, member_id, department_id;
