"""Settings, in the order of Django's own reference. Importing this file starts nothing and writes nothing."""

from __future__ import annotations

from pathlib import Path

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config import database, env, local
from config.observing import tracing
from config.postgres import EmbeddedPostgres

tracing.spare()  # before anybody loads the Redis client

BASE_DIR = Path(__file__).resolve().parent.parent
# Everything a checkout writes at run time: the embedded database, its logs, collected static files.
VAR = local.var()

# ---- core ------------------------------------------------------------------------------------------------

DEBUG = env.flag("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY")
# Without a key in the environment this can only be the local installation that `make run` sets up: demo accounts,
# mail on the console, plain HTTP on loopback.
QUICKSTART = env.flag("CUTSCORE_QUICKSTART", not SECRET_KEY)
SECRET_KEY = SECRET_KEY or local.read_secret(VAR)
if not SECRET_KEY:
    says = "SECRET_KEY is not set. `make run` makes one; in production set SECRET_KEY or SECRET_KEY_FILE."
    raise ImproperlyConfigured(says)
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")  # older ones, while they are exchanged
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
SITE_NAME = "Cutscore"

INSTALLED_APPS = [
    "config",
    "cohorts",
    "scoring",
    "exams",
    "questions",
    "accounts",
    "operations",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "template_partials",
    "csp",
    "config.apps.CarefulAdminConfig",  # django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "config.observing.middleware.ObserveMiddleware",
    "config.headers.HeadersMiddleware",
    "config.policy.PolicyMiddleware",  # outside of static files and of what refuses requests
    "config.refusals.AddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # the sitting page holds a whole form; Django pads against BREACH
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.TimeZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.StaffTwoFactorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["template_partials.templatetags.partials"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.site",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- database --------------------------------------------------------------------------------------------

EMBEDDED_POSTGRES = None if env.text("DATABASE_URL") else EmbeddedPostgres(VAR)
DATABASE_URL = env.text("DATABASE_URL") or (EMBEDDED_POSTGRES.url() if EMBEDDED_POSTGRES else "")
# Whether the embedded server keeps its log (docs/backup.md), and whether somebody else makes backups.
BACKUP_LOG, BACKUP_ELSEWHERE = env.flag("BACKUP_LOG", False), env.flag("BACKUP_ELSEWHERE", False)
DATABASE_POOL = env.number("DATABASE_POOL", 0)
DATABASES = {"default": database.from_url(DATABASE_URL, pool=DATABASE_POOL)}

# ---- cache: Redis when there is one, otherwise the database, so that limits are shared between processes ---

REDIS_URL = env.url("REDIS_URL", schemes=("redis", "rediss"))
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "cache",
            "OPTIONS": {"MAX_ENTRIES": 50_000},  # beyond it entries are dropped, and with them limits
        }
    ),
    # Questions as HTML, as they stand on a form before anybody answers: some 5 kB each, kept by each process.
    "sheets": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "sheets",
        "OPTIONS": {"MAX_ENTRIES": 3_000},
    },
}

# ---- mail ------------------------------------------------------------------------------------------------

EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "django.core.mail.backends.console.EmailBackend"
)
EMAIL_PORT = env.number("EMAIL_PORT", 587, minimum=1, maximum=65_535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Cutscore <cutscore@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# ---- people ----------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.Backend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
     "OPTIONS": {"user_attributes": ("email", "display_name")}},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "accounts.passwords.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.OwnWordsValidator"},
]  # fmt: skip
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "exam_list"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {
    "signup": "accounts.forms.SignupForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "change_password": "accounts.forms.ChangePasswordForm",
}
ACCOUNT_EMAIL_VERIFICATION = env.choice("EMAIL_VERIFICATION", "mandatory", ("mandatory", "optional", "none"))
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
# A forgotten session must not be enough to take the account over by changing its address.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up only
ACCOUNT_EMAIL_CONFIRMATION_AUTHENTICATED_REDIRECT_URL = "account_profile"
ACCOUNT_RATE_LIMITS = False  # ours know account and address together: accounts/ratelimit.py
MFA_ADAPTER = "accounts.two_factor.TwoFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = SITE_NAME
MFA_TOTP_TOLERANCE = 1  # a code that was right half a minute ago, for slow hands and clocks
MFA_FORMS = {
    "authenticate": "accounts.forms.AuthenticateForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
    "activate_totp": "accounts.forms.ActivateTOTPForm",
}

# Whether authors, instructors and whoever may use the admin need a second factor to do so.
REQUIRE_STAFF_TWO_FACTOR = env.flag("REQUIRE_STAFF_TWO_FACTOR", not (DEBUG or QUICKSTART))

SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True

# ---- language and time: UTC in storage, each person's own zone on screen -----------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# ---- static files ----------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.static.ManifestStorage"},
}
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_KEEP_ONLY_HASHED_FILES = False

# ---- security --------------------------------------------------------------------------------------------

# Plain HTTP is for loopback only: anything that is not the quickstart or debugging is behind TLS.
SECURE = not (DEBUG or QUICKSTART)
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", SECURE)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
BEHIND_PROXY = env.flag("BEHIND_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", 365 * 24 * 3600 if SECURE else 0)
# Off by default: both bind every other site of the domain for a year, which only its owner can decide.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("SECURE_HSTS_INCLUDE_SUBDOMAINS", False)
SECURE_HSTS_PRELOAD = env.flag("SECURE_HSTS_PRELOAD", False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # the two lines above
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_SECURE = SECURE
# Browsers take a cookie of this name only over TLS and from this very host, whatever its neighbours try to set.
COOKIE_PREFIX = "__Host-" if env.flag("COOKIE_PREFIX", SECURE) else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
MESSAGE_STORAGE = "config.headers.MessageStorage"
CSRF_FAILURE_VIEW = "config.refusals.forged"
X_FRAME_OPTIONS = "DENY"
# Where people report weaknesses, for /.well-known/security.txt: a mailto: or https: address.
SECURITY_CONTACT = env.url("SECURITY_CONTACT", schemes=("https", "mailto"))
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "object-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # Text becomes HTML in static/js/htmx-policy.js alone, and on the exam screen nowhere (exams.views.sitting); an
        # address becomes a worker in static/js/sitting/shelf.js.
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["htmx", "cutscore-worker"],
        "report-uri": ["/csp-reports/"],
    }
}

# ---- background work ---------------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL or None
# How tasks are acknowledged, repeated and kept when they fail: operations/work.py.
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SOFT_TIME_LIMIT = 570  # the task hears of it
CELERY_TASK_TIME_LIMIT = 600  # its process is killed
CELERY_WORKER_PREFETCH_MULTIPLIER = 1  # what one worker holds no other can do
# What was done when the connection to Redis broke is finished; that it may be done again does no harm.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # When a killed worker's messages are given to another: later than any task may take, the wait before it included.
    "visibility_timeout": 900,
    "socket_connect_timeout": 5,
}
CELERY_BEAT_SCHEDULE = {
    # What waited longer than its own interval has been overtaken by the next one.
    "sweep": {"task": "scoring.tasks.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "refresh-search": {"task": "questions.tasks.refresh_search", "schedule": 5.0, "options": {"expires": 5}},
    "fill-pools": {"task": "exams.tasks.fill_pools", "schedule": 60.0, "options": {"expires": 60}},
    "coverage": {"task": "exams.tasks.compute_coverage", "schedule": 10.0, "options": {"expires": 10}},
    "imports": {"task": "questions.tasks.work_off_imports", "schedule": 2.0, "options": {"expires": 2}},
    "invitations": {"task": "cohorts.tasks.send_invitations", "schedule": 10.0, "options": {"expires": 10}},
    "prepare-forms": {"task": "cohorts.tasks.prepare_forms", "schedule": 15.0, "options": {"expires": 15}},
    "reminders": {"task": "cohorts.tasks.send_reminders", "schedule": 30.0, "options": {"expires": 30}},
    "roll-up": {"task": "cohorts.tasks.roll_up", "schedule": 30.0, "options": {"expires": 30}},
    "dead-letters": {"task": "operations.tasks.repeat_asked", "schedule": 20.0, "options": {"expires": 20}},
    "tidy": {
        "task": "accounts.tasks.tidy",
        "schedule": crontab(hour="4", minute="20"),
        "options": {"expires": 3_600},
    },
    # UTC, as Celery's clock and scoring.calibration.nightly are. Once a night; the later times are for nights in which
    # something was away at the first.
    "calibrate": {
        "task": "scoring.tasks.calibrate",
        "schedule": crontab(hour="3-6", minute="10"),
        "options": {"expires": 3_600},
    },
}

# ---- cohorts ---------------------------------------------------------------------------------------------

# Where people reach the site, for links in mails.
SITE_URL = env.url("SITE_URL", schemes=("http", "https")) or (
    f"https://{ALLOWED_HOSTS[0].lstrip('.')}" if SECURE and ALLOWED_HOSTS else "http://127.0.0.1:8000"
)
# What a list of addresses that are invited may hold.
INVITATION_BYTES = env.number("INVITATION_BYTES", 1_000_000, minimum=1_000)
INVITATION_ROWS = env.number("INVITATION_ROWS", 5_000, minimum=1)

# ---- retention: days after which something is let go, 0 to keep it for ever; see docs/privacy.md -----------------

RETENTION_DAYS = {
    "SITTINGS": env.number("RETENTION_SITTINGS_DAYS", 0),
    "TIMELINE": env.number("RETENTION_TIMELINE_DAYS", 0),
    "INACTIVE_ACCOUNTS": env.number("RETENTION_INACTIVE_ACCOUNTS_DAYS", 0),
    "LOGS": env.number("RETENTION_LOGS_DAYS", 0),
    "INVITATIONS": env.number("RETENTION_INVITATIONS_DAYS", 90),
}

# ---- rate limits: per account and address, with a ceiling per address sized for a school behind one ----------

RATE_LIMIT_ACCOUNT = env.text("RATE_LIMIT_ACCOUNT", "5/5m")
RATE_LIMIT_ADDRESS = env.text("RATE_LIMIT_ADDRESS", "600/5m")
# Proxies of ours in front; with none counted, everybody behind one would share its address and its limit.
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 1 if BEHIND_PROXY else 0)

# ---- exams -----------------------------------------------------------------------------------------------

# Seconds after the deadline in which changes made before it may still arrive.
SITTING_GRACE_SECONDS = env.number("SITTING_GRACE_SECONDS", 120)
# Forms that stand ready in each exam's pool.
FORM_POOL_SIZE = env.number("FORM_POOL_SIZE", 3, minimum=1)
# Share of an exam's sittings in a year that a question may be shown to before authors are warned.
EXPOSURE_CAP = env.share("EXPOSURE_CAP", 0.30)
# Whether authors may review their own questions: for people who write alone.
SELF_REVIEW = env.flag("SELF_REVIEW", False)
# Judges who must have rated a question in a round before it may count.
MINIMUM_JUDGES = env.number("MINIMUM_JUDGES", 3, minimum=1)
# Bytes of one image in a question, as sent and as stored, and pixels of its longer side.
IMAGE_MAXIMUM_BYTES = env.number("IMAGE_MAXIMUM_BYTES", 2_000_000, minimum=1)
IMAGE_MAXIMUM_SIDE = env.number("IMAGE_MAXIMUM_SIDE", 4_000, minimum=1, maximum=16_000)
PACKS_DIRECTORY = BASE_DIR / "questions" / "packs"
# How much a file of questions may hold that is brought in; what is beyond is refused, see docs/interchange.md.
INTERCHANGE_LIMITS = {
    "bytes": env.number("IMPORT_BYTES", 20_000_000, minimum=1_000),
    "questions": env.number("IMPORT_QUESTIONS", 10_000, minimum=1),
    "text": env.number("IMPORT_TEXT", 20_000, minimum=100),
    "archive_entries": env.number("IMPORT_ARCHIVE_ENTRIES", 20_000, minimum=1),
    "archive_ratio": env.number("IMPORT_ARCHIVE_RATIO", 100, minimum=2),
    "archive_bytes": env.number("IMPORT_ARCHIVE_BYTES", 200_000_000, minimum=1_000),
}

# ---- logging -----------------------------------------------------------------------------------------------

# What /metrics asks for as "Authorization: Bearer …"; without one it is there in the local installation only.
METRICS_TOKEN = env.text("METRICS_TOKEN")
# Where errors are reported to, and traces; both are off without it, and nothing of them is loaded. The other variables
# of OpenTelemetry (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER …) are read by its own library.
SENTRY_DSN = env.url("SENTRY_DSN", schemes=("https", "http"))
OTEL_EXPORTER_OTLP_ENDPOINT = env.url("OTEL_EXPORTER_OTLP_ENDPOINT", schemes=("https", "http"))
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"context": {"()": "config.observing.logs.Context"}},
    "formatters": {
        "line": {
            "()": "config.observing.logs.LineFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        },
        "json": {"()": "config.observing.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["context"],
            "formatter": env.choice("LOG_FORMAT", "json" if SECURE else "line", ("json", "line")),
        }
    },
    "loggers": {
        # A line for each request, where somebody reads them.
        "requests": {"level": "INFO" if env.flag("LOG_REQUESTS", SECURE) else "WARNING"},
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
}
