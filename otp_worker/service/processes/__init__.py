"""How ``otp-worker start`` runs the processes of the Procfile, and starts again what dies."""
