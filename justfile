# Shortcuts; the scripts do the work and need no `just`.

# What the continuous integration runs.
check:
    scripts/check

# All tests; arguments go to the runner.
test *args:
    scripts/test {{ args }}

# A morning of bookings and a clinic day on four validators.
demo *args:
    scripts/demo {{ args }}

# Formats everything.
fmt:
    cargo fmt --all
