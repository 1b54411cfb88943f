"""What looks like a secret: realistic names, made-up values."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantomrun.core.detect import looks_secret

RANDOM = "CANARYq7Zt3Vb9Xw2Lk8Rn4Ms"
HEX = "CANARY" + "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nCANARY\n-----END RSA PRIVATE KEY-----\n"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiQ0FOQVJZIn0.CANARYq7Zt3Vb9"

SECRETS = [
    ("OPENAI_API_KEY", "sk-proj-" + RANDOM, "prefix sk-proj-"),
    ("OPENAI_KEY", "sk-" + RANDOM, "prefix sk-"),
    ("ANTHROPIC_API_KEY", "sk-ant-api03-" + RANDOM, "prefix sk-ant-"),
    ("STRIPE_SECRET_KEY", "sk_live_" + RANDOM, "prefix sk_live_"),
    ("STRIPE_SECRET_KEY", "sk_test_" + RANDOM, "prefix sk_test_"),
    ("STRIPE", "rk_live_" + RANDOM, "prefix rk_live_"),
    ("STRIPE_WEBHOOK", "whsec_" + RANDOM, "prefix whsec_"),
    ("GITHUB_TOKEN", "ghp_" + RANDOM, "prefix ghp_"),
    ("GH", "github_pat_" + RANDOM, "prefix github_pat_"),
    ("CI_BOT", "glpat-" + RANDOM, "prefix glpat-"),
    ("SLACK_BOT_TOKEN", "xoxb-123-456-" + RANDOM, "prefix xoxb-"),
    ("SLACK_APP", "xapp-1-" + RANDOM, "prefix xapp-"),
    ("SLACK_HOOK", "https://hooks.slack.com/services/T0/B0/" + RANDOM, "webhook"),
    ("NOTIFY_URL", "https://discord.com/api/webhooks/123456/" + RANDOM, "webhook"),
    ("AWS_ACCESS_KEY_ID", "AKIACANARY7QZT3VB9XW", "prefix AKIA"),
    ("AWS_SECRET_ACCESS_KEY", "CANARY/q7Zt3Vb9+Xw2Lk8Rn4Ms/Jp6Hd5Gf1Sa0", "name"),
    ("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjCANARY//////////wEaCXVzLWVhc3QtMSJ=", "name"),
    ("GOOGLE_API_KEY", "AIzaCANARY7Zt3Vb9Xw2Lk8Rn4MsJp6Hd5", "prefix AIza"),
    ("GOOGLE_CREDENTIALS", '{"type": "x", "private_key": "' + PEM.strip() + '"}', "private key"),
    ("SA", '{"type":"service_account","private_key":' + repr(PEM) + "}", "private key"),
    ("API_TOKENS", '["CANARY1", "CANARY2"]', "name"),
    ("GOOGLE_CREDENTIALS", PEM.replace("\n", "\\n"), "private key"),
    ("TLS_KEY", PEM, "private key"),
    ("DEPLOY", "-----BEGIN OPENSSH PRIVATE KEY-----\nCANARY", "private key"),
    ("HF_TOKEN", "hf_" + RANDOM, "prefix hf_"),
    ("GROQ_API_KEY", "gsk_" + RANDOM, "prefix gsk_"),
    ("NPM_TOKEN", "npm_" + RANDOM, "prefix npm_"),
    ("TWINE", "pypi-" + RANDOM, "prefix pypi-"),
    ("SENDGRID_API_KEY", "SG.CANARY." + RANDOM, "prefix SG."),
    ("DO", "dop_v1_" + HEX, "prefix dop_v1_"),
    ("SHOPIFY", "shpat_" + HEX, "prefix shpat_"),
    ("VAULT", "hvs." + RANDOM, "prefix hvs."),
    ("SUPABASE_SERVICE_ROLE_KEY", JWT, "prefix eyJhbGciOiJI"),
    ("SESSION", JWT, "prefix eyJhbGciOiJI"),
    ("DATABASE_URL", "postgres://app:CANARYpw@db.example:5432/app", "password in a URL"),
    ("DATABASE_URL", "postgresql+asyncpg://app:CAN:ARY@localhost/app?x=1", "password in a URL"),
    ("REDIS_URL", "redis://:CANARYpw@cache:6379/0", "password in a URL"),
    ("MONGO", "mongodb+srv://u:CANARY%40@x.mongodb.net/?retryWrites=true", "password in a URL"),
    ("AMQP", "amqp://guest:CANARY@rabbit", "password in a URL"),
    ("HTTPS_PROXY", "http://me:CANARY@proxy.corp:3128", "password in a URL"),
    ("ODD", "https://u:CAN/ARY@host/", "password in a URL"),
    ("JDBC_URL", "jdbc:postgresql://db/app?user=a&password=CANARYpw", "password inside"),
    ("PG_DSN", "host=db user=app password=CANARYpw", "password inside"),
    ("AZURE", "AccountName=x;AccountKey=CANARYq7Zt3Vb9Xw==;Suffix=y", "password inside"),
    ("FEED", "https://feeds.example/x?token=CANARY1234", "password inside"),
    ("MISTRAL_API_KEY", RANDOM, "name"),
    ("DEEPL_AUTH_KEY", "CANARY12-3456-7890-abcd-ef0123456789:fx", "name"),
    ("DD_API_KEY", HEX, "name"),
    ("TWILIO_AUTH_TOKEN", HEX, "name"),
    ("DJANGO_SECRET_KEY", "django-insecure-CANARY!@#$%^&*(", "name"),
    ("SECRET_KEY_BASE", HEX, "name"),
    ("SECRET", "CANARY hunter two", "name"),
    ("JWT_SECRET", "CANARY-hunter2", "name"),
    ("NEXTAUTH_SECRET", "CANARYq7Zt3Vb9/Xw2Lk8=", "name"),
    ("DB_PASSWORD", "CANARY7", "name"),
    ("POSTGRES_PASSWORD", "CANARY/pass word", "name"),
    ("PGPASSWORD", "CANARY-12", "name"),
    ("SMTP_PASS", "CANARY-12!", "name"),
    ("SMTP_PW", "CANARY12", "name"),
    ("PASSWORD", "12345678", "name"),
    ("PASSPHRASE", "correct horse CANARY staple", "name"),
    ("password", "CANARY-12", "name"),
    ("stripe_api_key", RANDOM, "name"),
    ("API_KEY_2", RANDOM, "name"),
    ("API_TOKENS", "CANARY1,CANARY2", "name"),
    ("BASIC_AUTH", "admin:CANARY12", "name"),
    ("SESSION_COOKIE", "sid=CANARY1234", "name"),
    ("ENCRYPTION_KEY", "base64:CANARYq7Zt3Vb9Xw2Lk8Rn4MsJp6Hd5Gf1Sa0=", "name"),
    ("PASSWORD_SALT", "CANARY0a1b", "name"),
    ("GITLAB_PAT", "CANARY-0a1b", "name"),
    ("SOMETHING", RANDOM, "random text"),
    ("CONFIG_BLOB", "Q0FOQVJZcTdadDNWYjlYdzJMazhSbjRNczEyMzQ1Njc4OQ==", "random text"),
]

ORDINARY = [
    ("PORT", "3000"),
    ("HOST", "127.0.0.1"),
    ("LOG_LEVEL", "debug"),
    ("NODE_ENV", "production"),
    ("DEBUG", "true"),
    ("TZ", "Europe/Copenhagen"),
    ("LANG", "en_US.UTF-8"),
    ("EMPTY", ""),
    ("API_KEY", ""),
    ("API_KEY", "   "),
    ("USE_API_KEY", "true"),
    ("REQUIRE_TOKEN", "no"),
    ("ENABLE_AUTH", "1"),
    ("AUTH", "basic"),
    ("SECRET_KEY_ROTATION_DAYS", "30"),
    ("TOKEN_TTL", "3600"),
    ("ACCESS_TOKEN_EXPIRE_MINUTES", "60"),
    ("MAX_TOKENS", "4096"),
    ("OPENAI_MAX_OUTPUT_TOKENS", "1000000"),
    ("PASSWORD_MIN_LENGTH", "12"),
    ("DB_PASSWORD", "postgres"),
    ("DB_PASSWORD", "root"),
    ("REDIS_PASSWORD", "secret"),
    ("NEXT_PUBLIC_API_KEY", RANDOM),
    ("NEXT_PUBLIC_SUPABASE_ANON_KEY", JWT),
    ("VITE_MAPBOX_TOKEN", "pk.CANARY" + RANDOM),
    ("REACT_APP_FIREBASE_API_KEY", "AIza" + RANDOM),
    ("EXPO_PUBLIC_KEY", RANDOM),
    ("STRIPE_PUBLISHABLE_KEY", "pk_live_" + RANDOM),
    ("STRIPE_PUBLIC_KEY", "pk_test_" + RANDOM),
    ("RECAPTCHA_SITE_KEY", "6LcCANARY" + RANDOM),
    ("VAPID_PUBLIC_KEY", "B" + RANDOM),
    ("SSH_PUBLIC_KEY", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me@host"),
    ("GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D"),
    ("KEY_FINGERPRINT", "SHA256:abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"),
    ("SORT_KEY", "created_at_2"),
    ("CACHE_KEY", "user:42:profile"),
    ("PRIMARY_KEY", "id_0001"),
    ("KEYBOARD", "us-intl-2"),
    ("MONKEY", "see-do-22x"),
    ("TOKENIZER", "cl100k_base"),
    ("TOKEN_URL", "https://auth.example/oauth/token"),
    ("SECRETS_DIR", "/run/secrets"),
    ("SSL_KEY", "/etc/ssl/private/server.key"),
    ("PRIVATE_KEY", "./keys/dev.pem"),
    ("PRIVATE_KEY_PATH", "~/.ssh/id_ed25519"),
    ("GOOGLE_APPLICATION_CREDENTIALS", "/home/me/.config/gcloud/key.json"),
    ("SSH_AUTH_SOCK", "/run/user/1000/ssh-XXXXabcdef/agent.1234"),
    ("PWD", "/home/me/src/a1b2C3"),
    ("DATABASE_URL", "postgres://localhost:5432/app"),
    ("DATABASE_URL", "postgres://app@localhost/app"),
    ("DATABASE_URL", "postgres://app:${DB_PASSWORD}@localhost/app"),
    ("DATABASE_URL", "postgres://user:<password>@localhost/app"),
    ("DATABASE_URL", "sqlite:///./app.db"),
    ("REDIS_URL", "redis://localhost:6379/0"),
    ("API_URL", "https://api.example/v1?page=2"),
    ("PACKAGE_URL", "https://cdn.example:443/@scope/pkg@1.2.3"),
    ("CDN", "https://cdn.example/@scope/pkg"),
    ("CONTACT", "mailto:me@example"),
    ("SENTRY_DSN", "https://0a1b2c3d4e5f60718293a4b5c6d7e8f9@o0.ingest.sentry.io/1"),
    ("OPENAI_BASE_URL", "https://api.openai.com/v1"),
    ("OPENAI_MODEL", "gpt-4o-mini-2024-07-18"),
    ("AWS_REGION", "eu-central-1"),
    ("AWS_PROFILE", "default"),
    ("S3_BUCKET", "my-company-backups-2024"),
    ("GIT_SHA", "4f2a9c1e7b3d5a6f8091a2b3c4d5e6f708192a3b"),
    ("IMAGE", "registry.example/app@sha256:" + "0a" * 32),
    ("REQUEST_ID", "123e4567-e89b-12d3-a456-426614174000"),
    ("CLASS_NAME", "ApplicationConfigurationLoaderFactory"),
    ("VERSION", "1.2.3-beta.4+build.5"),
    ("PHONE", "+45 12 34 56 78"),
    ("GREETING", "hello world, this is text"),
    ("CERT", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"),
    ("LS_COLORS", "rs=0:di=01;34:ln=01;36:mh=00:pi=40;33"),
    ("OPENAI_API_KEY", "changeme"),
    ("OPENAI_API_KEY", "change-me-please"),
    ("OPENAI_API_KEY", "xxx"),
    ("OPENAI_API_KEY", "xxxxxxxxxxxxxxxx"),
    ("OPENAI_API_KEY", "sk-xxxxxxxxxxxxxxxxxxxx"),
    ("OPENAI_API_KEY", "sk-..."),
    ("OPENAI_API_KEY", "sk-proj-****************"),
    ("OPENAI_API_KEY", "<your-key>"),
    ("OPENAI_API_KEY", "your-api-key-here"),
    ("OPENAI_API_KEY", "your_openai_key"),
    ("OPENAI_API_KEY", "YOUR_API_KEY"),
    ("OPENAI_API_KEY", "sk-your-key-here"),
    ("OPENAI_API_KEY", "put your key here"),
    ("OPENAI_API_KEY", "insert-key-here"),
    ("OPENAI_API_KEY", "${PHANTOMRUN_ENV_OPENAI_API_KEY}"),
    ("OPENAI_API_KEY", "${OPENAI_KEY:-none}"),
    ("OPENAI_API_KEY", "$OPENAI_KEY"),
    ("OPENAI_API_KEY", "{{ openai_key }}"),
    ("OPENAI_API_KEY", "op://vault/item/field"),
    ("OPENAI_API_KEY", "TODO"),  # a value that templates have, not a note of ours
    ("OPENAI_API_KEY", "placeholder"),
    ("OPENAI_API_KEY", "REDACTED"),
    ("OPENAI_API_KEY", "dummy-key-for-tests"),
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("STRIPE_SECRET_KEY", "sk_test_..."),
    ("SECRET_KEY", "00000000000000000000"),
]


@pytest.mark.parametrize(("name", "value", "reason"), SECRETS)
def test_a_secret_is_noticed_and_the_reason_given(name: str, value: str, reason: str) -> None:
    assert looks_secret(name, value) == reason


@pytest.mark.parametrize(("name", "value"), ORDINARY)
def test_an_ordinary_variable_is_left_alone(name: str, value: str) -> None:
    assert looks_secret(name, value) == ""


@given(st.text(max_size=20), st.text(max_size=80))
def test_any_name_and_value_have_an_answer(name: str, value: str) -> None:
    assert isinstance(looks_secret(name, value), str)


def test_a_reason_never_holds_the_rest_of_the_value() -> None:
    assert not [row for row in SECRETS if "CANARY" in looks_secret(row[0], row[1])]


@pytest.mark.parametrize(
    "piece", ["a", "${", "x-", "_here", "://a:", "/a", "password=", "<", "Aa1", " "]
)
def test_long_values_take_no_longer_than_reading_them(piece: str) -> None:
    began = time.process_time()
    looks_secret("A_KEY" * 2000, piece * (100_000 // len(piece)) + "!")

    assert time.process_time() - began < 2
