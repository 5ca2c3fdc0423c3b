"""The names of all commands. Stdlib only: it is read where nothing is installed."""

_OPERATE, _VERIFICATION = "otp_worker.cli.operate", "otp_worker.cli.verification"
_BACKUP = "otp_worker.cli.backup"
_TRAIL, _SERVE = "otp_worker.cli.trail", "otp_worker.cli.serve"
COMMANDS = {
    "demo": ("otp_worker.devtools.demo.command", "demo"),
    "init": ("otp_worker.cli.init", "init"),
    "migrate": (_OPERATE, "migrate"),
    "backup": (_BACKUP, "backup"),
    "restore": (_BACKUP, "restore"),
    "move": (_BACKUP, "move"),
    "start": ("otp_worker.cli.start", "start"),
    "web": (_SERVE, "web"),
    "console": (_SERVE, "console"),
    "flower": ("otp_worker.cli.flower", "flower"),
    "doctor": (_OPERATE, "doctor"),
    "callback-url": (_OPERATE, "callback_url"),
    "seal-key": ("otp_worker.cli.seal_key", "seal_key"),
    "apps": ("otp_worker.cli.apps", "app"),
    "keys": ("otp_worker.cli.keys", "app"),
    "guard": ("otp_worker.cli.guard", "app"),
    "gateways": ("otp_worker.cli.gateways", "app"),
    "optouts": ("otp_worker.cli.optouts", "app"),
    "template": ("otp_worker.cli.template", "app"),
    "templates": ("otp_worker.cli.templates", "app"),
    "webhooks": ("otp_worker.cli.webhooks", "app"),
    "send": (_VERIFICATION, "send"),
    "check": (_VERIFICATION, "check"),
    "find": (_TRAIL, "find"),
    "show": (_TRAIL, "show"),
    "tail": (_TRAIL, "tail"),
    "conversions": ("otp_worker.cli.conversions", "conversions"),
    "replies": (_OPERATE, "replies"),
    "unlock": (_OPERATE, "unlock"),
    "forget": (_OPERATE, "forget"),
    "plan": ("otp_worker.devtools.capacity.command", "plan"),
    "simulator": ("otp_worker.devtools.simulator.cli", "app"),
    "test": ("otp_worker.devtools.suite", "test"),
    "chaos": ("otp_worker.devtools.chaos.cli", "chaos"),
    "bench": ("otp_worker.devtools.bench.cli", "bench"),
    "release": ("otp_worker.devtools.release.command", "release"),
}
"""Each command's module and what is the command in it: a function, or an application of several."""

_EXTRAS = {"demo": "demo", "test": "dev", "chaos": "dev", "bench": "dev", "release": "dev"}


def extra_of(command: str) -> str:
    """Which extra of the distribution a command needs."""
    return _EXTRAS.get(command, "server")
