"""Suggest the name that somebody meant."""

from collections.abc import Iterable
from difflib import get_close_matches

# The packages that are asked for most: a misspelt name is nearly always one of them.
_NAMES = """
aiohttp alembic anyio attrs awscli beautifulsoup4 black boto3 botocore cachetools celery certifi cffi chardet
charset-normalizer click cloudpickle coverage cryptography cython dask decorator defusedxml django
django-filter djangorestframework docker docutils fastapi filelock flake8 flask flask-cors flask-login
flask-sqlalchemy gevent google-api-core google-auth google-cloud-storage greenlet grpcio gunicorn h11 httpcore
httpx hypothesis idna importlib-metadata ipython isort itsdangerous jinja2 jmespath joblib jsonschema keras
kombu kubernetes lxml mako markdown markupsafe matplotlib mccabe mock mypy mypy-extensions mysqlclient
networkx nltk nose numpy oauthlib openai opencv-python openpyxl orjson packaging pandas paramiko pathspec
pexpect pillow pip pip-tools platformdirs plotly pluggy poetry prometheus-client prompt-toolkit protobuf
psutil psycopg2 psycopg2-binary psycopg pyarrow pyasn1 pycparser pycryptodome pydantic pydantic-core pygithub
pygments pyjwt pylint pymongo pymysql pyopenssl pyparsing pytest pytest-asyncio pytest-cov pytest-django
pytest-mock pytest-xdist python-dateutil python-dotenv pytz pyyaml redis regex requests requests-oauthlib rich
rsa ruff s3transfer scikit-learn scipy seaborn selenium sentry-sdk setuptools six sniffio soupsieve sphinx
sqlalchemy sqlparse starlette tabulate tenacity tensorflow termcolor toml tomli torch torchvision tornado tox
tqdm transformers twine typer typing-extensions tzdata tzlocal ujson urllib3 uvicorn uvloop vine virtualenv
watchdog wcwidth websocket-client websockets werkzeug wheel wrapt wtforms xlrd xmltodict yarl zipp
"""
WELL_KNOWN_PACKAGES = tuple(_NAMES.split())


def suggest_name(name: str, known: Iterable[str] = WELL_KNOWN_PACKAGES) -> str:
    """Suggest the closest of the known names, or return an empty string."""
    near = get_close_matches(name, [each for each in known if each != name], n=1, cutoff=0.75)
    return near[0] if near else ""
