"""What looks like a key or a password is hidden; what only speaks of them is not."""

from __future__ import annotations

import pytest

from blogmetad.rules.quoting import opening
from blogmetad.rules.schema import TextRule
from blogmetad.secret import HIDDEN, hidden, masked

# Made up, and put together here so that no scanner takes this file for a leak.
RANDOM = "aB3dE5gH7jK9mN1pQ3rS5tU7"
SECRETS = {
    "an OpenAI key": f"sk-proj-{RANDOM}{RANDOM}",
    "a Stripe key": f"sk_live_{RANDOM}",
    "a GitHub token": f"ghp_{RANDOM}{RANDOM[:12]}",
    "a Hugging Face token": f"hf_{RANDOM}{RANDOM[:10]}",
    "an AWS key": "AKIA" + "ABCDEFGH23456789",
    "a Slack token": f"xoxb-1234567890-{RANDOM}",
    "a JWT": f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{RANDOM}",
    "a private key": f"-----BEGIN RSA PRIVATE KEY-----\nMIIE{RANDOM}\n{RANDOM}==\n-----END RSA PRIVATE KEY-----",
    "a random word": f"{RANDOM}{RANDOM}",
    "base64": f"{RANDOM}+/{RANDOM}=",
    "user and password in an address": "anna:s3cret!pw",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_what_has_the_shape_of_a_key_is_hidden(secret: str) -> None:
    scheme = "https://" if "@" not in secret and secret.startswith("anna") else ""
    host = "@example.org/x" if scheme else ""
    text = f"配置里写的是 {scheme}{secret}{host} ，不要泄露。"
    assert hidden(text) == f"配置里写的是 {scheme}{HIDDEN}{host} ，不要泄露。"
    assert hidden(hidden(text)) == hidden(text)


def test_a_private_key_without_an_end_is_hidden_too() -> None:
    text = hidden(f"一\n-----BEGIN OPENSSH PRIVATE KEY-----\n{RANDOM}\n{RANDOM}\n二")
    assert text == f"一\n{HIDDEN}二"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("password: hunter2", f"password: {HIDDEN}"),
        ("密码：Tr0ub4dor&3。", f"密码：{HIDDEN}。"),
        ("我的密码是hunter2", f"我的密码是{HIDDEN}"),
        ("口令 = 'abc-123-x'", f"口令 = '{HIDDEN}'"),
        ("The token is t0ken99.", f"The token is {HIDDEN}."),
        ('export API_KEY="abc123def"', f'export API_KEY="{HIDDEN}"'),
        ("access key is x9x9x9x9", f"access key is {HIDDEN}"),
        ("DB_PASSWORD=p@ss!word", f"DB_PASSWORD={HIDDEN}"),
    ],
)
def test_what_is_said_to_be_a_password_is_hidden(said: str, shown: str) -> None:
    assert hidden(said) == shown


@pytest.mark.parametrize(
    "text",
    [
        *(
            "The password is optional.",
            "密码是用户自己选的。",
            "每个 token 是一个词。",
            "token: required",
            "a secret: it works",
        ),
        *(
            "tokens = tokenizer(text)",
            "一次处理 4096 个 token",
            "passwords are evil",
            "密钥管理（KMS）",
            "token: a/b-c.d",
        ),
        *("2026-09-03-internationalization-explained.md", "2026-09-03-yuyanmoxingdebiaozhunhuaceshi.md"),
        *("2025-04-29-what-fsync-really-promises-to-you", "blogmetad/rules/learn/findings.py", "Qwen2.5-0.5B-Instruct"),
        *("a" * 60, "-" * 80, "=" * 40, "中" * 200, "3.14159265358979323846", "11111111111111111111111111111111111"),
        *("https://example.org:8080/a", "user@example.org", "sk-learn", "skill-based", "hf_hub", ""),
    ],
)
def test_what_only_speaks_of_secrets_stays(text: str) -> None:
    assert hidden(text) == text


def test_the_texts_in_a_value_are_hidden_wherever_they_stand() -> None:
    value = {"a": ["password: hunter2", 5, None], "b": {"c": ("password: hunter2", True)}}
    shown = f"password: {HIDDEN}"
    assert masked(value) == {"a": [shown, 5, None], "b": {"c": [shown, True]}}


def test_the_day_before_a_random_word_does_not_show_it() -> None:
    assert hidden(f"2026-09-03-{RANDOM}{RANDOM}") == HIDDEN


def test_sums_of_files_are_no_secrets() -> None:
    sums = {"sha256": "0f" * 32, "body_sha256": "1e" * 32}
    assert masked({"read": sums, "said": sums["sha256"]}) == {"read": sums, "said": HIDDEN}


def test_a_description_quotes_no_sentence_with_a_secret() -> None:
    rule = TextRule.model_validate({"type": "text", "quoted": True, "min_length": 5, "max_length": 200})
    body = "这是第一句话，讲的是怎样部署服务。管理员的密码是 hunter2，请记住。第三句话。\n"
    assert opening(hidden(body), rule) == "这是第一句话，讲的是怎样部署服务。"
    assert opening(hidden("管理员的密码是 hunter2，请记住。后面的一句话。\n"), rule) == ""


UNITS = [
    *(
        "a",
        "a1B2",
        "eyJ",
        "eyJa.",
        "sk-",
        "-----BEGIN PRIVATE KEY-----",
        "x://a:",
        "token is ",
        "密码是",
        "://",
        "a.b-",
    ),
    *("password: ", "-", "=", "secret=secret=", "x:y@"),
]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("unit", UNITS)
def test_no_text_holds_up_the_search_for_secrets(unit: str) -> None:
    assert len(hidden(unit * (1_000_000 // len(unit)))) > 0
