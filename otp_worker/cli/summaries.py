"""What ``otp-worker --help`` says of each command, whose module then need not be imported."""

SUMMARIES = {
    "demo": "Start the whole service with a simulated phone; send a code, read it there, check it.",
    "init": "Ask for what only you know, make strong secrets, and write an environment file "
    "that only you can read.",
    "migrate": "Create the database's schema, or bring it up to date.",
    "backup": "Copy the SQLite database into a file while the service runs; what is made is whole and found "
    "sound.",
    "restore": "Put a backup in the database's place and end what was pending in it, so that no old code is "
    "sent.",
    "move": "Move everything from SQLite to an empty Postgres database, while the service is stopped.",
    "start": "Run the service: web, worker, upkeep, beat, flower and console, or those named.",
    "web": "Serve the API. Further options are Granian's.",
    "console": "Serve the console, the operators' pages. Further options are Granian's.",
    "flower": "Run Flower: basic auth, read-only, and on loopback if nothing else is said.",
    "doctor": "Examine everything the service needs: ok, look or fix; exits 1 if something "
    "does not work just now.",
    "callback-url": "Print the URL to register at a gateway for what it posts: inbound messages, and "
    "receipts.",
    "seal-key": "Print the public key that web seals with, for OTP_SEAL_PUBLIC_KEY; run it beside the "
    "workers.",
    "apps": "Show and set what holds for one app alone; what is not set is the operator's.",
    "keys": "Create, list, rotate and revoke the API keys of apps.",
    "guard": "Show, lift and forbid pauses for SMS pumping.",
    "gateways": "Show the gateways and their SIMs, and try one.",
    "optouts": "Show and lift the opt-outs of people who texted STOP.",
    "template": "Show what an SMS says.",
    "templates": "Show and define the templates of one app; they go before the operator's of the same name.",
    "webhooks": "Say where apps are told of events, try it, see what they were told and missed.",
    "send": "Send a code through the running service and follow it until the gateway has taken it.",
    "check": "Judge a code; exits 0 only if it is right.",
    "find": "List the verifications of a number, user, reference, tag or id, newest first, each with "
    "its cause.",
    "show": "Show why the newest code of a number, a user or an id is where it is, and its trail.",
    "tail": "Follow what happens, as it happens, until Ctrl-C; with --json one object a line.",
    "conversions": "Show how many codes were sent, arrived and were entered, by country, app, SIM, hour "
    "and more.",
    "replies": "List the SMS that people sent back, newest first.",
    "unlock": "Unlock a number that wrong codes, or a report of its person, have locked.",
    "forget": "Erase a person: every verification, delivery and reply of a number, at once and for good.",
    "plan": "Say what a load needs: SIMs, cores, processes, database; and what of it runs out first.",
    "simulator": "A simulated phone gateway, for rehearsals without a phone.",
    "test": "Run all tests that every change must pass; --quick some of them, --nightly the heavy ones.",
    "chaos": "Run the whole service under load and faults, and account for every request; "
    "exits 1 on a breach.",
    "release": "Build wheel and source from a commit, twice, and refuse bytes that differ; with a bill of "
    "materials.",
    "bench": "Measure the whole service beside its baselines, in alternation; exits 1 if a scenario failed.",
}
"""A command that is not among them is imported for its own words."""
