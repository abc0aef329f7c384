#!/bin/sh
# Installs the Debian packages of the real servers that the tests talk to, where they are missing and
# it may (root, apt-get); says what it installs. Never fails a build: a test whose server is missing is
# skipped and says why, and .ci/run does not let that pass.
set -u

missing=""
note() { missing="$missing $1"; }

command -v postfix >/dev/null 2>&1 || [ -x /usr/sbin/postfix ] || note postfix
command -v dovecot >/dev/null 2>&1 || [ -x /usr/sbin/dovecot ] || note "dovecot-core dovecot-imapd dovecot-lmtpd"
command -v swaks >/dev/null 2>&1 || note swaks
command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || note postgresql
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || note chromium
fc-list :lang=ko 2>/dev/null | grep -q . || note fonts-noto-cjk

if [ -z "$missing" ]; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "servers: not on this machine:$missing. Tests that need them are skipped." >&2
    echo "servers: as root on Debian: apt-get install$missing" >&2
    exit 0
fi

echo "servers: installing the Debian packages$missing (for tests only)"
export DEBIAN_FRONTEND=noninteractive
apt() { apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"; }

install() {
    case " $missing " in
        # Tests start their own Postfix, and this one must neither ask nor run.
        *" postfix "*) echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections ;;
    esac
    apt update || return 1
    case " $missing " in
        *" postgresql "*)
            # Tests make their own cluster; the package's own would only take memory.
            apt install --no-install-recommends postgresql-common || return 1
            sed -i 's/^#\? *create_main_cluster *=.*/create_main_cluster = false/' \
                /etc/postgresql-common/createcluster.conf || return 1
            ;;
    esac
    # Unquoted: a list of names.
    apt install --no-install-recommends $missing
}

# Tests start their own servers: those of the packages would only take ports and memory.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi

log=$(mktemp)
if install >"$log" 2>&1; then
    echo "servers: installed$missing"
else
    tail -n 15 "$log" >&2
    echo "servers: the installation failed (the last lines are above); tests that need these servers are skipped" >&2
fi
rm -f "$log"
exit 0
