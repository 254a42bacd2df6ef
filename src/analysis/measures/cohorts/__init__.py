"""Follow-up of persons: person-time, expected deaths, relative survival, time to event."""
