"""Appointments: taken in from the sources that hold them, read and answered by the people they are for."""
