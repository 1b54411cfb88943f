"""What each code in brackets means, for `phantomrun help PR-…`."""

from __future__ import annotations

CODES = {
    "PR-ARGV": (
        "A real value stood on a command line.",
        "Command lines end up in the shell's history and can be read by every process in ps. "
        'Values are typed at a hidden prompt or piped: printf %s "$VALUE" | phantomrun set NAME -',
    ),
    "PR-BUSY": (
        "Another phantomrun holds the vault's lock.",
        "Writers take turns, and one of them does not finish: perhaps it is stopped (Ctrl-Z) or "
        "waits on a slow disk. Nothing was written.",
    ),
    "PR-CA": (
        "The file given with --ca-file holds no certificates.",
        "It needs one or more PEM blocks, -----BEGIN CERTIFICATE-----. They are trusted beside "
        "the system's for this secret's upstream, and nowhere else.",
    ),
    "PR-CHANGED": (
        "What unlocks the vault was changed meanwhile.",
        "Nothing was written. Run the command again and give the new one.",
    ),
    "PR-CODING": (
        "The upstream compressed its answer in a way that cannot be searched.",
        "A run asks for plain answers, because a real value that comes back must be found. This "
        "upstream compressed all the same, with a method we do not read.",
    ),
    "PR-CONFIG": (
        "An option, a value or a file of yours is wrong.",
        "The message names it, with the line where there is one.",
    ),
    "PR-DAMAGED": (
        "The vault's file is cut short or was altered.",
        "It is sealed as a whole, so every changed byte is noticed. Nothing was overwritten: "
        "restore the file from a backup.",
    ),
    "PR-DEMO": (
        "The demonstration did not run to its end.",
        "It uses a throwaway vault; nothing of yours was touched.",
    ),
    "PR-DISK": (
        "The disk could not take the new vault.",
        "A vault is replaced as a whole or not at all; the message says which of the two it was.",
    ),
    "PR-EXEC": (
        "The command was not found (127) or cannot be executed (126).",
        "The exit codes are those of env(1). Nothing was started.",
    ),
    "PR-EXISTS": (
        "What was to be made is there already.",
        "Vaults, key files and secrets are never overwritten in passing. `phantomrun set` gives a "
        "secret another value, `phantomrun passwd` changes what unlocks the vault.",
    ),
    "PR-FAILED": ("It did not work.", "The message says why; there is no more to say in general."),
    "PR-IMPORT": (
        "The source of an import could not be read.",
        "It has to be a .env file, a flat JSON object, standard input (-), or --from env.",
    ),
    "PR-INSIDE": (
        "This is not done inside a run.",
        "A command that phantomrun started gets phantoms, and nothing in it gets to see a real "
        "value. Use another terminal.",
    ),
    "PR-INTERNAL": (
        "Something of ours broke.",
        "This is a bug. Whatever was to be started was not started.",
    ),
    "PR-LAUNCH": (
        "The command could not be started.",
        "Exit code 125: phantomrun failed before there was a command.",
    ),
    "PR-LOCKED": (
        "The vault could not be unlocked.",
        "The passphrase or key file was wrong, or there was no way to ask. These are tried in "
        "order: PHANTOMRUN_PASSPHRASE_FD, PHANTOMRUN_PASSPHRASE_FILE (mode 0600), "
        "PHANTOMRUN_PASSPHRASE, an askpass program, the terminal. With -n or CI=true nobody is "
        "asked.",
    ),
    "PR-MALFORMED": (
        "The child sent bytes that we do not forward.",
        "The request was broken or could be read in two ways, so it never left the machine.",
    ),
    "PR-MISSING": (
        "There is no secret of that name in the vault.",
        "`phantomrun list` shows the names; `phantomrun set NAME` adds one. If the project file "
        "requires it, a run does not start without it.",
    ),
    "PR-NAME": (
        "That cannot be the name of a secret.",
        "A secret is named as the environment variable that the program reads: letters, digits "
        "and _, not beginning with a digit. PHANTOMRUN… is ours.",
    ),
    "PR-NEWER": (
        "A newer phantomrun wrote this vault.",
        "Upgrade phantomrun; older versions never touch a newer vault.",
    ),
    "PR-NOROUTE": (
        "The request's path belongs to no provider of this run.",
        "Each provider has a prefix of its own on the listener; the variables that the run sets, "
        "such as OPENAI_BASE_URL, contain it.",
    ),
    "PR-NOTTY": (
        "There is no terminal to ask on.",
        "Questions are asked on /dev/tty only, never on standard input, and not with -n, in CI or "
        "in a background job. Most have an option or a variable instead: the fix names it.",
    ),
    "PR-NOVAULT": (
        "There is no vault yet.",
        "`phantomrun init` makes one; `phantomrun set NAME` and `phantomrun import .env` make one "
        "on the way. PHANTOMRUN_HOME says where it is, if it is set.",
    ),
    "PR-PASSPHRASE": (
        "That passphrase will not do.",
        "It needs 12 characters at least, typed the same twice. Enter alone offers six random "
        "words: 66 bits.",
    ),
    "PR-PERMS": (
        "A file that only you should read can be read by others.",
        "The vault, key files and passphrase files must be yours, with mode 0600. Who could read "
        "them may have copied them.",
    ),
    "PR-PHANTOM": (
        "The request carried no phantom of this run.",
        "Only the phantoms that this very run was given open the way to the upstream; those of "
        "an earlier run are worthless. The upstream was not contacted.",
    ),
    "PR-PLATFORM": (
        "phantomrun does not support this system yet.",
        "Linux is supported; on Windows use WSL 2.",
    ),
    "PR-PORT": (
        "No port on 127.0.0.1 could be opened.",
        "Every run opens one, and one more for each provider that needs its own. The machine has "
        "run out of them, or forbids it.",
    ),
    "PR-PROVIDER": (
        "A provider is unknown, or its file is wrong.",
        "`phantomrun providers` lists them, `phantomrun providers openai` names its file. Your own "
        "files are in the configuration directory, providers/NAME.toml; they replace ours.",
    ),
    "PR-ROUTE": (
        "A phantom was used for another provider than its own.",
        "Each phantom is bound to one secret and one upstream. The upstream was not contacted.",
    ),
    "PR-TLS": (
        "The upstream's certificate could not be verified.",
        "Nothing was sent. A private authority is given with the secret: "
        "phantomrun set NAME --upstream URL --ca-file PEM",
    ),
    "PR-TRACED": (
        "A debugger is attached to phantomrun itself.",
        "It could read the vault's key, so nothing is unlocked. Trace the command instead: "
        "phantomrun -- strace CMD",
    ),
    "PR-TRUST": (
        "Something asked for more than it may have.",
        "Where a secret may go is sealed in your vault. A project file can narrow that, and never "
        "widen it.",
    ),
    "PR-UNREACHABLE": (
        "The upstream did not answer, or cut the connection.",
        "The message that the child got says how far it came.",
    ),
    "PR-UPGRADE": (
        "The request asks for something that the proxy does not speak.",
        "That is WebSocket. The request was not forwarded.",
    ),
    "PR-UPSTREAM": (
        "The address that a secret may go to is missing or cannot be used.",
        "It is what the SDK's base-URL variable would hold, such as https://gw.example/v1: "
        "https, or http to this machine, without user, query or fragment.",
    ),
    "PR-USAGE": (
        "The command line could not be understood.",
        "phantomrun -- CMD runs a command, phantomrun VERB does everything else; "
        "`phantomrun help` lists the verbs. No option is ever abbreviated.",
    ),
    "PR-VALUE": (
        "That cannot be a credential.",
        "It is empty, or has a newline, a NUL or another control character in it, or is longer "
        "than any server accepts. One newline at the end of piped input is fine.",
    ),
    "PR-VAULT": (
        "The vault cannot be used as it is.",
        "The message says why; `phantomrun doctor` looks at more.",
    ),
    "PR-WAY": (
        "We know this service, and cannot stand in for its credential yet.",
        "It has no base URL that can be changed, signs its requests, or speaks a protocol other "
        "than HTTP. Nothing was stored, because nothing could be done with it.",
    ),
}
