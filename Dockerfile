FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /srv/wasl
RUN useradd --system --user-group --home-dir /srv/wasl wasl \
    && install -d -o wasl -g wasl -m 700 /var/lib/wasl

COPY requirements.lock .
RUN pip install --require-hashes -r requirements.lock && python -m compileall -q /usr/local/lib/python3.13/site-packages
COPY . .
RUN python -m compileall -q .

USER wasl
# The data folder holds the secrets, and the database too unless DATABASE_URL names another one.
ENV WASL_DATA_DIR=/var/lib/wasl WASL_BIND=0.0.0.0 PORT=8000
VOLUME /var/lib/wasl
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "manage.py"]
CMD ["up"]
