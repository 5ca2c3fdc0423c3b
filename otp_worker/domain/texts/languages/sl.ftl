### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Vaša koda: { $code } (veljavnost: { $life }).
short = Vaša koda: { $code }.
warning = Ne delite je z nikomer.
