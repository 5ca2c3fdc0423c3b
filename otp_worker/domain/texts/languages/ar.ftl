### Source: written for otp-worker 0.3.0
### Read by a speaker: no

code = رمزك: { $code } (صالح لمدة { $life }).
short = رمزك: { $code }.
warning = لا تشاركه مع أحد.
