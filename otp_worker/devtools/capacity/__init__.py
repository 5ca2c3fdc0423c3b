"""What a load needs, on paper and by simulation: ``otp-worker plan``."""
