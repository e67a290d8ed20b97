"""Static files under names that carry their content's hash, so that browsers may keep them for ever."""

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

_, IMPORTS = HashedFilesMixin._js_module_import_aggregation_patterns  # type: ignore[attr-defined]


class ManifestStorage(CompressedManifestStaticFilesStorage):
    """Also rewrites the imports between our own ES modules to the hashed names; packages' scripts are left alone."""

    patterns = (*HashedFilesMixin.patterns, ("js/*.js", IMPORTS))
    keep_intermediate_files = False
