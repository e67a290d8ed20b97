"""Which Cutscore this is. pyproject.toml, docker-compose.yml and deploy/Caddyfile say the same; a test holds that."""

VERSION = "0.1.0"
