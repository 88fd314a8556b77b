# Keys and tokens of the local deployment, by openssl alone. Keys are made once; tokens are renewed at every run.

issuer=https://local.consentledger
audience=consentledger
token_hours=12
token_key=$LOCAL/keys/tokens.pem
jwks=$LOCAL/keys/jwks.json

# A tenant is whoever has a policy pack.
tenants() {
  local pack
  for pack in "$ROOT"/deploy/policies/*.json; do basename "$pack" .json; done
}

roles=(backend email auditor privacy operator)
# Services that call others, each with a token of its own.
callers=(marketing-preference erasure-orchestrator)
declare -A scopes=(
  [backend]='consent:write consent:read consent:decide preferences:link preferences:session'
  [email]='send:decide consent:decide audience:read preferences:read preferences:follow preferences:link address:read address:write'
  [auditor]='consent:read consent:audit consent:disclose preferences:read policy:read erasure:read ledger:audit'
  [privacy]='erasure:request erasure:read erasure:decide erasure:hold consent:read subject:find'
  [operator]='policy:publish policy:read consent:import preferences:import erasure:configure'
  [marketing-preference]='consent:read consent:write consent:decide consent:audit erasure:request erasure:read'
  [erasure-orchestrator]='consent:read consent:write consent:audit consent:disclose consent:addresses subject:find preferences:audit'
)

base64url() { basenc --base64url -w0 | tr -d '='; }

make_keys() {
  local name
  for name in consent.kek erasure.kek links.key {consent,marketing-preference,erasure-orchestrator}.log-key; do
    [[ -s $LOCAL/keys/$name ]] || openssl rand 32 | write_private "$LOCAL/keys/$name"
  done
  [[ -s $token_key ]] ||
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:65537 2>/dev/null | write_private "$token_key"
  describe_token_key
}

# The public half as a JWK set (RFC 7517); the key's id is its thumbprint (RFC 7638).
describe_token_key() {
  local modulus
  # In DER the public key ends in the 256 bytes of the modulus and the 5 of the exponent, 65537.
  modulus=$(openssl pkey -in "$token_key" -pubout -outform DER | tail -c 261 | head -c 256 | base64url)
  key_id=$(printf '{"e":"AQAB","kty":"RSA","n":"%s"}' "$modulus" | openssl dgst -sha256 -binary | base64url)
  printf '{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"%s","n":"%s","e":"AQAB"}]}\n' "$key_id" "$modulus" |
    write_private "$jwks"
}

# mint CLIENT TENANT SCOPES: a token on stdout
mint() {
  local signed
  signed=$(printf '{"alg":"RS256","typ":"JWT","kid":"%s"}' "$key_id" | base64url).$(
    printf '{"iss":"%s","aud":"%s","sub":"%s","tenant":"%s","scope":"%s","iat":%d,"nbf":%d,"exp":%d}' \
      "$issuer" "$audience" "$1" "$2" "$3" "$EPOCHSECONDS" "$EPOCHSECONDS" $((EPOCHSECONDS + token_hours * 3600)) | base64url
  )
  printf '%s.%s' "$signed" "$(printf '%s' "$signed" | openssl dgst -sha256 -sign "$token_key" | base64url)"
}

# One a role and tenant, and one for each of our services that calls others, for every tenant.
mint_tokens() {
  local tenant role service
  mkdir -p "$LOCAL/tokens"
  chmod 700 "$LOCAL/tokens"
  for tenant in $(tenants); do
    for role in "${roles[@]}"; do
      mint "$tenant-$role" "$tenant" "${scopes[$role]}" | write_private "$LOCAL/tokens/$tenant.$role"
    done
  done
  for service in "${callers[@]}"; do mint "$service" '*' "${scopes[$service]}" | write_private "$LOCAL/tokens/$service"; done
}
