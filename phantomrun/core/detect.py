"""Whether a variable looks like a secret, and what gave it away."""

from __future__ import annotations

import math
import re

MIN_NAMED_CHARS = 6
MIN_PREFIXED_REST_CHARS = 8
MAX_STAND_IN_CHARS = 120
MIN_RANDOM_BITS_PER_CHAR = 3.8  # English words joined without spaces stay below

# What a bundler copies into pages that everybody can read.
_PUBLIC = re.compile(
    r"(?:NEXT_PUBLIC|VITE|REACT_APP|VUE_APP|EXPO_PUBLIC|NUXT_PUBLIC|GATSBY|PUBLIC|STORYBOOK)_.*"
    r"|.*(?:^|_)(?:PUBLIC|PUBLISHABLE|PUB|ANON|SITE)_?KEY"
)
# Names that end like a secret's and are none.
_HARMLESS = re.compile(
    r"PWD|OLDPWD|(?:.*_)?(?:GPG|SORT|PRIMARY|FOREIGN|PARTITION|CACHE|HOT|ROUTING|SSH_HOST)_?KEYS?"
    r"|(?:.*_)?(?:MAX|MIN|NUM|LIMIT|COUNT)(?:_.*)?_TOKENS?|.*_FINGERPRINT"
)
_SECRET = re.compile(
    r"(?:.*_)?[A-Z]*(?:TOKENS?|SECRETS?|PASSWORDS?|PASSWD|PASSPHRASE|CREDENTIALS?|BEARER)"
    r"(?:_?(?:[0-9]+|KEY|VALUE|BASE|KEY_BASE))?"
    r"|(?:.*_)?(?:API|PRIVATE|SECRET|ACCESS|MASTER|SIGNING|ENCRYPTION|SERVICE_ROLE|LICENSE)_?KEYS?"
    r"(?:_?(?:[0-9]+|VALUE|BASE))?"
    r"|(?:.*_)?(?:PASS|PWD|PW|PSK)(?:_?[0-9]+)?"
)
_PERHAPS = re.compile(
    r"(?:.*_)?(?:(?:API|APP|AUTH|ACCESS|CRYPT|ENC|HMAC|HOST|LICEN[CS]E|PRIV|SIGN)?KEYS?|PAT|SALT"
    r"|CREDS?|AUTH|AUTHORI[SZ]ATION|COOKIE|JWT|DSN|SIGNATURE|HMAC|SID|CONNECTION_STRING)"
    r"(?:_?[0-9]+)?"
)
_PREFIX = re.compile(
    r"sk-(?:proj-|ant-|or-|svcacct-|admin-|lf-)?|[sr]k_(?:live|test)_|whsec_|gh[pousr]_|github_pat_"
    r"|gl(?:pat|ptt|dt|rt|cbt|soat)-|xox[abeprs]-|xapp-|AKIA|ASIA|AIza|ya29\.|hf_|gsk_|r8_|npm_"
    r"|pypi-|do[opr]_v1_|shp(?:at|ca|pa|ss)_|SG\.|sq0(?:atp|csp)-|lin_api_|ntn_|figd_|PMAK-"
    r"|dckr_pat_|nvapi-|pplx-|xai-|tvly-|sbp_|phx_|glsa_|glc_|hvs\.|AGE-SECRET-KEY-|rubygems_"
    r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ"
)
_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY")
_WEBHOOK = re.compile(
    r"https://(?:hooks\.slack\.com/(?:services|workflows)/\w+/\w+/\w+"
    r"|(?:\w+\.)?discord(?:app)?\.com/api/webhooks/\d+/[\w-]+|[\w.-]+\.webhook\.office\.com/.+)"
)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S*")
_URL_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s:@/?#]*:(?!\d{1,5}[/?#])([^\s]+)@")
_FIELD = re.compile(
    r"(?:^|[?&;\s])(?:password|passwd|pwd|secret|(?:access_?|auth_?)?token|api[-_]?key|sig"
    r"|account_?key|shared_?access_?key)\s*=\s*([^&;\s]{6,})",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"\$\{[A-Za-z_][^}]{0,200}\}|\{\{[^}]{0,200}\}\}")
_STAND_IN = re.compile(
    r"""
      <[^"'<>]*> | \[[^"':]*\] | \$\w+ | %\w+%
    | (?:change|replace|fill|fix|insert|set|put|edit)[-_ ]?(?:me|this|it|with|in|your)\b.*
    | (?:change|replace|fix)me.* | .*[-_ ]?(?:goes|value|key|token|secret|password)?[-_ ]here
    | (?:enter|add|put|my|your|some|the|an?)[-_ ].*(?:key|token|secret|password|here|value).*
    | your\w* | to-?do | tbd | n/?a | dummy.* | fake[-_].* | placeholder.* | redacted
    | example[-_.]?\w*
    | [a-z0-9_-]*?(?:x{3,}|\*{3,}|\.{3,}|0{8,}|_{3,}).{0,4} | (?:test|secret|password|none|null|nil)
    | akia\w*example | (.)\1*
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PLAIN = re.compile(r"true|false|yes|no|on|off|[+-]?[\d.,:_]{1,7}|[A-Za-z]{1,10}", re.IGNORECASE)
_WORDS = re.compile(r"[A-Za-z]+(?:[-_. /,][A-Za-z]+)*(?:[-_.]?v?\d{1,4})?")
_PATH = re.compile(r"(?:~|\.{1,2}|[A-Za-z]:)?[/\\](?:[\w.@+ -]{0,48}[/\\])*[\w.@+ -]{0,48}")
_RANDOM = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=(?:.*\d){3})[A-Za-z0-9_+/=-]{24,}")


def looks_secret(name: str, value: str) -> str:
    """Return why this looks like a secret ("name", "prefix ghp_", …), "" if it does not.

    A guess for people to confirm: it decides what is offered for import, never what is protected.
    """
    text = value.strip()
    upper = name.upper()
    if not text or _PUBLIC.fullmatch(upper) or _stands_in(text):
        return ""
    return _by_value(text) or _by_name(upper, text) or _by_chance(text)


def _by_value(text: str) -> str:
    if _PRIVATE_KEY.search(text):
        return "private key"
    prefix = _PREFIX.match(text)
    if prefix and _long_word(text[prefix.end() :]):
        return f"prefix {prefix[0][:12]}"
    if _WEBHOOK.fullmatch(text):
        return "webhook"
    inside = _URL_PASSWORD.match(text)
    if inside and not _stands_in(inside[1]):
        return "password in a URL"
    field = _FIELD.search(text)
    if field and not _stands_in(field[1]):
        return "password inside"
    return ""


def _by_name(name: str, text: str) -> str:
    if _HARMLESS.fullmatch(name) or len(text) < MIN_NAMED_CHARS:
        return ""
    if _PLAIN.fullmatch(text) or _URL.fullmatch(text) or _PATH.fullmatch(text):
        return ""
    if _SECRET.fullmatch(name):
        return "name"
    if _PERHAPS.fullmatch(name) and not _WORDS.fullmatch(text):
        return "name"
    return ""


def _by_chance(text: str) -> str:
    if not _RANDOM.fullmatch(text) or _PATH.fullmatch(text):
        return ""
    return "random text" if _bits_per_char(text) >= MIN_RANDOM_BITS_PER_CHAR else ""


def _stands_in(text: str) -> bool:
    """Return whether this is what a template says, or a reference to another variable."""
    if _REFERENCE.search(text):
        return True
    return len(text) <= MAX_STAND_IN_CHARS and bool(_STAND_IN.fullmatch(text))


def _long_word(rest: str) -> bool:
    return len(rest) >= MIN_PREFIXED_REST_CHARS and not re.search(r"\s", rest)


def _bits_per_char(text: str) -> float:
    counts = (text.count(char) for char in set(text))
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts)
