#!/bin/sh
# Makes the certificates of the tests, for a hundred years: an authority, and what it has signed. They
# are worth nothing anywhere else. It needs openssl.
set -eu
cd "$(dirname "$0")"
start=20200101000000Z
end=21200101000000Z

authority() { # name
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 \
    -subj "/CN=tokenkeep test $1" -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

signed() { # name, extensions, from, until
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -subj "/CN=$1" -keyout "$1.key" -out request.csr 2>/dev/null
  printf '%s\n' "$2" > extensions
  : > index.txt
  printf '%s' '[ca]
database=index.txt
new_certs_dir=.
rand_serial=yes
default_md=sha256
policy=names
[names]
commonName=supplied
' > ca.cnf
  openssl ca -batch -notext -config ca.cnf -name ca -cert authority.pem -keyfile authority.key \
    -extfile extensions -startdate "$3" -enddate "$4" -in request.csr -out "$1.pem" 2>/dev/null
}

authority authority
authority stranger
signed server 'subjectAltName=DNS:localhost' $start $end
signed expired 'subjectAltName=DNS:localhost' $start 20200102000000Z
signed future 'subjectAltName=DNS:localhost' 21190101000000Z $end
signed postgres 'extendedKeyUsage=clientAuth' $start $end
# The server's key serves both, and nobody signs with an authority again.
mkdir -p kept
mv authority.pem stranger.pem server.pem server.key expired.* future.* postgres.* kept
find . -maxdepth 1 -type f ! -name make.sh -delete
mv kept/* .
rmdir kept
