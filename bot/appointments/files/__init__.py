"""Appointments and sessions from CSV and Excel files: read, understood row by row, taken in once."""
