-- Sign-in by an outside identity provider: whom its subjects are here, and log-ins under way.

create table oidc_identities (
  issuer text not null,
  subject text not null,
  node text not null,
  market text not null,
  participant text not null,
  person text not null unique references people (id),
  created_at timestamptz not null,
  primary key (issuer, subject)
);

create table oidc_ceremonies (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  person text,
  state text not null,
  nonce text not null,
  verifier text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
