"""What the installation tells those who keep it running: logs with request ids, and figures for Prometheus."""
