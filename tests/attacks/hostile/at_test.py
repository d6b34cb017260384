"""A plug-in that pytest loads by itself: attacks when the tests are over, when the results are about to be written."""


def pytest_unconfigure(config):
    from hostile import engine

    engine.attack("test")
