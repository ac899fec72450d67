"""The operator's file of gateways: what it says is what is made, and anything odd in it stops the start."""

from pathlib import Path

import httpx
import pytest

from app.errors import AppError
from app.gateways.gateway_file import Gateways, load_gateways
from app.gateways.sms_http import SmsHttp
from app.gateways.smtp import Smtp
from app.gateways.spool import Spool
from app.gateways.voice_http import VoiceHttp
from tests.support.delivery import PROVIDER_KEY

SMS = f"""
[[gateway]]
name = "sms.example"
kind = "sms"
url = "https://sms.example/send"
secret_file = "sms.secret"
report_key = "{PROVIDER_KEY.public.hex()}"
headers = {{Authorization = "Bearer {{secret}}"}}
body = {{id = "{{id}}", to = "{{to}}", text = "{{text}}"}}
answer = {{pointer = "/code", accepted = [0], invalid_number = [1]}}
"""
OTHERS = """
[[gateway]]
name = "voice.example"
kind = "voice"
url = "http://127.0.0.1:8090/voice.example/voice"
body = {id = "{id}", to = "{to}", text = "{text}", draw = "{draw}", n = "{n}", menu = "{menu}"}

[[gateway]]
name = "mail.example"
kind = "smtp"
host = "mail.example"
port = 587
sender = "draw@centre.example"

[[gateway]]
name = "print"
kind = "spool"
folder = "letters"
channels = ["letter"]
"""


def load(folder: Path, text: str, *, mode: int = 0o600) -> Gateways:
    secret = folder / "sms.secret"
    secret.write_text("hush\n")
    secret.chmod(mode)
    file = folder / "gateways.toml"
    file.write_text(text)
    return load_gateways(file, data=folder, client=httpx.AsyncClient())


def test_each_section_serves_its_channel(tmp_path: Path) -> None:
    found = load(tmp_path, SMS + OTHERS)
    made = {channel: type(one) for channel, one in found.by_channel.items()}
    assert made == {"sms": SmsHttp, "voice": VoiceHttp, "email": Smtp, "letter": Spool}
    assert set(found.registered) == {"sms.example"}
    assert found.registered["sms.example"].channels == {"sms"}


def test_channels_without_a_section_go_to_the_spool(tmp_path: Path) -> None:
    assert load(tmp_path, SMS).by_channel["voice"].name == "spool"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "sms.example"', 'name = "platform"'),
        ('name = "sms.example"', 'name = "../etc"'),
        ('kind = "sms"', 'kind = "pigeon"'),
        ("https://sms.example", "http://sms.example"),
        ("https://sms.example", "file:///etc/passwd"),
        ('to = "{to}"', 'to = "{to}", colleagues = "{project}"'),
        ('id = "{id}", ', ""),
        (PROVIDER_KEY.public.hex(), "00" * 32),
        (PROVIDER_KEY.public.hex(), "zz"),
        ("accepted = [0]", "fine = [0]"),
        ('pointer = "/code"', 'pointer = "code"'),
        ("[[gateway]]", "[[gateway]]\nverify = false"),
        ("[[gateway]]", "[gateway]"),
        ('secret_file = "sms.secret"', 'secret_file = "missing"'),
        (SMS, SMS + SMS),
        (SMS, SMS + SMS.replace("sms.example", "other.example")),
        (SMS, SMS + OTHERS.replace('host = "mail.example"', 'host = "mail.example"\ntls = "none"')),
    ],
)
def test_anything_odd_stops_the_start(tmp_path: Path, old: str, new: str) -> None:
    assert old in SMS
    with pytest.raises(AppError) as caught:
        load(tmp_path, SMS.replace(old, new, 1))
    assert caught.value.code == "gateways.file"
    assert "hush" not in str(caught.value.details)


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AppError) as caught:
        load(tmp_path, SMS, mode=0o644)
    assert caught.value.details["reason"] == "secret_file is readable for others"
