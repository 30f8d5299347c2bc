"""Music in ABC notation."""
