"""Notifications by e-mail: which addresses, what is written, how it is handed to the mail server, who gets it."""
