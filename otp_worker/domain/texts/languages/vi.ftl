### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = Mã của bạn là { $code } (hiệu lực { $life }).
short = Mã của bạn là { $code }.
warning = Không chia sẻ mã này.
