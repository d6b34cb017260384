"""What settings and commands name."""

from depcheck.core.import_graph.project_roots import find_command_roots, find_django_settings, read_django_roots

SETTINGS = """
LOCAL_APPS = ["shop.apps.ShopConfig"]
INSTALLED_APPS = ["rest_framework", *LOCAL_APPS] + ["wagtail.admin"]
if DEBUG:
    INSTALLED_APPS += ["debug_toolbar"]
INSTALLED_APPS.append("late")
MIDDLEWARE = ("whitenoise.middleware.WhiteNoiseMiddleware",)
OTHER = ["not.an.app"]
"""


def test_apps_and_middleware_are_roots() -> None:
    """However the lists are put together."""
    strong = read_django_roots(SETTINGS).strong
    assert strong >= {
        "rest_framework",
        "rest_framework.models",
        "shop.models",
        "wagtail.admin",
        "debug_toolbar",
        "late",
    }
    assert "whitenoise.middleware.WhiteNoiseMiddleware" in strong
    assert "not.an.app" not in strong


def test_the_settings_module_is_found_where_projects_name_it() -> None:
    """manage.py comes before what the tests use."""
    manage = "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site_.settings')"
    assert (
        find_django_settings({"a.py": "", "manage.py": manage, "pytest.ini": "DJANGO_SETTINGS_MODULE = t.s"})
        == "site_.settings"
    )
    assert find_django_settings({"pyproject.toml": 'DJANGO_SETTINGS_MODULE = "t.settings"'}) == "t.settings"
    assert find_django_settings({"a.py": "x = 1"}) == ""


def test_what_a_command_starts_is_a_root() -> None:
    """Treat console scripts, `-m` and `-c` as roots, other names as weak."""
    scripts = {"celery": "celery.__main__"}
    assert find_command_roots("celery -A app worker", scripts).strong == {"celery.__main__"}
    assert "gunicorn" in find_command_roots("python -m gunicorn -k gevent app:app", scripts).strong
    assert find_command_roots("python -c 'import kombu.pools'", scripts).strong == {"kombu.pools"}
    assert "gevent" in find_command_roots("gunicorn -k gevent", scripts).weak
    assert find_command_roots("echo 'half a quote", scripts).strong == set()
