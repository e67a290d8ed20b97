#!/bin/sh
# Backup and point-in-time restore with PostgreSQL's own tools (docs/backup.md, docs/adr/0024-backup.md). It runs where the
# server runs: in the container `postgres` of docker-compose.yml, or for the embedded server through manage.py backup.
#
#   backup.sh archive PATH NAME        for archive_command: keep one finished piece of the write-ahead log
#   backup.sh base [KEEP]              a base backup, checked; of older ones KEEP in all stay, with the log they need
#   backup.sh list                     the base backups, by the time at which each was complete
#   backup.sh restore DATA [TIME]      into the empty folder DATA, as of TIME ("2026-11-21 10:42:07+00") or of the last log
#
# BACKUPS names the folder (/backups); how to reach the server comes from libpq's variables (PGHOST, PGUSER, PGDATABASE).
set -eu
umask 077
BACKUPS=${BACKUPS:-/backups}
BASE=$BACKUPS/base
WAL=$BACKUPS/wal

fail() {
    echo "backup.sh: $*" >&2
    exit 1
}

# PostgreSQL repeats what was cut off, and must never be told that something is kept which is not on disk.
archive() {
    kept=$WAL/$2.gz
    mkdir -p "$WAL"
    if [ -e "$kept" ]; then
        gzip -dc "$kept" | cmp -s - "$1" || fail "$kept is there with other content: two servers use one archive."
        return
    fi
    gzip -1 -c "$1" > "$WAL/.$2.part"
    sync "$WAL/.$2.part"
    mv "$WAL/.$2.part" "$kept"
    sync "$WAL"
}

# Whether every file that the manifest names is there as it was copied. pg_verifybackup does the same and more, but the
# embedded server's crashes.
whole() {
    sums=$(sed -n 's/^{ "Path": "\([^"]*\)".*"Checksum-Algorithm": "SHA256", "Checksum": "\([0-9a-f]*\)".*/\2  \1/p' \
        "$1/backup_manifest")
    [ "$(echo "$sums" | wc -l)" -eq "$(grep -c '"Path":' "$1/backup_manifest")" ] || return 1
    (cd "$1" && echo "$sums" | sha256sum --check --quiet --strict)
}

base() {
    keep=${1:-7}
    case $keep in '' | *[!0-9]* | 0) fail "KEEP must be a whole number of at least 1." ;; esac
    mkdir -p "$BASE" "$WAL"
    find "$BASE" -maxdepth 1 -name '.part.*' -mmin +1440 -exec rm -rf {} + # of one that was cut off
    part=$BASE/.part.$$
    # With the log that was written meanwhile, so that it is whole by itself.
    pg_basebackup -D "$part" -X stream -c fast --manifest-checksums=SHA256 --no-password || fail "pg_basebackup did not succeed."
    whole "$part" || fail "the backup just made is damaged."
    sync
    name=$(date -u +%Y%m%dT%H%M%SZ) # when it was complete: it can be restored as of any later time
    [ ! -e "$BASE/$name" ] || fail "there is a base backup of this second; try again."
    mv "$part" "$BASE/$name"
    # doctor reads this; a setting of the database needs no table and is in every backup.
    echo "SELECT format('ALTER DATABASE %I SET cutscore.last_backup = %L', current_database(), :'name') \\gexec" |
        psql -X -q -v ON_ERROR_STOP=1 -v name="$name"
    prune "$keep"
    echo "$name"
}

list() {
    [ -d "$BASE" ] || return 0
    for path in "$BASE"/*; do
        [ -d "$path" ] && basename "$path"
    done | sort
}

# Base backups beyond the newest KEEP, and the log that none of those left needs.
prune() {
    list | sort -r | tail -n +$(($1 + 1)) | while read -r old; do rm -rf "${BASE:?}/$old"; done
    first=$(list | head -n 1)
    needed=$(sed -n 's/^START WAL LOCATION: .*(file \([0-9A-F]*\))$/\1/p' "$BASE/$first/backup_label")
    [ -n "$needed" ] || fail "$BASE/$first has no usable backup_label."
    pg_archivecleanup -b -x .gz "$WAL" "$needed"
}

restore() {
    data=$1
    time=${2:-}
    [ -z "$(ls -A "$data" 2> /dev/null)" ] || fail "$data is not empty."
    chosen=
    latest=$(date -u -d "${time:-now}" +%Y%m%d%H%M%S) || fail "\"$time\" is no time; write 2026-11-21 10:42:07+00."
    for name in $(list); do
        [ "$(echo "$name" | tr -d TZ)" -gt "$latest" ] || chosen=$name
    done
    [ -n "$chosen" ] || fail "no base backup was complete at that time."
    whole "$BASE/$chosen" || fail "$BASE/$chosen is damaged."
    mkdir -p "$data"
    chmod 700 "$data"
    cp -a "$BASE/$chosen/." "$data/"
    # What an earlier restore of this server has left must not stop this one.
    sed -i '/^recovery_target/d; /^restore_command/d' "$data/postgresql.auto.conf"
    {
        echo "restore_command = 'gzip -dc \"$WAL/%f.gz\" > \"%p\"'"
        echo "recovery_target_action = 'promote'"
        [ -z "$time" ] || echo "recovery_target_time = '$time'"
    } >> "$data/postgresql.auto.conf"
    touch "$data/recovery.signal"
    echo "$chosen"
}

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
    archive | base | list | restore) "$command" "$@" ;;
    *) sed -n '2,12s/^# \{0,1\}//p' "$0" ;;
esac
