"""Every option of `uv pip compile` 0.13.

Also those that earlier versions had, and those that it accepts for pip-compile's sake.
"""

from depcheck.core.lockfiles.options.compiler_options import CompilerOption as Option
from depcheck.core.lockfiles.options.compiler_options import OptionEffect as Effect
from depcheck.core.lockfiles.options.compiler_options import Treatment, build_option_table

_KEPT_FLAGS = {
    Effect.WRITTEN: [
        "--no-strip-extras",
        "--strip-extras",
        "--no-strip-markers",
        "--strip-markers",
        "--no-annotate",
        "--annotate",
        "--no-header",
        "--header",
        "--generate-hashes",
        "--no-generate-hashes",
        "--emit-index-url",
        "--no-emit-index-url",
        "--emit-find-links",
        "--no-emit-find-links",
        "--emit-build-options",
        "--no-emit-build-options",
        "--emit-index-annotation",
        "--no-emit-index-annotation",
        "--build-isolation",
        "--allow-unsafe",
        "--no-allow-unsafe",
        "--reuse-hashes",
        "--no-reuse-hashes",
        "--emit-trusted-host",
        "--no-emit-trusted-host",
        "--emit-options",
        "--no-emit-options",
        "--emit-marker-expression",
        "--no-emit-marker-expression",
    ],
    Effect.INDEXED: [
        "--all-extras",
        "--no-universal",
    ],
    Effect.CHOSEN: [
        "--no-deps",
        "--universal",
        "--pre",
    ],
    Effect.CHOOSING: [
        "--no-build",
        "--no-index",
    ],
    Effect.NONE: [
        "--require-build-hashes",
        "--no-all-extras",
        "--build",
        "--no-sources",
        "--no-build-isolation",
        "--no-config",
    ],
}
_KEPT_VALUE_OPTIONS = {
    Effect.WRITTEN: [
        "--annotation-style",
        "--custom-compile-command",
        "--max-rounds",
    ],
    Effect.INDEXED: [
        "--extra",
        "--no-emit-package",
        "--fork-strategy",
        "--trusted-host",
    ],
    Effect.CHOSEN: [
        "--no-binary",
        "--only-binary",
        "--python-platform",
        "--resolution",
        "--prerelease",
    ],
    Effect.CHOOSING: [
        "--index-strategy",
        "--exclude-newer",
    ],
    Effect.NONE: [
        "--no-extra",
        "--no-build-package",
        "--prerelease-package",
        "--exclude-newer-package",
        "--no-sources-package",
        "--config-setting",
        "--config-settings-package",
        "--no-build-isolation-package",
        "--preview-features",
    ],
}
_DROPPED_FLAGS = [
    "--system",
    "--no-system",
    "--upgrade",
    "--no-upgrade",
    "--no-cache",
    "--refresh",
    "--no-refresh",
    "--quiet",
    "--verbose",
    "--system-certs",
    "--no-system-certs",
    "--native-tls",
    "--no-native-tls",
    "--offline",
    "--no-offline",
    "--no-progress",
    "--managed-python",
    "--no-managed-python",
    "--python-downloads",
    "--no-python-downloads",
    "--preview",
    "--no-preview",
    "--break-system-packages",
    "--no-color",
    "--show-settings",
]
_DROPPED_VALUE_OPTIONS = [
    "--cache-dir",
    "--refresh-package",
    "--color",
    "--link-mode",
    "--keyring-provider",
    "--allow-insecure-host",
    "--python-preference",
    "--python-fetch",
    "--resolver",
    "--upgrade-group",
]
_SPECIAL_OPTIONS = (
    Option("--help", Treatment.REFUSE, short="-h"),
    Option("--version", Treatment.REFUSE, short="-V"),
    Option("--directory", Treatment.FOLDER, takes_value=True),
    Option("--constraints", Treatment.CONSTRAINT, takes_value=True, short="-c", effect=Effect.INDEXED),
    Option("--overrides", Treatment.PATH, takes_value=True, effect=Effect.CHOOSING),
    Option("--excludes", Treatment.PATH, takes_value=True),
    Option("--build-constraints", Treatment.PATH, takes_value=True, short="-b", effect=Effect.CHOOSING),
    Option("--project", Treatment.PATH, takes_value=True),
    Option("--config-file", Treatment.PATH, takes_value=True),
    Option("--config", Treatment.DROP_PATH, takes_value=True),
    Option("--cert", Treatment.DROP, takes_value=True),
    Option("--client-cert", Treatment.DROP, takes_value=True),
    Option("--pip-args", Treatment.REFUSE, takes_value=True),
    Option("--group", Treatment.GROUP, takes_value=True),
    Option("--torch-backend", Treatment.TORCH, takes_value=True),
    Option("--output-file", Treatment.OUTPUT, takes_value=True, short="-o"),
    Option("--format", Treatment.FORMAT, takes_value=True),
    Option("--index", Treatment.EXTRA_INDEX, takes_value=True),
    Option("--default-index", Treatment.INDEX, takes_value=True),
    Option("--index-url", Treatment.INDEX, takes_value=True, short="-i"),
    Option("--extra-index-url", Treatment.EXTRA_INDEX, takes_value=True),
    Option("--find-links", Treatment.FIND_LINKS, takes_value=True, short="-f", effect=Effect.CHOOSING),
    Option("--upgrade-package", Treatment.UPGRADE_PACKAGE, takes_value=True, short="-P", effect=Effect.INDEXED),
    Option("--python", Treatment.PYTHON, takes_value=True, short="-p"),
    Option("--python-version", Treatment.PYTHON_VERSION, takes_value=True, effect=Effect.CHOSEN),
)
_SHORT_NAMES = {
    "-C": "--config-setting",
    "-n": "--no-cache",
    "-q": "--quiet",
    "-v": "--verbose",
    "-U": "--upgrade",
}
_ALIASES = {
    "--constraint": "--constraints",
    "--override": "--overrides",
    "--exclude": "--excludes",
    "--build-constraint": "--build-constraints",
    "--unsafe-package": "--no-emit-package",
    "--no-cache-dir": "--no-cache",
    "--config-settings": "--config-setting",
    "--trusted-host": "--allow-insecure-host",
}
UV_OPTIONS = build_option_table(
    (
        *(Option(name, effect=effect) for effect, names in _KEPT_FLAGS.items() for name in names),
        *(
            Option(name, takes_value=True, effect=effect)
            for effect, names in _KEPT_VALUE_OPTIONS.items()
            for name in names
        ),
        *(Option(name, Treatment.DROP) for name in _DROPPED_FLAGS),
        *(Option(name, Treatment.DROP, takes_value=True) for name in _DROPPED_VALUE_OPTIONS),
        *_SPECIAL_OPTIONS,
    ),
    _SHORT_NAMES | _ALIASES,
)
