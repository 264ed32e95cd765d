-- What trusted issuers have said of a counter-party to one of ours, when it began a negotiation: by credentials that were verified.
create table federation_attestations (
  participant text not null,
  counterparty text not null,
  node text not null,
  market text not null,
  name text not null,
  -- '' where the issuer says none.
  credit_code text not null,
  issuer text not null,
  -- As it is known here; '' where it has no name.
  issuer_name text not null,
  credential text not null,
  seen_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  primary key (participant, counterparty)
);
