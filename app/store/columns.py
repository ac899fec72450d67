"""Column types that every table shares, and the metadata with one naming convention for constraints."""

from typing import Final

from sqlalchemy import BigInteger, Integer, MetaData, String

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
ID: Final = String(64)
TEXT: Final = String(200)
STATE: Final = String(20)
HEX32: Final = String(64)
# `YYYY-MM-DDTHH:MM:SSZ`, and `YYYY-MM-DD` in Beijing.
TIME: Final = String(20)
DAY: Final = String(10)
# SQLite counts a row id only on a column declared INTEGER.
SERIAL: Final = BigInteger().with_variant(Integer, "sqlite")
