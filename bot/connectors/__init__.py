"""The systems that hold appointments: what they tell us, checked and cut down to what we may keep."""
