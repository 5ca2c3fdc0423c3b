"""`otp-worker demo`: the whole service, a simulated phone, and one code on its way."""
